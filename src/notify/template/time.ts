import { durationType } from './duration.ts';
import { GoError } from './template-error.ts';
import { formatTime } from './time-layout.ts';
import { boolType, int64Type, intType, stringType, type Type } from './types.ts';
import { GoInt, int, int64, type Value } from './values.ts';
import { utc, type Zone } from './zone.ts';

const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

export const monthType: Type = {
  name: 'time.Month',
  kind: 'int',
  methods: new Map([['String', stringType]]),
};
export const weekdayType: Type = {
  name: 'time.Weekday',
  kind: 'int',
  methods: new Map([['String', stringType]]),
};

export function monthName(month: number): string {
  return months[month - 1] ?? `%!Month(${month})`;
}

export function weekdayName(day: number): string {
  return weekdays[day] ?? `%!Weekday(${day})`;
}

const methods = new Map<string, Type>();
export const timeType: Type = { name: 'time.Time', kind: 'struct', methods };

const nsPerSecond = 1_000_000_000n;
/** Go's zero time, 1 January of the year 1, in seconds since 1970. */
const zeroSeconds = -62_135_596_800n;

export interface CivilTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
  readonly weekday: number;
  readonly yearDay: number;
  readonly zone: { readonly name: string; readonly offsetSeconds: number };
}

/** Go's time.Time: an instant, and where it is shown. */
export class GoTime {
  readonly type = timeType;
  /** Since 1970. */
  readonly nanoseconds: bigint;
  readonly zone: Zone;

  constructor(nanoseconds: bigint, zone: Zone) {
    this.nanoseconds = nanoseconds;
    this.zone = zone;
  }

  static readonly zero = new GoTime(zeroSeconds * nsPerSecond, utc);

  static ofMs(ms: number, zone: Zone = utc): GoTime {
    return new GoTime(BigInt(Math.floor(ms)) * 1_000_000n, zone);
  }

  get seconds(): bigint {
    return floorDiv(this.nanoseconds, nsPerSecond);
  }

  get isZero(): boolean {
    return this.nanoseconds === GoTime.zero.nanoseconds;
  }

  in(zone: Zone): GoTime {
    return new GoTime(this.nanoseconds, zone);
  }

  add(nanoseconds: bigint): GoTime {
    return new GoTime(this.nanoseconds + nanoseconds, this.zone);
  }

  /** Go's `==`: the same instant shown in the same place. */
  equals(other: Value): boolean {
    return (
      other instanceof GoTime && other.nanoseconds === this.nanoseconds && other.zone.name === this.zone.name
    );
  }

  get civil(): CivilTime {
    const seconds = this.seconds;
    const zone = this.zone.at(Number(seconds));
    const date = new Date((Number(seconds) + zone.offsetSeconds) * 1000);
    const year = date.getUTCFullYear();
    const yearStart = new Date(Date.UTC(2000, 0, 1)).setUTCFullYear(year);
    return {
      year,
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
      nanosecond: Number(this.nanoseconds - seconds * nsPerSecond),
      weekday: date.getUTCDay(),
      yearDay: Math.floor((date.getTime() - yearStart) / 86_400_000) + 1,
      zone,
    };
  }

  toString(): string {
    return formatTime(this.civil, '2006-01-02 15:04:05.999999999 -0700 MST');
  }

  /** RFC 3339 with as many digits as it takes, as in JSON. */
  toJson(): string {
    return formatTime(this.civil, '2006-01-02T15:04:05.999999999Z07:00');
  }
}

export function floorDiv(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}

/** What a template may ask of a time; a method's arguments are checked by whoever calls it. */
const results: Readonly<Record<string, Type>> = {
  Format: stringType,
  String: stringType,
  Unix: int64Type,
  UnixMilli: int64Type,
  UnixMicro: int64Type,
  UnixNano: int64Type,
  Year: intType,
  Month: monthType,
  Day: intType,
  Hour: intType,
  Minute: intType,
  Second: intType,
  Nanosecond: intType,
  Weekday: weekdayType,
  YearDay: intType,
  IsZero: boolType,
  UTC: timeType,
  Local: timeType,
  Add: timeType,
  AddDate: timeType,
  Sub: durationType,
  Before: boolType,
  After: boolType,
  Equal: boolType,
  Compare: intType,
  Truncate: timeType,
  Round: timeType,
};
for (const [name, type] of Object.entries(results)) methods.set(name, type);

/** A method of a time, with arguments of the types that it wants. @param local where `Local` is */
export function callTimeMethod(time: GoTime, name: string, args: readonly Value[], local: Zone): Value {
  const { civil } = time;
  const [first] = args;
  switch (name) {
    case 'Format':
      return formatTime(civil, typeof first === 'string' ? first : '');
    case 'String':
      return time.toString();
    case 'Unix':
      return int64(time.seconds);
    case 'UnixMilli':
      return int64(floorDiv(time.nanoseconds, 1_000_000n));
    case 'UnixMicro':
      return int64(floorDiv(time.nanoseconds, 1000n));
    case 'UnixNano':
      return int64(time.nanoseconds);
    case 'Year':
      return int(civil.year);
    case 'Month':
      return new GoInt(monthType, BigInt(civil.month));
    case 'Day':
      return int(civil.day);
    case 'Hour':
      return int(civil.hour);
    case 'Minute':
      return int(civil.minute);
    case 'Second':
      return int(civil.second);
    case 'Nanosecond':
      return int(civil.nanosecond);
    case 'Weekday':
      return new GoInt(weekdayType, BigInt(civil.weekday));
    case 'YearDay':
      return int(civil.yearDay);
    case 'IsZero':
      return time.isZero;
    case 'UTC':
      return time.in(utc);
    case 'Local':
      return time.in(local);
    default:
      return callWithOperand(time, name, args);
  }
}

function callWithOperand(time: GoTime, name: string, args: readonly Value[]): Value {
  const [first] = args;
  if (name === 'AddDate')
    return addDate(
      time,
      args.map((arg) => (arg instanceof GoInt ? Number(arg.value) : 0)),
    );
  if (first instanceof GoInt) {
    const step = first.value;
    if (name === 'Add') return time.add(step);
    const past = step <= 0n ? 0n : (time.nanoseconds - GoTime.zero.nanoseconds) % step;
    if (name === 'Truncate') return time.add(-past);
    if (name === 'Round') return time.add(past + past < step || past === 0n ? -past : step - past);
  }
  if (first instanceof GoTime) {
    const ahead = time.nanoseconds - first.nanoseconds;
    if (name === 'Sub') return new GoInt(durationType, BigInt.asIntN(64, ahead));
    if (name === 'Before') return ahead < 0n;
    if (name === 'After') return ahead > 0n;
    if (name === 'Equal') return ahead === 0n;
    if (name === 'Compare') return int(ahead < 0n ? -1 : ahead > 0n ? 1 : 0);
  }
  throw new GoError(`method ${name} is not supported`);
}

function addDate(time: GoTime, [years = 0, months = 0, days = 0]: readonly number[]): GoTime {
  const { year, month, day, hour, minute, second, nanosecond } = time.civil;
  const date = new Date(Date.UTC(2000, 0, 1, hour, minute, second));
  date.setUTCFullYear(year + years, month - 1 + months, day + days);
  const wall = date.getTime() / 1000;
  // The offset may be another one on that day.
  const guess = wall - time.zone.at(wall).offsetSeconds;
  const seconds = wall - time.zone.at(guess).offsetSeconds;
  return new GoTime(BigInt(seconds) * nsPerSecond + BigInt(nanosecond), time.zone);
}
