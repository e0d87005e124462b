import type { GoTime } from './time.ts';
import { anyMapType, anyType, boolType, floatType, intType, stringType, type Type } from './types.ts';
import { timeType } from './time.ts';
import type { GoMap, Value } from './values.ts';

/** What a parameter's value is in our code. */
interface ParameterValues {
  readonly string: string;
  readonly int: number;
  readonly float64: number;
  readonly bool: boolean;
  readonly any: Value;
  readonly map: GoMap;
  readonly time: GoTime;
  /** These take all that is left. */
  readonly '...any': readonly Value[];
  readonly '...string': readonly string[];
  readonly '...int': readonly number[];
  readonly '...float64': readonly number[];
  readonly '...map': readonly GoMap[];
}

export type Parameter = keyof ParameterValues;

type Values<P extends readonly Parameter[]> = { readonly [I in keyof P]: ParameterValues[P[I]] };

/** A function that templates call, with the types that Go's has. */
export interface TemplateFunction {
  readonly parameters: readonly Type[];
  /** Of each argument after those; undefined where there may be none. */
  readonly rest: Type | undefined;
  /** The arguments' types are right already. @throws GoError */
  readonly run: (args: readonly Value[]) => Value;
}

const types: Readonly<Record<string, Type>> = {
  string: stringType,
  int: intType,
  float64: floatType,
  bool: boolType,
  any: anyType,
  map: anyMapType,
  time: timeType,
};

function typeOfParameter(parameter: Parameter): Type {
  return types[parameter.replace('...', '')] ?? anyType;
}

/** Describes a function by its parameters. An `int` comes as a number. */
export function fn<const P extends readonly Parameter[]>(
  parameters: P,
  run: (...args: Values<P>) => Value,
): TemplateFunction {
  const last = parameters.at(-1);
  const isVariadic = last?.startsWith('...') === true;
  const fixed = isVariadic ? parameters.slice(0, -1) : parameters;
  return {
    parameters: fixed.map(typeOfParameter),
    rest: isVariadic ? typeOfParameter(last) : undefined,
    run: (args) => {
      const plain = args.map((arg, at) => plainValue(arg, fixed[at] ?? last));
      const given = isVariadic ? [...plain.slice(0, fixed.length), plain.slice(fixed.length)] : plain;
      return run(...(given as unknown as Values<P>));
    },
  };
}

function plainValue(value: Value, parameter: Parameter | undefined): unknown {
  if (parameter !== 'int' && parameter !== '...int') return value;
  return typeof value === 'object' && value !== null && 'value' in value ? Number(value.value) : value;
}
