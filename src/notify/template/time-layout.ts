import type { CivilTime } from './time.ts';

/**
 * What Go's layouts are made of: https://pkg.go.dev/time#pkg-constants. `Jan` is not one where small letters follow,
 * as in `Janet`; nor does `_2006` hold an underscored day.
 */
const elements =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|002|0[1-6]|2006|15|PM|pm|[-Z]07(?:0000|:00:00|00|:00)?|[.,](?:0+|9+)(?!\d)|__2|_2006|_2|[1-5]/g;

const monthNames =
  'January February March April May June July August September October November December'.split(' ');
const dayNames = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/** Go's time.Format. */
export function formatTime(time: CivilTime, layout: string): string {
  return layout.replace(elements, (element) => elementText(time, element));
}

/** A layout's elements, and the texts between them. */
export function splitLayout(
  layout: string,
): readonly { readonly text: string; readonly isElement: boolean }[] {
  const parts: { text: string; isElement: boolean }[] = [];
  let last = 0;
  for (const match of layout.matchAll(elements)) {
    if (match.index > last) parts.push({ text: layout.slice(last, match.index), isElement: false });
    parts.push({ text: match[0], isElement: true });
    last = match.index + match[0].length;
  }
  if (last < layout.length) parts.push({ text: layout.slice(last), isElement: false });
  return parts;
}

function elementText(time: CivilTime, element: string): string {
  const { month, day, hour, minute, second, zone } = time;
  const hour12 = hour % 12 || 12;
  switch (element) {
    case 'January':
      return monthNames[month - 1] ?? '';
    case 'Jan':
      return (monthNames[month - 1] ?? '').slice(0, 3);
    case 'Monday':
      return dayNames[time.weekday] ?? '';
    case 'Mon':
      return (dayNames[time.weekday] ?? '').slice(0, 3);
    case '1':
      return String(month);
    case '01':
      return pad(month, 2);
    case '2':
      return String(day);
    case '02':
      return pad(day, 2);
    case '_2':
      return String(day).padStart(2);
    case '002':
      return pad(time.yearDay, 3);
    case '__2':
      return String(time.yearDay).padStart(3);
    case '15':
      return pad(hour, 2);
    case '3':
      return String(hour12);
    case '03':
      return pad(hour12, 2);
    case '4':
      return String(minute);
    case '04':
      return pad(minute, 2);
    case '5':
      return String(second);
    case '05':
      return pad(second, 2);
    case '2006':
      return yearText(time.year);
    case '_2006':
      return `_${yearText(time.year)}`;
    case '06':
      return pad(((time.year % 100) + 100) % 100, 2);
    case 'PM':
      return hour >= 12 ? 'PM' : 'AM';
    case 'pm':
      return hour >= 12 ? 'pm' : 'am';
    case 'MST':
      return zone.name === '' ? offset(zone.offsetSeconds, '-0700') : zone.name;
    default:
      return /^[.,]/.test(element) ? fraction(time.nanosecond, element) : offset(zone.offsetSeconds, element);
  }
}

function yearText(year: number): string {
  return year < 0 ? `-${pad(-year, 4)}` : pad(year, 4);
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

/** `.000` always has its digits, `.999` only those that say something. */
function fraction(nanosecond: number, element: string): string {
  const digits = pad(nanosecond, 9).slice(0, element.length - 1);
  if (element[1] === '0') return `${element[0]}${digits}`;
  const short = digits.replace(/0+$/, '');
  return short === '' ? '' : `${element[0]}${short}`;
}

function offset(seconds: number, element: string): string {
  if (element.startsWith('Z') && seconds === 0) return 'Z';
  const size = Math.abs(seconds);
  const sign = seconds < 0 ? '-' : '+';
  const hours = pad(Math.floor(size / 3600), 2);
  const minutes = pad(Math.floor((size % 3600) / 60), 2);
  const colon = element.includes(':') ? ':' : '';
  const form = element.slice(1).replaceAll(':', '');
  if (form === '07') return `${sign}${hours}`;
  const whole = `${sign}${hours}${colon}${minutes}`;
  return form === '0700' ? whole : `${whole}${colon}${pad(size % 60, 2)}`;
}
