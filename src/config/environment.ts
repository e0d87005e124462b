import { didYouMean } from './did-you-mean.ts';
import type { Given, Layer } from './layer.ts';
import { type OptionName, optionNames, schema } from './schema.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the variables of the schema; an empty one is not set, as with NTH. */
export function readEnvironment(env: Environment): Layer {
  const given = new Map<OptionName, Given>();
  for (const name of optionNames) {
    const variable = variablesOf(name).find((candidate) => textOf(env, candidate) !== '');
    if (variable !== undefined) {
      given.set(name, { text: textOf(env, variable), origin: `environment ${variable}` });
    }
  }
  return { given, problems: [], warnings: mistypedVariables(env) };
}

function variablesOf(name: OptionName): string[] {
  const { env, envAlias } = schema[name];
  return [env, envAlias].filter((variable) => variable !== undefined);
}

function textOf(env: Environment, variable: string): string {
  return Object.hasOwn(env, variable) ? (env[variable] ?? '') : '';
}

/** Variables with our prefix that are nearly, but not quite, ours. Others belong to someone else, a Service `nth-x` for one. */
function mistypedVariables(env: Environment): string[] {
  const known = optionNames.flatMap(variablesOf);
  const ours = known.filter((variable) => variable.startsWith('NTH_'));
  return Object.keys(env).flatMap((variable) => {
    if (!variable.startsWith('NTH_') || known.includes(variable)) return [];
    const meant = didYouMean(variable, ours);
    return meant === undefined ? [] : [`Ignoring environment ${variable}: did you mean ${meant}?`];
  });
}
