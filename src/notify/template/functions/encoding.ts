import { createHash } from 'node:crypto';
import { runesOf } from '../runes.ts';
import { fn, type TemplateFunction } from '../function.ts';

/** sprig's encodings and sums. */
export const encodingFunctions: Readonly<Record<string, TemplateFunction>> = {
  b64enc: fn(['string'], (text) => Buffer.from(text).toString('base64')),
  b64dec: fn(['string'], (text) => {
    const plain = text.replaceAll(/[\r\n]/g, '');
    const good = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/.test(plain);
    return good ? Buffer.from(plain, 'base64').toString() : illegal('base64', text, /^[A-Za-z\d+/]*/);
  }),
  b32enc: fn(['string'], base32),
  b32dec: fn(['string'], fromBase32),
  sha1sum: fn(['string'], (text) => hash('sha1', text)),
  sha256sum: fn(['string'], (text) => hash('sha256', text)),
  sha512sum: fn(['string'], (text) => hash('sha512', text)),
  adler32sum: fn(['string'], (text) => {
    let [a, b] = [1, 0];
    for (const byte of Buffer.from(text)) {
      a = (a + byte) % 65_521;
      b = (b + a) % 65_521;
    }
    return String(b * 65_536 + a);
  }),
};

function hash(algorithm: string, text: string): string {
  return createHash(algorithm).update(text).digest('hex');
}

/** sprig gives Go's error in place of the text; its place counts line ends, which are passed over. */
function illegal(encoding: string, text: string, goodStart: RegExp): string {
  const plain = text.replaceAll(/[\r\n]/g, '');
  const [start = ''] = goodStart.exec(plain) ?? [];
  const group = encoding === 'base64' ? 4 : 8;
  let left = start.length === plain.length ? start.length - (start.length % group) : start.length;
  let at = 0;
  for (; left > 0 || '\r\n'.includes(text[at] ?? ' '); at += 1)
    if (!'\r\n'.includes(text[at] ?? ' ')) left -= 1;
  return `illegal ${encoding} data at input byte ${at}`;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function base32(text: string): string {
  const bits = [...Buffer.from(text)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const digits = (bits.match(/.{1,5}/g) ?? []).map(
    (group) => alphabet[Number.parseInt(group.padEnd(5, '0'), 2)] ?? '',
  );
  return digits.join('').padEnd(Math.ceil(digits.length / 8) * 8, '=');
}

function fromBase32(text: string): string {
  const plain = text.replaceAll(/[\r\n]/g, '');
  if (plain.length % 8 !== 0 || !/^[A-Z2-7]*={0,6}$/.test(plain))
    return illegal('base32', plain, /^[A-Z2-7]*/);
  const bits = runesOf(plain.replaceAll('=', ''))
    .map((digit) => alphabet.indexOf(digit).toString(2).padStart(5, '0'))
    .join('');
  const bytes = (bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
  return Buffer.from(bytes).toString();
}
