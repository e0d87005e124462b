import { durationType } from './duration.ts';
import { formatTime } from './time-layout.ts';
import { boolType, int64Type, intType, stringType, type Type } from './types.ts';
import type { Value } from './values.ts';
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
