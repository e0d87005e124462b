import { durationText, durationType } from './duration.ts';
import { floatText } from './float-text.ts';
import { quote } from './quote.ts';
import { monthName, monthType, GoTime, weekdayName, weekdayType } from './time.ts';
import { GoInt, GoList, GoMap, type GoStruct, typeOf, type Value } from './values.ts';

/** What `{{ }}` prints: Go's %v, except that what is no value says so. */
export function printed(value: Value): string {
  return value === undefined || value === null ? '<no value>' : valueText(value);
}

/** Go's %v. @param plus %+v, with the names of fields */
export function valueText(value: Value, plus = false): string {
  if (value === undefined || value === null) return '<nil>';
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'number' ? floatText(value, 'g') : objectText(value, plus);
}

function objectText(value: GoInt | GoList | GoMap | GoStruct | GoTime, plus: boolean): string {
  if (value instanceof GoInt) return intText(value);
  if (value instanceof GoTime) return value.toString();
  if (value instanceof GoList) return `[${value.items.map((item) => valueText(item, plus)).join(' ')}]`;
  if (value instanceof GoMap) {
    return `map[${value.sorted.map(([key, item]) => `${key}:${valueText(item, plus)}`).join(' ')}]`;
  }
  const fields = (value.type.fields ?? []).map(({ name }) => {
    const text = valueText(value.fields[name], plus);
    return plus ? `${name}:${text}` : text;
  });
  return `{${fields.join(' ')}}`;
}

/** Those with a String method use it. */
export function intText({ type, value }: GoInt): string {
  return namedIntText(type.name, value) ?? String(value);
}

function namedIntText(typeName: string, value: bigint): string | undefined {
  if (typeName === durationType.name) return durationText(value);
  if (typeName === monthType.name) return monthName(Number(value));
  return typeName === weekdayType.name ? weekdayName(Number(value)) : undefined;
}

/** Whether %s and %v call a method of it. */
export function isStringer(value: Value): value is GoTime | GoInt {
  if (value instanceof GoTime) return true;
  return value instanceof GoInt && namedIntText(value.type.name, value.value) !== undefined;
}

/** Go's %#v. */
export function sourceText(value: Value): string {
  if (value === undefined || value === null) return '<nil>';
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return floatText(value, 'g');
  const { name } = value.type;
  if (value instanceof GoInt) return String(value.value);
  if (value instanceof GoTime) return value.toString();
  if (value instanceof GoList) {
    return value.isNil ? `${name}(nil)` : `${name}{${value.items.map(heldSource).join(', ')}}`;
  }
  if (value instanceof GoMap) {
    const entries = value.sorted.map(([key, item]) => `${quote(key)}:${heldSource(item)}`);
    return value.isNil ? `${name}(nil)` : `${name}{${entries.join(', ')}}`;
  }
  const fields = (value.type.fields ?? []).map(
    (field) => `${field.name}:${heldSource(value.fields[field.name])}`,
  );
  return `${name}{${fields.join(', ')}}`;
}

function heldSource(value: Value): string {
  return value === undefined || value === null ? 'interface {}(nil)' : sourceText(value);
}

/** sprig's way to make a text of anything. */
export function stringOf(value: Value): string {
  return typeof value === 'string' ? value : valueText(value);
}

/** Go's fmt.Sprint: spaces between operands of which neither is a string. */
export function sprint(values: readonly Value[]): string {
  let text = '';
  let wasString = true;
  for (const [index, value] of values.entries()) {
    const isString = typeof value === 'string';
    if (index > 0 && !isString && !wasString) text += ' ';
    text += valueText(value);
    wasString = isString;
  }
  return text;
}

export function typeName(value: Value): string {
  return typeOf(value)?.name ?? '<nil>';
}
