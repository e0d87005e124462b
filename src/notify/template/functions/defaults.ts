import { fn, type TemplateFunction } from '../function.ts';
import { fromJson, toJson, toPrettyJson } from '../json.ts';
import { GoError } from '../template-error.ts';
import { deepEqual, GoList, GoMap, isTrue, typeOf, type Value } from '../values.ts';
import { typeName } from '../value-text.ts';

/** sprig's defaults, its tests of types, and JSON. */
export const defaultFunctions: Readonly<Record<string, TemplateFunction>> = {
  default: fn(['any', '...any'], (fallback, [given]) => (isEmpty(given) ? fallback : given)),
  empty: fn(['any'], (value) => isEmpty(value)),
  coalesce: fn(['...any'], (values) => values.find((value) => !isEmpty(value))),
  all: fn(['...any'], (values) => values.every((value) => !isEmpty(value))),
  any: fn(['...any'], (values) => values.some((value) => !isEmpty(value))),
  ternary: fn(['any', 'any', 'bool'], (yes, no, condition) => (condition ? yes : no)),
  deepEqual: fn(['any', 'any'], (a, b) => deepEqual(a, b)),
  deepCopy: fn(['any'], copied),
  mustDeepCopy: fn(['any'], copied),
  typeOf: fn(['any'], (value) => typeName(value)),
  typeIs: fn(['string', 'any'], (name, value) => typeName(value) === name),
  typeIsLike: fn(['string', 'any'], (name, value) => [name, `*${name}`].includes(typeName(value))),
  kindOf: fn(['any'], (value) => kindName(value)),
  kindIs: fn(['string', 'any'], (name, value) => kindName(value) === name),
  fail: fn(['string'], (message) => {
    throw new GoError(message);
  }),
  toJson: fn(['any'], (value) => orEmpty(() => toJson(value))),
  mustToJson: fn(['any'], (value) => toJson(value)),
  toPrettyJson: fn(['any'], (value) => orEmpty(() => toPrettyJson(value))),
  mustToPrettyJson: fn(['any'], (value) => toPrettyJson(value)),
  toRawJson: fn(['any'], (value) => toJson(value, { escapesHtml: false })),
  mustToRawJson: fn(['any'], (value) => toJson(value, { escapesHtml: false })),
  fromJson: fn(['string'], (text) => {
    try {
      return fromJson(text);
    } catch {
      return undefined;
    }
  }),
  mustFromJson: fn(['string'], (text) => fromJson(text)),
};

/** The zero of its type; a struct never is. */
export function isEmpty(value: Value): boolean {
  return !isTrue(value);
}

function kindName(value: Value): string {
  return typeOf(value)?.kind ?? 'invalid';
}

/** sprig's `toJson` drops the error. */
function orEmpty(make: () => string): string {
  try {
    return make();
  } catch {
    return '';
  }
}

export function copied(value: Value): Value {
  if (value instanceof GoList) return new GoList(value.type, value.items.map(copied), value.isNil);
  if (!(value instanceof GoMap)) return value;
  return new GoMap(
    value.type,
    new Map([...value.entries].map(([key, item]) => [key, copied(item)])),
    value.isNil,
  );
}
