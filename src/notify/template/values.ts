import type { GoTime } from './time.ts';
import {
  anyMapType,
  anyType,
  boolType,
  floatType,
  int64Type,
  intType,
  mapOf,
  sliceOf,
  stringType,
  type Type,
} from './types.ts';

/**
 * A Go value. `undefined` is no value at all, such as that of a key that is not there; `null` a nil that is held
 * by something; a JavaScript number a float64.
 */
export type Value = undefined | null | boolean | string | number | GoInt | GoList | GoMap | GoStruct | GoTime;

export class GoInt {
  readonly type: Type;
  readonly value: bigint;

  constructor(type: Type, value: bigint) {
    this.type = type;
    this.value = value;
  }
}

export class GoList {
  readonly type: Type;
  /** sprig's `sortAlpha` sorts them in their place. */
  readonly items: Value[];
  readonly isNil: boolean;

  constructor(type: Type, items: readonly Value[], isNil = false) {
    this.type = type;
    this.items = [...items];
    this.isNil = isNil;
  }
}

export class GoMap {
  readonly type: Type;
  /** sprig's `set` and its like change it. */
  readonly entries: Map<string, Value>;
  readonly isNil: boolean;

  constructor(type: Type, entries: Map<string, Value>, isNil = false) {
    this.type = type;
    this.entries = entries;
    this.isNil = isNil;
  }

  /** Go prints and walks maps by their keys' order, byte by byte. */
  get sorted(): readonly (readonly [string, Value])[] {
    return [...this.entries].sort(([a], [b]) => compareStrings(a, b));
  }
}

/** Runs a method of a struct. */
export type MethodTable = ReadonlyMap<string, (receiver: GoStruct) => Value>;

export class GoStruct {
  readonly type: Type;
  readonly fields: Readonly<Record<string, Value>>;
  readonly methods: MethodTable;

  constructor(type: Type, fields: Readonly<Record<string, Value>>, methods: MethodTable = new Map()) {
    this.type = type;
    this.fields = fields;
    this.methods = methods;
  }
}

export function int(value: number | bigint): GoInt {
  return new GoInt(intType, BigInt.asIntN(64, BigInt(value)));
}

export function int64(value: number | bigint): GoInt {
  return new GoInt(int64Type, BigInt.asIntN(64, BigInt(value)));
}

const stringsType = sliceOf(stringType);
const anysType = sliceOf(anyType);

export function strings(items: readonly string[], isNil = false): GoList {
  return new GoList(stringsType, items, isNil);
}

/** What is no value becomes a nil, as in a []interface{}. */
export function list(items: readonly Value[], isNil = false): GoList {
  return new GoList(
    anysType,
    items.map((item) => item ?? null),
    isNil,
  );
}

export function dict(entries: Iterable<readonly [string, Value]>): GoMap {
  return new GoMap(anyMapType, new Map([...entries].map(([key, value]) => [key, value ?? null])));
}

export function stringMap(entries: Readonly<Record<string, string>>): GoMap {
  return new GoMap(mapOf(stringType), new Map(Object.entries(entries)));
}

export function typeOf(value: Value): Type | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'boolean') return boolType;
  if (typeof value === 'string') return stringType;
  return typeof value === 'number' ? floatType : value.type;
}

export function isNil(value: Value): boolean {
  return (
    value === undefined ||
    value === null ||
    ((value instanceof GoList || value instanceof GoMap) && value.isNil)
  );
}

/** Whether `if` takes it for true: not the zero of its type. */
export function isTrue(value: Value): boolean {
  if (value === undefined || value === null) return false;
  if (value instanceof GoInt) return value.value !== 0n;
  if (value instanceof GoList) return value.items.length > 0;
  if (value instanceof GoMap) return value.entries.size > 0;
  if (typeof value === 'object') return true;
  return typeof value === 'number' ? value !== 0 : Boolean(value);
}

/** Go's reflect.DeepEqual. */
export function deepEqual(a: Value, b: Value): boolean {
  const type = typeOf(a);
  if (type === undefined || type.name !== typeOf(b)?.name) return isNone(a) && isNone(b);
  if (a instanceof GoInt && b instanceof GoInt) return a.value === b.value;
  if (a instanceof GoList && b instanceof GoList) {
    return (
      a.isNil === b.isNil &&
      a.items.length === b.items.length &&
      a.items.every((item, at) => deepEqual(item, b.items[at]))
    );
  }
  if (a instanceof GoMap && b instanceof GoMap) {
    return (
      a.isNil === b.isNil &&
      a.entries.size === b.entries.size &&
      [...a.entries].every(([key, value]) => b.entries.has(key) && deepEqual(value, b.entries.get(key)))
    );
  }
  if (a instanceof GoStruct && b instanceof GoStruct) {
    return (type.fields ?? []).every(({ name }) => deepEqual(a.fields[name], b.fields[name]));
  }
  if (typeof a === 'object' && a !== null && 'equals' in a) return a.equals(b);
  return a === b;
}

function isNone(value: Value): boolean {
  return value === undefined || value === null;
}

/** By bytes, which is by code points. */
export function compareStrings(a: string, b: string): number {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return Buffer.compare(left, right);
}
