import { GoError } from './template-error.ts';
import { GoTime } from './time.ts';
import { splitLayout } from './time-layout.ts';
import { fixedZone, utc, type Zone } from './zone.ts';

const months = 'January February March April May June July August September October November December'.split(
  ' ',
);
const days = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

interface Found {
  year: number;
  month: number;
  day: number;
  yearDay: number;
  hour: number;
  minute: number;
  second: number;
  nanosecond: number;
  half: '' | 'AM' | 'PM';
  offsetSeconds: number | undefined;
  zoneName: string;
}

/** Go's time.ParseInLocation. @throws GoError */
export function parseTime(layout: string, text: string, location: Zone): GoTime {
  const found: Found = {
    year: 0,
    month: 1,
    day: 1,
    yearDay: -1,
    hour: 0,
    minute: 0,
    second: 0,
    nanosecond: 0,
    half: '',
    offsetSeconds: undefined,
    zoneName: '',
  };
  let rest = text;
  const fail = (): never => {
    throw new GoError(`parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: cannot parse it`);
  };
  for (const { text: part, isElement } of splitLayout(layout)) {
    if (isElement) {
      const taken = takeElement(part, rest, found);
      if (taken === undefined) return fail();
      rest = rest.slice(taken);
    } else {
      // A space stands for any number of them.
      const pattern = new RegExp(`^${part.split(/ +/).map(escaped).join(' *')}`);
      const match = pattern.exec(rest);
      if (!match) return fail();
      rest = rest.slice(match[0].length);
    }
  }
  if (rest !== '' || !isInRange(found)) return fail();
  return toTime(found, location);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** @returns how many characters it took; undefined where it is not there */
function takeElement(element: string, rest: string, found: Found): number | undefined {
  const number = (pattern: RegExp, set: (value: number) => void): number | undefined => {
    const match = pattern.exec(rest);
    if (!match) return undefined;
    set(Number(match[0]));
    return match[0].length;
  };
  const name = (names: readonly string[], length: number | undefined, set: (at: number) => void) => {
    const at = names.findIndex((it) => rest.toLowerCase().startsWith(it.slice(0, length).toLowerCase()));
    if (at < 0) return undefined;
    set(at);
    return (names[at] ?? '').slice(0, length).length;
  };
  switch (element) {
    case '2006':
      return number(/^\d{4}/, (value) => (found.year = value));
    case '06':
      return number(/^\d\d/, (value) => (found.year = value + (value >= 69 ? 1900 : 2000)));
    case '01':
      return number(/^\d\d/, (value) => (found.month = value));
    case '1':
      return number(/^\d\d?/, (value) => (found.month = value));
    case 'January':
      return name(months, undefined, (at) => (found.month = at + 1));
    case 'Jan':
      return name(months, 3, (at) => (found.month = at + 1));
    case 'Monday':
      return name(days, undefined, () => {});
    case 'Mon':
      return name(days, 3, () => {});
    case '02':
      return number(/^\d\d/, (value) => (found.day = value));
    case '2':
      return number(/^\d\d?/, (value) => (found.day = value));
    case '_2':
      return number(/^ ?\d\d?/, (value) => (found.day = value));
    case '002':
      return number(/^\d{3}/, (value) => (found.yearDay = value));
    case '15':
    case '03':
      return number(element === '15' ? /^\d\d?/ : /^\d\d/, (value) => (found.hour = value));
    case '3':
      return number(/^\d\d?/, (value) => (found.hour = value));
    case '04':
      return number(/^\d\d/, (value) => (found.minute = value));
    case '4':
      return number(/^\d\d?/, (value) => (found.minute = value));
    case '05':
    case '5':
      return takeSeconds(element, rest, found);
    case 'PM':
    case 'pm': {
      const half = rest.slice(0, 2);
      if (half !== (element === 'PM' ? half.toUpperCase() : half.toLowerCase())) return undefined;
      if (!/^[ap]m$/i.test(half)) return undefined;
      found.half = half.toUpperCase() as 'AM' | 'PM';
      return 2;
    }
    default:
      return takeRare(element, rest, found);
  }
}

/** Also the fraction that may follow where the layout has none. */
function takeSeconds(element: string, rest: string, found: Found): number | undefined {
  const match = (element === '05' ? /^(\d\d)([.,]\d+)?/ : /^(\d\d?)([.,]\d+)?/).exec(rest);
  if (!match) return undefined;
  found.second = Number(match[1]);
  if (match[2] !== undefined) found.nanosecond = nanoseconds(match[2]);
  return match[0].length;
}

function takeRare(element: string, rest: string, found: Found): number | undefined {
  if (element === 'MST') {
    const match = /^(?:[A-Z]{3,5}|[+-]\d\d)/.exec(rest);
    found.zoneName = match?.[0] ?? '';
    return match?.[0].length;
  }
  if (/^[.,]/.test(element)) {
    // The seconds have taken it already.
    return element[1] === '9' || found.nanosecond > 0 || /^[^.,]|^$/.test(rest) ? 0 : undefined;
  }
  if (element.startsWith('Z') && rest.startsWith('Z')) {
    found.offsetSeconds = 0;
    return 1;
  }
  const colon = element.includes(':') ? ':' : '';
  const parts = (element.replace(/[:Z-]/g, '').length - 2) / 2;
  const match = new RegExp(`^([+-])(\\d\\d)${`${colon}(\\d\\d)`.repeat(parts)}`).exec(rest);
  if (!match) return undefined;
  const [all, sign, hours = 0, minutes = 0, seconds = 0] = match;
  const size = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  found.offsetSeconds = sign === '-' ? -size : size;
  return all.length;
}

function nanoseconds(fraction: string): number {
  return Number(fraction.slice(1, 10).padEnd(9, '0'));
}

function isInRange({ year, month, day, hour, minute, second }: Found): boolean {
  const lastDay = new Date(Date.UTC(year % 400 === 0 ? 2000 : 2000 + (year % 400), month, 0)).getUTCDate();
  return month >= 1 && month <= 12 && day >= 1 && day <= lastDay && hour < 24 && minute < 60 && second < 60;
}

function toTime(found: Found, location: Zone): GoTime {
  const { year, month, day, yearDay, minute, second, nanosecond, half, offsetSeconds, zoneName } = found;
  const hour =
    half === 'PM' && found.hour < 12 ? found.hour + 12 : half === 'AM' && found.hour === 12 ? 0 : found.hour;
  const date = new Date(Date.UTC(2000, 0, 1, hour, minute, second));
  if (yearDay > 0) date.setUTCFullYear(year, 0, yearDay);
  else date.setUTCFullYear(year, month - 1, day);
  const wall = date.getTime() / 1000;
  const at = (seconds: number, zone: Zone): GoTime =>
    new GoTime(BigInt(seconds) * 1_000_000_000n + BigInt(nanosecond), zone);
  if (offsetSeconds !== undefined) {
    const seconds = wall - offsetSeconds;
    if (offsetSeconds === 0 && (zoneName === '' || zoneName === 'UTC')) return at(seconds, utc);
    const isLocal = location.at(seconds).offsetSeconds === offsetSeconds;
    return at(seconds, isLocal ? location : fixedZone(offsetSeconds, zoneName));
  }
  if (zoneName === 'UTC') return at(wall, utc);
  const guess = wall - location.at(wall).offsetSeconds;
  const seconds = wall - location.at(guess).offsetSeconds;
  if (zoneName !== '' && location.at(seconds).name !== zoneName) return at(wall, fixedZone(0, zoneName));
  return at(seconds, location);
}
