import { runesOf } from './runes.ts';
/** What Go calls printable: https://pkg.go.dev/unicode#IsPrint */
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

const named: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

/** Go's strconv.Quote. @param asciiOnly strconv.QuoteToASCII */
export function quote(text: string, asciiOnly = false, mark = '"'): string {
  return `${mark}${runesOf(text)
    .map((rune) => quoteRune(rune, asciiOnly, mark))
    .join('')}${mark}`;
}

function quoteRune(rune: string, asciiOnly: boolean, mark: string): string {
  if (rune === mark) return `\\${mark}`;
  const known = named[rune];
  if (known !== undefined) return known;
  const codePoint = rune.codePointAt(0) ?? 0;
  if (isPrintable(rune) && (!asciiOnly || codePoint < 0x80)) return rune;
  const hex = codePoint.toString(16);
  if (codePoint < 0x80) return `\\x${hex.padStart(2, '0')}`;
  return codePoint < 0x1_00_00 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

export function isPrintable(rune: string): boolean {
  return printable.test(rune);
}
