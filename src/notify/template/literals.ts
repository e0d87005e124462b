import type { NumberLiteral } from './nodes.ts';

/** Of a number that anybody writes; what is longer takes too long to look at. */
const longestNumber = 400;

const largestInt = 2n ** 63n - 1n;
const smallestInt = -(2n ** 63n);

/** @returns undefined where it is none that Go reads */
export function readNumber(text: string): NumberLiteral | undefined {
  const integer = readInteger(text);
  if (integer !== undefined) {
    if (integer > largestInt || integer < smallestInt) return undefined;
    return { type: 'number', text, integer, float: Number(integer), isFloat: false };
  }
  const float = readFloat(text);
  if (float === undefined || !/[.eEpP]/.test(text)) return undefined;
  const isWhole = Number.isInteger(float) && Math.abs(float) < 2 ** 63;
  return { type: 'number', text, integer: isWhole ? BigInt(float) : undefined, float, isFloat: true };
}

/** As Go's strconv.ParseInt with base 0: `0x1f`, `0o17`, `017`, `0b1`, `1_000`. */
export function readInteger(text: string): bigint | undefined {
  if (text.length > longestNumber) return undefined;
  const [, sign = '', digits = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (digits.includes('_') && !/^(?:0[xXoObB]?)?_?[\da-fA-F]+(?:_[\da-fA-F]+)*$/.test(digits))
    return undefined;
  const plain = digits.replaceAll('_', '').toLowerCase();
  const isNumber = /^(?:0x[\da-f]+|0o?[0-7]+|0b[01]+|[1-9]\d*|0)$/.test(plain);
  if (!isNumber) return undefined;
  const value = BigInt(/^0[0-7]/.test(plain) ? `0o${plain.slice(1)}` : plain);
  return sign === '-' ? -value : value;
}

/** As Go's strconv.ParseFloat; of hexadecimal ones none. */
export function readFloat(text: string): number | undefined {
  if (text.length > longestNumber) return undefined;
  const plain = text.replaceAll('_', '');
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(plain)) {
    const named = /^(?<sign>[+-]?)(?:(?<infinite>inf|infinity)|nan)$/i.exec(plain)?.groups;
    if (!named) return undefined;
    if (named['infinite'] === undefined) return named['sign'] === '' ? NaN : undefined;
    return named['sign'] === '-' ? -Infinity : Infinity;
  }
  const value = Number(plain);
  return Number.isFinite(value) ? value : undefined;
}

const simpleEscapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

const escape = /\\(?:([abfnrtv\\'"])|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3})|(.|$))/gs;

/** The text between its quotes. @returns undefined where an escape is none of Go's */
export function unquote(literal: string): string | undefined {
  const quote = literal[0];
  const inner = literal.slice(1, -1);
  if (quote === '`') return inner.replaceAll('\r', '');
  let isGood = true;
  // Bytes, since \xe2\x82\xac is one character of three.
  const bytes: Buffer[] = [];
  let last = 0;
  for (const match of inner.matchAll(escape)) {
    const [all, simple, hex, short, long, octal, other] = match;
    bytes.push(Buffer.from(inner.slice(last, match.index)));
    last = match.index + all.length;
    const codePoint = Number.parseInt(short ?? long ?? '0', 16);
    const byte = hex === undefined ? Number.parseInt(octal ?? '0', 8) : Number.parseInt(hex, 16);
    const isOtherQuote = (simple === '"' || simple === "'") && simple !== quote;
    const isSurrogate = codePoint >= 0xd8_00 && codePoint <= 0xdf_ff;
    if (other !== undefined || isOtherQuote || codePoint > 0x10_ff_ff || isSurrogate || byte > 255)
      isGood = false;
    else if (simple !== undefined) bytes.push(Buffer.from(simpleEscapes[simple] ?? simple));
    else if (short !== undefined || long !== undefined)
      bytes.push(Buffer.from(String.fromCodePoint(codePoint)));
    else bytes.push(Buffer.from([byte]));
  }
  bytes.push(Buffer.from(inner.slice(last)));
  return isGood ? Buffer.concat(bytes).toString() : undefined;
}
