import { didYouMean } from './did-you-mean.ts';
import { type Given, type Layer, quoted } from './layer.ts';
import { type OptionName, optionNames, schema } from './schema.ts';
import { variablesOf } from './schema/definition.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the variables of the schema; an empty one is not set, as with NTH. */
export function readEnvironment(env: Environment): Layer {
  const given = new Map<OptionName, Given>();
  for (const name of optionNames) {
    const variable = variablesOf(schema[name]).find((candidate) => textOf(env, candidate) !== '');
    if (variable !== undefined) {
      given.set(name, { text: textOf(env, variable), origin: `environment ${variable}` });
    }
  }
  return { given, problems: [], warnings: mistypedVariables(env) };
}

function textOf(env: Environment, variable: string): string {
  return Object.hasOwn(env, variable) ? (env[variable] ?? '') : '';
}

/** Variables with our prefix that are nearly, but not quite, ours. Others belong to someone else, a Service `nth-x` for one. */
function mistypedVariables(env: Environment): string[] {
  const known = optionNames.flatMap((name) => variablesOf(schema[name]));
  const ours = known.filter((variable) => variable.startsWith('NTH_'));
  return Object.keys(env).flatMap((variable) => {
    if (!variable.startsWith('NTH_') || known.includes(variable)) return [];
    const meant = didYouMean(variable, ours);
    return meant === undefined ? [] : [`Ignoring environment ${quoted(variable)}: did you mean ${meant}?`];
  });
}
