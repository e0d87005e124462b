import { runesOf } from '../runes.ts';
import { fn, type TemplateFunction } from '../function.ts';
import { bytes, upperRune } from './text.ts';

/** sprig's functions that look at a text's words. */
export const wordFunctions: Readonly<Record<string, TemplateFunction>> = {
  title: fn(['string'], title),
  untitle: fn(['string'], (text) =>
    text.replace(/(^|\s)(\S)/gu, (_all, before: string, first: string) => before + first.toLowerCase()),
  ),
  swapcase: fn(['string'], swapCase),
  // By bytes, each of which becomes a character: that is what sprig does.
  initials: fn(['string'], (text) =>
    [...bytesAsText(text).matchAll(/(?:^|[\s\u0085])([^\s\u0085])/g)].map(([, it]) => it).join(''),
  ),
  nospace: fn(['string'], (text) => {
    const bytes = bytesAsText(text);
    const kept = bytes.replaceAll(/[\s\u0085]/g, '');
    return kept === bytes ? text : kept;
  }),
  abbrev: fn(['int', 'string'], (width, text) => (width < 4 ? text : abbreviated(text, 0, width))),
  abbrevboth: fn(['int', 'int', 'string'], (left, width, text) =>
    width < 4 || (left > 0 && width < 7) ? text : abbreviated(text, left, width),
  ),
  wrap: fn(['int', 'string'], (width, text) =>
    asBytes(text, '\n', (it, line) => wrapped(it, width, line, false)),
  ),
  wrapWith: fn(['int', 'string', 'string'], (width, separator, text) =>
    asBytes(text, separator || '\n', (it, line) => wrapped(it, width, line, true)),
  ),
  snakecase: fn(['string'], (text) => delimited(text, '_')),
  kebabcase: fn(['string'], (text) => delimited(text, '-')),
  camelcase: fn(['string'], pascalCase),
};

