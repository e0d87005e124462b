import { durationType } from './duration.ts';
import { GoError } from './template-error.ts';
import { formatTime } from './time-layout.ts';
import { floorDiv, GoTime, monthType, weekdayType } from './time.ts';
import { GoInt, int, int64, type Value } from './values.ts';
import { utc, type Zone } from './zone.ts';

const nsPerSecond = 1_000_000_000n;

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
