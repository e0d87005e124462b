import { runesOf } from './runes.ts';
import { floatText } from './float-text.ts';
import { isPrintable, quote } from './quote.ts';
import { GoInt, GoList, GoMap, GoStruct, typeOf, type Value } from './values.ts';
import { intText, isStringer, sourceText, typeName, valueText } from './value-text.ts';

interface Flags {
  minus: boolean;
  plus: boolean;
  sharp: boolean;
  space: boolean;
  zero: boolean;
  width: number | undefined;
  precision: number | undefined;
}

/** Go takes no wider ones, and so nobody can ask for a text that fills the memory. */
const widest = 1_000_000;

const verbPattern = /%([-+# 0]*)(\[\d+\])?(\*|\d+)?(?:(\.)(\[\d+\])?(\*|\d+)?)?(\[\d+\])?([\s\S]?)/gu;

/** Go's fmt.Sprintf: https://pkg.go.dev/fmt. What does not fit is told in the text, as `%!d(string=x)`. */
export function sprintf(format: string, args: readonly Value[]): string {
  const state = { next: 0, isReordered: false };
  const take = (): Value | typeof missing => {
    if (state.next < 0 || state.next >= args.length) return missing;
    state.next += 1;
    return args[state.next - 1];
  };
  const seek = (index: string | undefined): void => {
    if (index === undefined) return;
    state.isReordered = true;
    state.next = Number(index.slice(1, -1)) - 1;
  };
  const size = (text: string | undefined): number | undefined => {
    if (text !== '*') return text === undefined ? undefined : Math.min(Number(text), widest);
    const value = take();
    if (!(value instanceof GoInt)) return undefined;
    return Math.max(-widest, Math.min(widest, Number(value.value)));
  };
  const text = format.replace(
    verbPattern,
    (
      _all,
      marks: string,
      widthIndex: string | undefined,
      width: string | undefined,
      point: string | undefined,
      precisionIndex: string | undefined,
      precision: string | undefined,
      index: string | undefined,
      verb: string,
    ) => {
      seek(width === undefined ? undefined : widthIndex);
      const wanted = size(width);
      seek(precisionIndex);
      const flags: Flags = {
        minus: marks.includes('-') || (wanted !== undefined && wanted < 0),
        plus: marks.includes('+'),
        sharp: marks.includes('#'),
        space: marks.includes(' '),
        zero: marks.includes('0'),
        width: wanted === undefined ? undefined : Math.abs(wanted),
        precision: point === undefined ? undefined : (size(precision) ?? 0),
      };
      if (verb === '') return '%!(NOVERB)';
      if (verb === '%') return '%';
      seek(index ?? (width === undefined ? widthIndex : undefined));
      const value = take();
      return value === missing
        ? `%!${verb}(${state.isReordered ? 'BADINDEX' : 'MISSING'})`
        : formatted(value, verb, flags);
    },
  );
  if (state.isReordered || state.next >= args.length) return text;
  const extra = args
    .slice(state.next)
    .map((arg) => (arg === undefined || arg === null ? '<nil>' : `${typeName(arg)}=${valueText(arg)}`));
  return `${text}%!(EXTRA ${extra.join(', ')})`;
}

const missing = Symbol('no argument is left');

function formatted(value: Value, verb: string, flags: Flags): string {
  if (verb === 'T') return padded(typeName(value), flags);
  if (value === undefined || value === null)
    return verb === 'v' ? padded('<nil>', flags) : `%!${verb}(<nil>)`;
  if (verb === 'v' && flags.sharp) return sourceText(value);
  if (isStringer(value) && 'vsxXq'.includes(verb)) return stringVerb(intOrTime(value), verb, flags);
  if (typeof value === 'string')
    return 'vsxXq'.includes(verb) ? stringVerb(value, verb, flags) : bad(value, verb, flags);
  if (typeof value === 'boolean')
    return 'vt'.includes(verb) ? padded(String(value), flags) : bad(value, verb, flags);
  if (typeof value === 'number') return floatVerb(value, verb, flags);
  if (value instanceof GoInt) return intVerb(value, verb, flags);
  return heldVerb(value, verb, flags);
}

function intOrTime(value: Value): string {
  return value instanceof GoInt ? intText(value) : valueText(value);
}

/** Of what a list, map or struct holds each by itself. */
function heldVerb(value: Value, verb: string, flags: Flags): string {
  if (value instanceof GoList)
    return `[${value.items.map((item) => formatted(item, verb, flags)).join(' ')}]`;
  if (value instanceof GoMap) {
    const entries = value.sorted.map(
      ([key, item]) => `${formatted(key, verb, flags)}:${formatted(item, verb, flags)}`,
    );
    return `map[${entries.join(' ')}]`;
  }
  if (value instanceof GoStruct) {
    const fields = (value.type.fields ?? []).map(({ name }) => {
      const text = formatted(value.fields[name], verb, flags);
      return verb === 'v' && flags.plus ? `${name}:${text}` : text;
    });
    return `{${fields.join(' ')}}`;
  }
  return bad(value, verb, flags);
}

/** The value is shown with the flags that were meant for another. */
function bad(value: Value, verb: string, flags: Flags): string {
  return `%!${verb}(${typeOf(value)?.name ?? ''}=${formatted(value, 'v', flags)})`;
}

function stringVerb(text: string, verb: string, flags: Flags): string {
  const cut = flags.precision === undefined ? text : runesOf(text).slice(0, flags.precision).join('');
  switch (verb) {
    case 'q':
      if (flags.sharp && !/[`\p{Cc}\uFEFF]/u.test(cut.replaceAll('\t', '')))
        return padded(`\`${cut}\``, flags);
      return padded(quote(cut, flags.plus), flags);
    case 'x':
    case 'X': {
      const bytes = Buffer.from(text).subarray(0, flags.precision);
      const prefix = flags.sharp && bytes.length > 0 ? '0x' : '';
      const digits = flags.space
        ? [...bytes].map((byte) => prefix + byte.toString(16).padStart(2, '0')).join(' ')
        : prefix + bytes.toString('hex');
      return padded(verb === 'X' ? digits.toUpperCase() : digits, flags);
    }
    default:
      return padded(cut, flags);
  }
}

const bases: Readonly<Record<string, number>> = { v: 10, d: 10, b: 2, o: 8, O: 8, x: 16, X: 16 };
const prefixes: Readonly<Record<string, string>> = { b: '0b', o: '0', O: '0o', x: '0x', X: '0X' };

function intVerb({ value, type }: GoInt, verb: string, flags: Flags): string {
  const base = bases[verb];
  const size = value < 0n ? -value : value;
  if (base === undefined) return runeVerb(value, type.name, verb, flags);
  let digits = size.toString(base);
  if (verb === 'X') digits = digits.toUpperCase();
  if (flags.precision !== undefined)
    digits = flags.precision === 0 && size === 0n ? '' : digits.padStart(flags.precision, '0');
  const sign = value < 0n ? '-' : flags.plus ? '+' : flags.space ? ' ' : '';
  const prefix = flags.sharp || verb === 'O' ? (prefixes[verb] ?? '') : '';
  if (flags.zero && !flags.minus && flags.width !== undefined && flags.precision === undefined) {
    digits = digits.padStart(flags.width - sign.length, '0');
    return sign + prefix + digits;
  }
  return padded(sign + prefix + digits, { ...flags, zero: false });
}

function runeVerb(value: bigint, name: string, verb: string, flags: Flags): string {
  const isRune = value >= 0n && value <= 0x10_ff_ffn && !(value >= 0xd8_00n && value <= 0xdf_ffn);
  const rune = isRune ? String.fromCodePoint(Number(value)) : '\uFFFD';
  if (verb === 'c') return padded(rune, flags);
  if (verb === 'q') return padded(quote(rune, flags.plus, "'"), flags);
  if (verb !== 'U') return `%!${verb}(${name}=${value})`;
  const code = `U+${value
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(4, flags.precision ?? 0), '0')}`;
  return padded(flags.sharp && isPrintable(rune) ? `${code} '${rune}'` : code, { ...flags, zero: false });
}

function floatVerb(value: number, verb: string, flags: Flags): string {
  if (!'vgGfFeE'.includes(verb)) return bad(value, verb, flags);
  const form = verb.toLowerCase();
  const precision = flags.precision ?? (form === 'e' || form === 'f' ? 6 : undefined);
  let text = floatText(value, form === 'e' ? 'e' : form === 'f' ? 'f' : 'g', precision);
  if (verb === 'G' || verb === 'E') text = text.toUpperCase();
  const isFinite = Number.isFinite(value);
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  const digits = text.slice(sign.length);
  const shown = sign === '-' ? '-' : flags.plus ? '+' : flags.space ? ' ' : isFinite ? '' : sign;
  if (flags.zero && !flags.minus && flags.width !== undefined && isFinite) {
    return shown + digits.padStart(flags.width - shown.length, '0');
  }
  return padded(shown + digits, { ...flags, zero: false });
}

function padded(text: string, { width = 0, minus, zero }: Flags): string {
  const lacking = width - runesOf(text).length;
  if (lacking <= 0) return text;
  if (minus) return text + ' '.repeat(lacking);
  return (zero ? '0' : ' ').repeat(lacking) + text;
}
