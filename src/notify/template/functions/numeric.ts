import { fn, type TemplateFunction } from '../function.ts';
import { GoError } from '../template-error.ts';
import { sliceOf, intType } from '../types.ts';
import { GoList, int, int64, type Value } from '../values.ts';
import { valueText } from '../value-text.ts';
import { toFloat, toInteger } from './casts.ts';
import { decimal, type Decimal } from './decimal.ts';
import { ensureItems } from './limits.ts';

type Operation = (a: Decimal, b: Decimal) => Decimal;

/** sprig's arithmetic. */
export const numericFunctions: Readonly<Record<string, TemplateFunction>> = {
  int: fn(['any'], (value) => int(toInteger(value))),
  int64: fn(['any'], (value) => int64(toInteger(value))),
  float64: fn(['any'], (value) => toFloat(value)),
  atoi: fn(['string'], (text) => int(/^[+-]?\d{1,30}$/.test(text) ? inInt(BigInt(text)) : 0)),
  toDecimal: fn(['any'], (value) => int64(octal(valueText(value)))),
  add: fn(['...any'], (values) => int64(values.reduce((sum: bigint, it) => sum + toInteger(it), 0n))),
  add1: fn(['any'], (value) => int64(toInteger(value) + 1n)),
  sub: fn(['any', 'any'], (a, b) => int64(toInteger(a) - toInteger(b))),
  div: fn(['any', 'any'], (a, b) => int64(toInteger(a) / divisor(b))),
  mod: fn(['any', 'any'], (a, b) => int64(toInteger(a) % divisor(b))),
  mul: fn(['any', '...any'], (first, rest) =>
    int64(rest.reduce((product: bigint, it) => product * toInteger(it), toInteger(first))),
  ),
  max: fn(['any', '...any'], largest),
  biggest: fn(['any', '...any'], largest),
  min: fn(['any', '...any'], (first, rest) =>
    int64(rest.map(toInteger).reduce((a, b) => (b < a ? b : a), toInteger(first))),
  ),
  maxf: fn(['any', '...any'], (first, rest) => Math.max(toFloat(first), ...rest.map(toFloat))),
  minf: fn(['any', '...any'], (first, rest) => Math.min(toFloat(first), ...rest.map(toFloat))),
  addf: fn(['...any'], (values) => exactly([0, ...values], (a, b) => a.plus(b))),
  add1f: fn(['any'], (value) => exactly([value, 1], (a, b) => a.plus(b))),
  subf: fn(['any', '...any'], (first, rest) => exactly([first, ...rest], (a, b) => a.minus(b))),
  mulf: fn(['any', '...any'], (first, rest) => exactly([first, ...rest], (a, b) => a.times(b))),
  divf: fn(['any', '...any'], (first, rest) => exactly([first, ...rest], (a, b) => a.over(b))),
  ceil: fn(['any'], (value) => Math.ceil(toFloat(value))),
  floor: fn(['any'], (value) => Math.floor(toFloat(value))),
  round: fn(['any', 'int', '...float64'], rounded),
  until: fn(['int'], (count) => ints(steps(0, count, count < 0 ? -1 : 1))),
  untilStep: fn(['int', 'int', 'int'], (start, stop, step) => ints(steps(start, stop, step))),
  seq: fn(['...int'], (bounds) => sequence(bounds).join(' ')),
};

function inInt(value: bigint): bigint {
  if (BigInt.asIntN(64, value) === value) return value;
  return value < 0n ? -(2n ** 63n) : 2n ** 63n - 1n;
}

function octal(text: string): bigint {
  const [, sign, digits] = /^([+-]?)([0-7]{1,22})$/.exec(text) ?? [];
  if (digits === undefined) return 0n;
  const value = BigInt(`0o${digits}`);
  return sign === '-' ? -value : value;
}

function divisor(value: Value): bigint {
  const number = toInteger(value);
  if (number === 0n) throw new GoError('runtime error: integer divide by zero');
  return number;
}

function largest(first: Value, rest: readonly Value[]): Value {
  return int64(rest.map(toInteger).reduce((a, b) => (b > a ? b : a), toInteger(first)));
}

/** Decimals have no 0.1 + 0.2. */
function exactly(values: readonly Value[], operation: Operation): number {
  return values
    .map((value) => decimal(toFloat(value)))
    .reduce(operation)
    .toNumber();
}

function rounded(value: Value, places: number, options: readonly number[]): number {
  const [roundsOn = 0.5] = options;
  const power = 10 ** places;
  const digit = power * toFloat(value);
  const rest = digit - Math.trunc(digit);
  return (rest >= roundsOn ? Math.ceil(digit) : Math.floor(digit)) / power;
}

function ints(values: readonly number[]): GoList {
  return new GoList(sliceOf(intType), values.map(int));
}

function steps(start: number, stop: number, step: number): number[] {
  const goesDown = stop < start;
  if (goesDown ? step >= 0 : step <= 0) return [];
  ensureItems(Math.abs(stop - start) / Math.abs(step));
  const values: number[] = [];
  for (let value = start; goesDown ? value > stop : value < stop; value += step) values.push(value);
  return values;
}

/** sprig's, which is the shell's, its oddities included. */
function sequence(bounds: readonly number[]): readonly number[] {
  const [first = 0, second = 0, third = 0] = bounds;
  if (bounds.length === 1) {
    const step = first < 1 ? -1 : 1;
    return steps(1, first + step, step);
  }
  if (bounds.length === 2) {
    const step = second < first ? -1 : 1;
    return steps(first, second + step, step);
  }
  if (bounds.length !== 3) return [];
  const goesDown = third < first;
  return goesDown && second > 0 ? [] : steps(first, third + (goesDown ? -1 : 1), second);
}
