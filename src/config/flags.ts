import { suggestion } from './did-you-mean.ts';
import { type Given, type Layer, quoted } from './layer.ts';
import { isOptionName, type OptionName, optionNames, schema } from './schema.ts';

const flagNames = optionNames.filter((name) => schema[name].arg !== undefined);

/**
 * Reads flags as Go's flag package does: `--name=value`, `--name value`, one dash or two, bare booleans, the last one wins.
 * Convict's own parser is not used: it turns "1.10" into 1.1, takes quotes off values, and swallows unknown flags.
 * https://pkg.go.dev/flag#hdr-Command_line_flag_syntax
 */
export function readFlags(argv: readonly string[]): Layer {
  const given = new Map<OptionName, Given>();
  const problems: string[] = [];
  const rest = [...argv];
  let before: OptionName | 'unknown' | undefined;
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    const flag = /^--?(?<name>[^-=][^=]*)(?:=(?<value>.*))?$/su.exec(argument)?.groups;
    if (flag === undefined) {
      problems.push(unexpectedArgument(argument, before));
      continue;
    }
    const name = flag['name'] === 'h' ? 'help' : (flag['name'] ?? '');
    const isBoolean = isOptionName(name) && schema[name].format === 'go-bool';
    // A flag that we don't know takes its value along, so that a mistyped name can't get its value printed.
    const takesNext = flag['value'] === undefined && (isOptionName(name) ? !isBoolean : rest[0]?.[0] !== '-');
    const text = takesNext ? rest.shift() : (flag['value'] ?? 'true');
    if (!isOptionName(name) || schema[name].arg === undefined) {
      problems.push(`Unknown flag ${quoted(`--${name}`)}: ${suggestion(name, flagNames, '--')}`);
      before = 'unknown';
    } else if (text === undefined) {
      problems.push(`Cannot set ${name} (flag --${name}): expected a value after the flag`);
    } else {
      given.set(name, { text, origin: `flag --${name}` });
      before = name;
    }
  }
  return { given, problems };
}

/** May be part of a secret that a shell has split, hence what follows one, or may follow one, is not shown. */
function unexpectedArgument(argument: string, before: OptionName | 'unknown' | undefined): string {
  if (before === 'unknown') return 'Unexpected argument after an unknown flag: expected flags only';
  if (before === undefined || (schema[before].sensitive !== true && schema[before].format !== 'go-bool')) {
    return `Unexpected argument ${quoted(argument)}: expected flags only`;
  }
  if (schema[before].sensitive === true) {
    return `Unexpected argument after --${before}: expected one value, in quotes`;
  }
  return `Unexpected argument ${quoted(argument)} after --${before}: expected --${before}=${argument === 'false' ? 'false' : 'true'}`;
}
