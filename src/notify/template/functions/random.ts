import { runesOf } from '../runes.ts';
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { fn, type TemplateFunction } from '../function.ts';
import { GoError } from '../template-error.ts';
import { int } from '../values.ts';
import { ensureLength } from './limits.ts';

const digits = '0123456789';
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ascii = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).join('');

/** sprig's chance. */
export const randomFunctions: Readonly<Record<string, TemplateFunction>> = {
  randAlphaNum: fn(['int'], (count) => drawn(letters + digits, count)),
  randAlpha: fn(['int'], (count) => drawn(letters, count)),
  randNumeric: fn(['int'], (count) => drawn(digits, count)),
  randAscii: fn(['int'], (count) => drawn(ascii, count)),
  randBytes: fn(['int'], (count) => {
    ensureLength(count);
    return randomBytes(Math.max(count, 0)).toString('base64');
  }),
  randInt: fn(['int', 'int'], (from, to) => {
    if (to <= from) throw new GoError('invalid argument to Intn');
    return int(from + randomInt(Math.min(to - from, 2 ** 47)));
  }),
  uuidv4: fn([], () => randomUUID()),
  shuffle: fn(['string'], (text) => {
    const runes = runesOf(text);
    for (let at = runes.length - 1; at > 0; at -= 1) {
      const other = randomInt(at + 1);
      [runes[at], runes[other]] = [runes[other] ?? '', runes[at] ?? ''];
    }
    return runes.join('');
  }),
};

function drawn(from: string, count: number): string {
  ensureLength(count);
  return Array.from({ length: Math.max(count, 0) }, () => from[randomInt(from.length)] ?? '').join('');
}
