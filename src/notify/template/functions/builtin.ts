import { compareValues, equalsAny } from '../compare.ts';
import { htmlEscaped, jsEscaped, queryEscaped } from '../escape.ts';
import { fn, type TemplateFunction } from '../function.ts';
import { sprintf } from '../sprintf.ts';
import { GoError } from '../template-error.ts';
import { byteType, stringType } from '../types.ts';
import { GoInt, GoList, GoMap, int, isTrue, typeOf, type Value } from '../values.ts';
import { sprint, valueText } from '../value-text.ts';

/**
 * Those of text/template itself, less `slice`, in whose place sprig has its own. `and` and `or` are the evaluator's,
 * since they don't look at all their arguments.
 */
export const builtinFunctions: Readonly<Record<string, TemplateFunction>> = {
  not: fn(['any'], (value) => !isTrue(value)),
  len: fn(['any'], (value) => int(lengthOf(value))),
  index: fn(['any', '...any'], (value, keys) => keys.reduce(elementOf, ensureSome(value, 'index'))),
  print: fn(['...any'], (values) => sprint(values)),
  println: fn(['...any'], (values) => `${values.map((value) => valueText(value)).join(' ')}\n`),
  printf: fn(['string', '...any'], (format, values) => sprintf(format, values)),
  html: fn(['...any'], (values) => htmlEscaped(sprint(shown(values)))),
  js: fn(['...any'], (values) => jsEscaped(sprint(shown(values)))),
  urlquery: fn(['...any'], (values) => queryEscaped(sprint(shown(values)))),
  eq: fn(['any', '...any'], (value, others) => equalsAny(value, others)),
  ne: fn(['any', 'any'], (a, b) => !equalsAny(a, [b])),
  lt: fn(['any', 'any'], (a, b) => compareValues(a, b) < 0),
  le: fn(['any', 'any'], (a, b) => compareValues(a, b) <= 0),
  gt: fn(['any', 'any'], (a, b) => compareValues(a, b) > 0),
  ge: fn(['any', 'any'], (a, b) => compareValues(a, b) >= 0),
};

/** As at the top of a template. */
function shown(values: readonly Value[]): readonly Value[] {
  return values.map((value) => value ?? '<no value>');
}

function ensureSome(value: Value, what: string): Value {
  if (value === undefined || value === null) throw new GoError(`${what} of untyped nil`);
  return value;
}

function lengthOf(value: Value): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (value instanceof GoList) return value.items.length;
  if (value instanceof GoMap) return value.entries.size;
  const type = typeOf(value);
  throw new GoError(type === undefined ? 'len of nil pointer' : `len of type ${type.name}`);
}

function elementOf(value: Value, key: Value): Value {
  if (value instanceof GoMap) {
    if (typeof key !== 'string') throw new GoError(`value has type ${nameOf(key)}; should be string`);
    // The zero of its type where there is none.
    const zero = value.type.elem === stringType ? '' : undefined;
    return value.entries.has(key) ? value.entries.get(key) : zero;
  }
  if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    const byte = bytes[position(key, bytes.length)];
    if (byte === undefined) throw new GoError('index out of range');
    return new GoInt(byteType, BigInt(byte));
  }
  if (value instanceof GoList) {
    const at = position(key, value.items.length);
    if (at === value.items.length) throw new GoError(`reflect: slice index out of range`);
    return value.items[at];
  }
  throw new GoError(
    value === undefined || value === null
      ? 'index of nil pointer'
      : `can't index item of type ${nameOf(value)}`,
  );
}

function position(key: Value, length: number): number {
  if (!(key instanceof GoInt)) throw new GoError(`cannot index slice/array with ${nameOf(key)}`);
  if (key.value < 0n || key.value > BigInt(length)) throw new GoError(`index out of range: ${key.value}`);
  return Number(key.value);
}

function nameOf(value: Value): string {
  return typeOf(value)?.name ?? 'nil';
}
