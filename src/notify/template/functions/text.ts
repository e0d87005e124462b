import { runesOf } from '../runes.ts';
import { fn, type TemplateFunction } from '../function.ts';
import { quote } from '../quote.ts';
import { GoError } from '../template-error.ts';
import { stringType } from '../types.ts';
import { compareStrings, GoList, type GoMap, strings, stringMap, type Value } from '../values.ts';
import { stringOf, valueText } from '../value-text.ts';
import { ensureLength } from './limits.ts';

/** What Go calls space: https://pkg.go.dev/unicode#IsSpace */
const space = /^[\t\n\v\f\r \u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]$/;

/** sprig's functions of texts. */
export const textFunctions: Readonly<Record<string, TemplateFunction>> = {
  upper: fn(['string'], (text) => runesOf(text).map(upperRune).join('')),
  lower: fn(['string'], (text) => runesOf(text).map(lowerRune).join('')),
  trim: fn(['string'], trimSpace),
  trimAll: fn(['string', 'string'], trimAll),
  trimall: fn(['string', 'string'], trimAll),
  trimPrefix: fn(['string', 'string'], (prefix, text) =>
    text.startsWith(prefix) ? text.slice(prefix.length) : text,
  ),
  trimSuffix: fn(['string', 'string'], (suffix, text) =>
    suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text,
  ),
  contains: fn(['string', 'string'], (part, text) => text.includes(part)),
  hasPrefix: fn(['string', 'string'], (prefix, text) => text.startsWith(prefix)),
  hasSuffix: fn(['string', 'string'], (suffix, text) => text.endsWith(suffix)),
  repeat: fn(['int', 'string'], (count, text) => {
    if (count < 0) throw new GoError('strings: negative Repeat count');
    ensureLength(count * text.length);
    return text.repeat(count);
  }),
  replace: fn(['string', 'string', 'string'], replaced),
  substr: fn(['int', 'int', 'string'], (start, end, text) => substring(start, end, text)),
  trunc: fn(['int', 'string'], (count, text) => {
    const { length } = Buffer.from(text);
    if (count < 0) return length + count > 0 ? bytes(text, length + count, length) : text;
    return length > count ? bytes(text, 0, count) : text;
  }),
  quote: fn(['...any'], (values) =>
    values
      .filter((value) => isSome(value))
      .map((value) => quote(stringOf(value)))
      .join(' '),
  ),
  squote: fn(['...any'], (values) =>
    values
      .filter((value) => isSome(value))
      .map((value) => `'${valueText(value)}'`)
      .join(' '),
  ),
  cat: fn(['...any'], (values) =>
    values
      .filter((value) => isSome(value))
      .map((value) => valueText(value))
      .join(' '),
  ),
  indent: fn(['int', 'string'], indented),
  nindent: fn(['int', 'string'], (count, text) => `\n${indented(count, text)}`),
  plural: fn(['string', 'string', 'int'], (one, many, count) => (count === 1 ? one : many)),
  toString: fn(['any'], (value) => stringOf(value)),
  toStrings: fn(['any'], (value) => strings(toStrings(value))),
  join: fn(['string', 'any'], (separator, value) => {
    const texts = toStrings(value);
    ensureLength(texts.reduce((sum, text) => sum + text.length + separator.length, 0));
    return texts.join(separator);
  }),
  sortAlpha: fn(['any'], sorted),
  splitList: fn(['string', 'string'], (separator, text) => strings(split(text, separator))),
  split: fn(['string', 'string'], (separator, text) => numbered(split(text, separator))),
  splitn: fn(['string', 'int', 'string'], (separator, count, text) =>
    numbered(splitN(text, separator, count)),
  ),
  hello: fn([], () => 'Hello!'),
};

/** Go changes character by character: ß has no capital of its own. */
export function upperRune(rune: string): string {
  const upper = rune.toUpperCase();
  return runesOf(upper).length === 1 ? upper : rune;
}

export function lowerRune(rune: string): string {
  const lower = rune.toLowerCase();
  return runesOf(lower).length === 1 ? lower : rune;
}

function isSome(value: Value): boolean {
  return value !== undefined && value !== null;
}

/** Not by a regular expression: that takes the square of the time for spaces in the middle. */
function trimSpace(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && space.test(text[from] ?? '')) from += 1;
  while (to > from && space.test(text[to - 1] ?? '')) to -= 1;
  return text.slice(from, to);
}

function trimAll(set: string, text: string): string {
  const runes = runesOf(text);
  const unwanted = new Set(set);
  let from = 0;
  let to = runes.length;
  while (from < to && unwanted.has(runes[from] ?? '')) from += 1;
  while (to > from && unwanted.has(runes[to - 1] ?? '')) to -= 1;
  return runes.slice(from, to).join('');
}

function replaced(old: string, by: string, text: string): string {
  const pieces = old === '' ? ['', ...runesOf(text), ''] : text.split(old);
  ensureLength(text.length + pieces.length * by.length);
  return pieces.join(by);
}

/** Go counts bytes. */
export function bytes(text: string, from: number, to: number): string {
  const all = Buffer.from(text);
  if (from < 0 || to > all.length || from > to)
    throw new GoError(`runtime error: slice bounds out of range [${from}:${to}]`);
  return all.subarray(from, to).toString();
}

function substring(start: number, end: number, text: string): string {
  const { length } = Buffer.from(text);
  if (start < 0) return bytes(text, 0, end);
  return bytes(text, start, end < 0 || end > length ? length : end);
}

function indented(count: number, text: string): string {
  if (count < 0) throw new GoError('strings: negative Repeat count');
  ensureLength((text.split('\n').length + 1) * count + text.length);
  const pad = ' '.repeat(count);
  return pad + text.replaceAll('\n', `\n${pad}`);
}

export function toStrings(value: Value): string[] {
  if (value instanceof GoList) return value.items.filter((item) => isSome(item)).map(stringOf);
  return isSome(value) ? [stringOf(value)] : [];
}

/** sprig sorts a []string where it is: whoever holds it has it sorted. */
function sorted(value: Value): GoList {
  if (!(value instanceof GoList)) return strings([stringOf(value)]);
  const texts = toStrings(value).sort(compareStrings);
  if (value.type.elem !== stringType) return strings(texts);
  value.items.splice(0, value.items.length, ...texts);
  return value;
}

function split(text: string, separator: string): string[] {
  return separator === '' ? runesOf(text) : text.split(separator);
}

function splitN(text: string, separator: string, count: number): string[] {
  if (count === 0) return [];
  const parts = split(text, separator);
  if (count < 0 || parts.length <= count) return parts;
  return [...parts.slice(0, count - 1), parts.slice(count - 1).join(separator)];
}

/** `_0`, `_1`, ... */
function numbered(parts: readonly string[]): GoMap {
  return stringMap(Object.fromEntries(parts.map((part, at) => [`_${at}`, part])));
}
