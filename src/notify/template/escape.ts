import { runesOf } from './runes.ts';
import { isPrintable } from './quote.ts';

const htmlEscapes: Readonly<Record<string, string>> = {
  '\0': '\uFFFD',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
};

/** Go's template.HTMLEscaper. */
export function htmlEscaped(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\0"'&<>]/g, (it) => htmlEscapes[it] ?? it);
}

/** Go's template.JSEscaper: fit for a JavaScript string in a page. */
export function jsEscaped(text: string): string {
  return runesOf(text).map(jsRune).join('');
}

function jsRune(rune: string): string {
  const code = rune.codePointAt(0) ?? 0;
  if ('\\"\''.includes(rune)) return `\\${rune}`;
  if (code >= 0x20 && code < 0x80 && !'<>&='.includes(rune)) return rune;
  const isPlain = code >= 0x80 && isPrintable(rune);
  if (isPlain) return rune;
  return `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Go's url.QueryEscape. */
export function queryEscaped(text: string): string {
  return [...Buffer.from(text)].map(queryByte).join('');
}

function queryByte(byte: number): string {
  const character = String.fromCharCode(byte);
  if (/[\w.~-]/.test(character) && byte < 0x80) return character;
  return character === ' ' ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
