import { GoError } from './template-error.ts';
import { compareStrings, GoInt, GoList, GoMap, isNil, typeOf, type Value } from './values.ts';

type BasicKind = 'bool' | 'int' | 'uint' | 'float' | 'string' | undefined;

function basicKind(value: Value): BasicKind {
  if (value instanceof GoInt) return value.type.kind === 'uint8' ? 'uint' : 'int';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  return typeof value === 'number' ? 'float' : undefined;
}

/** Go's `eq`, whose other operands are alternatives. @throws GoError for what can't be compared */
export function equalsAny(value: Value, others: readonly Value[]): boolean {
  if (others.length === 0) throw new GoError('missing argument for comparison');
  return others.some((other) => equals(value, other));
}

function equals(a: Value, b: Value): boolean {
  if (a instanceof GoInt && b instanceof GoInt) return a.value === b.value;
  const kind = basicKind(a);
  if (kind !== basicKind(b)) {
    if (isNone(a) || isNone(b)) return false;
    throw new GoError(`incompatible types for comparison: ${nameOf(a)} and ${nameOf(b)}`);
  }
  if (kind !== undefined) return a === b;
  if (!isNone(a) && !isNone(b) && typeOf(a)?.kind !== typeOf(b)?.kind)
    throw new GoError(`non-comparable types ${nameOf(a)} and ${nameOf(b)}`);
  if (isNil(a) || isNil(b)) return isNil(a) === isNil(b);
  if (b instanceof GoList || b instanceof GoMap) throw new GoError(`non-comparable type ${nameOf(b)}`);
  return typeof a === 'object' && a !== null && 'equals' in a ? a.equals(b) : a === b;
}

/** Negative where `a` is less. @throws GoError for what has no order */
export function compareValues(a: Value, b: Value): number {
  const kinds = [basicKind(a), basicKind(b)];
  if (kinds.includes(undefined)) throw new GoError('invalid type for comparison');
  if (a instanceof GoInt && b instanceof GoInt) return a.value < b.value ? -1 : Number(a.value > b.value);
  if (kinds[0] !== kinds[1])
    throw new GoError(`incompatible types for comparison: ${nameOf(a)} and ${nameOf(b)}`);
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b);
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : Number(a > b);
  throw new GoError('invalid type for comparison');
}

function isNone(value: Value): boolean {
  return value === undefined || value === null;
}

function nameOf(value: Value): string {
  return typeOf(value)?.name ?? 'nil';
}
