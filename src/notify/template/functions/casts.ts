import { readFloat, readInteger } from '../literals.ts';
import { monthType, weekdayType } from '../time.ts';
import { GoInt, type Value } from '../values.ts';

/** Whole numbers are read as sprig reads them: what is none is 0. */
export function toInteger(value: Value): bigint {
  if (value instanceof GoInt) return isPlain(value) ? value.value : 0n;
  if (typeof value === 'number') return truncated(value);
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value !== 'string') return 0n;
  const integer = readInteger(value.replace(/\.0+$/, '')) ?? 0n;
  return BigInt.asIntN(64, integer) === integer ? integer : 0n;
}

function truncated(value: number): bigint {
  // What does not fit is the smallest, as the machine has it.
  if (!Number.isFinite(value) || Math.abs(value) >= 2 ** 63) return -(2n ** 63n);
  return BigInt(Math.trunc(value));
}

export function toFloat(value: Value): number {
  if (value instanceof GoInt) return isPlain(value) ? Number(value.value) : 0;
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'string' ? (readFloat(value) ?? 0) : 0;
}

/** sprig knows what months and weekdays are, and no other type with a name of its own. */
function isPlain({ type }: GoInt): boolean {
  return !type.name.includes('.') || type === monthType || type === weekdayType;
}