function bytesAsText(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** Lets work be done byte by byte. */
function asBytes(text: string, other: string, work: (text: string, other: string) => string): string {
  return Buffer.from(work(bytesAsText(text), bytesAsText(other)), 'latin1').toString();
}

/** Go's strings.Title: the first letter after anything but a letter, digit, underscore or apostrophe. */
function title(text: string): string {
  return text.replace(
    /(^|[^\p{L}\p{Nd}_\u0080-\u{10FFFF}]|\s)(\p{L})/gu,
    (_all, before: string, first: string) => before + upperRune(first),
  );
}

function swapCase(text: string): string {
  let isAfterSpace = true;
  return runesOf(text)
    .map((rune) => {
      if (/\p{Lu}|\p{Lt}/u.test(rune)) {
        isAfterSpace = false;
        return rune.toLowerCase();
      }
      if (/\p{Ll}/u.test(rune)) {
        isAfterSpace = false;
        return upperRune(rune);
      }
      if (!isAfterSpace || !/\s/u.test(rune)) isAfterSpace = /\s/u.test(rune);
      return rune;
    })
    .join('');
}

function abbreviated(text: string, left: number, width: number): string {
  const { length } = Buffer.from(text);
  if (length <= width) return text;
  let offset = Math.min(left, length);
  if (length - offset < width - 3) offset = length - (width - 3);
  if (offset <= 4) return `${bytes(text, 0, width - 3)}...`;
  if (offset + width - 3 < length) return `...${abbreviated(bytes(text, offset, length), 0, width - 3)}`;
  return `...${bytes(text, length - (width - 3), length)}`;
}

function wrapped(text: string, width: number, separator: string, breaksWords: boolean): string {
  const limit = Math.max(width, 1);
  let result = '';
  let offset = 0;
  while (text.length - offset > limit) {
    if (text[offset] === ' ') {
      offset += 1;
      continue;
    }
    const space = text.slice(offset, offset + limit + 1).lastIndexOf(' ');
    let end = offset + space;
    let next = end + 1;
    if (space < 0) {
      const found = breaksWords ? offset + limit : text.indexOf(' ', offset + limit);
      if (found < 0) return result + text.slice(offset);
      end = found;
      next = breaksWords ? found : found + 1;
    }
    result += text.slice(offset, end) + separator;
    offset = next;
  }
  return result + text.slice(offset);
}

/** What a word is to snakecase and kebabcase: `HTTPStatus2xx` is HTTP, Status, 2, xx. */
const part =
  /([\s_-]+)|(\p{P}+)|(\p{Lu}+(?=\p{Lu}[\p{Ll}\p{Lo}\p{Lm}])|\p{Lu}[\p{Ll}\p{Lo}\p{Lm}]+|\p{Lu}+)|([\p{Ll}\p{Lo}\p{Lt}\p{Lm}]+)|(\p{N}+)|(.)/gsu;

type PartKind = 'connector' | 'punctuation' | 'upper' | 'lower' | 'number' | 'other';
const kinds: readonly PartKind[] = ['connector', 'punctuation', 'upper', 'lower', 'number', 'other'];

interface Part {
  readonly kind: PartKind;
  readonly text: string;
}

function partsOf(text: string): readonly Part[] {
  return [...text.matchAll(part)].map((match) => {
    const groups: readonly (string | undefined)[] = match.slice(1);
    const at = groups.findIndex((group) => group !== undefined);
    return { kind: kinds[at] ?? 'other', text: match[0] };
  });
}

function delimited(text: string, connector: string): string {
  const parts = partsOf(text);
  let result = '';
  let at = 0;
  const kindAt = (index: number): PartKind | undefined => parts[index]?.kind;
  const isWord = (index: number): boolean => kindAt(index) === 'lower' || kindAt(index) === 'number';
  const write = (index: number): void => {
    const { kind, text: content = '' } = parts[index] ?? { kind: undefined };
    result += kind === 'connector' ? connector.repeat(runesOf(content).length) : content.toLowerCase();
  };
  const connect = (): void => {
    const next = kindAt(at);
    if (next !== undefined && next !== 'punctuation' && next !== 'connector') result += connector;
  };
  while (at < parts.length) {
    const kind = kindAt(at);
    write(at);
    at += 1;
    if (kind === 'connector' || kind === 'punctuation' || at >= parts.length) continue;
    if (kind !== 'number' && kindAt(at) !== 'number') {
      connect();
      continue;
    }
    if (kind !== 'number') {
      if (at + 1 >= parts.length) {
        write(at);
        return result;
      }
      // A number belongs to the word before it, unless small letters follow: `bld4_floor`, `http_2xx`.
      if (kindAt(at + 1) === 'lower') result += connector;
      write(at);
      at += 1;
    }
    if (kind === 'number' || kindAt(at) === 'lower') {
      while (isWord(at)) {
        write(at);
        at += 1;
      }
    }
    connect();
  }
  return result;
}

function pascalCase(text: string): string {
  const [, leading = '', rest = ''] = /^([\s_-]*)(.*)$/su.exec(text) ?? [];
  if (rest === '') return text;
  let result = leading;
  let isUpperRun = false;
  let isAfterConnector = true;
  const runes = runesOf(rest);
  for (const [at, rune] of runes.entries()) {
    const isConnector = /[\s_-]/u.test(rune);
    if (isConnector) {
      // Of several connectors all but one are kept.
      if (isAfterConnector && at > 0) result += runes[at - 1] ?? '';
      isAfterConnector = true;
      continue;
    }
    const isUpper = /\p{Lu}/u.test(rune);
    if (isAfterConnector) {
      isUpperRun = isUpper;
      result += upperRune(rune);
    } else if (isUpperRun && isUpper) {
      result += rune.toLowerCase();
    } else {
      isUpperRun = false;
      result += rune;
    }
    isAfterConnector = false;
  }
  return isAfterConnector ? result + (runes.at(-1) ?? '') : result;
}
