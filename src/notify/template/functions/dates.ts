import type { Clock } from '../../../clock.ts';
import { durationText, parseDuration } from '../duration.ts';
import { fn, type TemplateFunction } from '../function.ts';
import { floorDiv, GoTime } from '../time.ts';
import { formatTime } from '../time-layout.ts';
import { parseTime } from '../time-parse.ts';
import { GoInt, type Value } from '../values.ts';
import { namedZone, utc, type Zone } from '../zone.ts';

const second = 1_000_000_000n;

/** From the largest; sprig's months have 30 days, its years 365. */
const roundUnits: readonly (readonly [string, bigint])[] = [
  ['y', 365n * 86_400n * second],
  ['mo', 30n * 86_400n * second],
  ['d', 86_400n * second],
  ['h', 3600n * second],
  ['m', 60n * second],
  ['s', second],
];

/** sprig's functions of times. @param local where times are shown that no zone is named for */
export function dateFunctions(clock: Clock, local: Zone): Readonly<Record<string, TemplateFunction>> {
  const now = (): GoTime => GoTime.ofMs(clock.now(), local);
  const timeOf = (value: Value): GoTime => {
    if (value instanceof GoTime) return value;
    if (value instanceof GoInt && !value.type.name.includes('.'))
      return new GoTime(value.value * second, local);
    return now();
  };
  const inZone = (layout: string, value: Value, zone: Zone): string =>
    formatTime(timeOf(value).in(zone).civil, layout);
  const zoneOf = (name: string): Zone => (name === 'Local' ? local : (namedZone(name) ?? utc));
  const dateInZone = fn(['string', 'any', 'string'], (layout, value, zone) =>
    inZone(layout, value, zoneOf(zone)),
  );
  const modified = fn(['string', 'time'], (by, time) => orElse(() => time.add(parseDuration(by)), time));
  const mustModified = fn(['string', 'time'], (by, time) => time.add(parseDuration(by)));
  return {
    now: fn([], now),
    date: fn(['string', 'any'], (layout, value) => inZone(layout, value, local)),
    dateInZone,
    date_in_zone: dateInZone,
    htmlDate: fn(['any'], (value) => inZone('2006-01-02', value, local)),
    htmlDateInZone: fn(['any', 'string'], (value, zone) => inZone('2006-01-02', value, zoneOf(zone))),
    dateModify: modified,
    date_modify: modified,
    mustDateModify: mustModified,
    must_date_modify: mustModified,
    toDate: fn(['string', 'string'], (layout, text) =>
      orElse(() => parseTime(layout, text, local), GoTime.zero),
    ),
    mustToDate: fn(['string', 'string'], (layout, text) => parseTime(layout, text, local)),
    unixEpoch: fn(['time'], (time) => String(time.seconds)),
    ago: fn(['any'], (value) => {
      const past = now().nanoseconds - timeOf(value).nanoseconds;
      return durationText(floorDiv(past + second / 2n, second) * second);
    }),
    duration: fn(['any'], (value) => durationText(secondsOf(value) * second)),
    durationRound: fn(['any'], (value) => rounded(roundable(value, now))),
  };
}

function orElse(make: () => GoTime, fallback: GoTime): GoTime {
  try {
    return make();
  } catch {
    return fallback;
  }
}

function secondsOf(value: Value): bigint {
  if (typeof value === 'string') return /^[+-]?\d{1,18}$/.test(value) ? BigInt(value) : 0n;
  return value instanceof GoInt && value.type.name === 'int64' ? value.value : 0n;
}

function roundable(value: Value, now: () => GoTime): bigint {
  if (typeof value === 'string') {
    try {
      return parseDuration(value);
    } catch {
      return 0n;
    }
  }
  if (value instanceof GoTime) return now().nanoseconds - value.nanoseconds;
  return value instanceof GoInt && value.type.name === 'int64' ? value.value : 0n;
}

function rounded(nanoseconds: bigint): string {
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const [name = 's', unit = second] = roundUnits.find(([, it]) => size > it) ?? [];
  return size > unit ? `${size / unit}${name}` : '0s';
}
