import type { NumberLiteral, Operand } from './nodes.ts';
import type { Type } from './types.ts';
import { GoInt, typeOf, type Value } from './values.ts';

type Literal =
  | { readonly type: 'value'; readonly value: Value }
  | { readonly type: 'problem'; readonly problem: string }
  /** It has to be worked out. */
  | { readonly type: 'no-literal' };

/** What a literal is where a type is asked for: `1` is a float64 where one is wanted. */
export function literalFor(operand: Operand, type: Type): Literal {
  if (operand.type === 'nil') {
    return isNillable(type)
      ? { type: 'no-literal' }
      : { type: 'problem', problem: `cannot assign nil to ${type.name}` };
  }
  if (type.kind === 'interface') return { type: 'no-literal' };
  if (operand.type === 'bool' || operand.type === 'string') {
    const isWanted = type.kind === operand.type;
    return isWanted ? { type: 'value', value: operand.value } : expected(type, operand.type);
  }
  return operand.type === 'number' ? numberFor(operand, type) : { type: 'no-literal' };
}

function numberFor({ float, integer }: NumberLiteral, type: Type): Literal {
  if (type.kind === 'float64') return { type: 'value', value: float };
  if (!isInteger(type)) return expected(type, 'number');
  if (integer === undefined) return { type: 'problem', problem: 'expected integer' };
  return { type: 'value', value: new GoInt(type, integer) };
}

function isInteger({ kind }: Type): boolean {
  return kind === 'int' || kind === 'int64' || kind === 'int32' || kind === 'uint8';
}

function expected(type: Type, found: string): Literal {
  return { type: 'problem', problem: `expected ${type.name}; found ${found}` };
}

function isNillable({ kind }: Type): boolean {
  return kind === 'interface' || kind === 'map' || kind === 'slice';
}

export function isAssignable(value: Value, type: Type): boolean {
  if (type.kind === 'interface') return true;
  const given = typeOf(value);
  return given === undefined ? isNillable(type) : given.name === type.name;
}
