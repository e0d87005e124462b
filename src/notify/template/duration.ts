import { GoError } from './template-error.ts';
import { floatType, int64Type, stringType, type Type } from './types.ts';
import { GoInt, int64, type Value } from './values.ts';

const methods = new Map<string, Type>([
  ['String', stringType],
  ['Hours', floatType],
  ['Minutes', floatType],
  ['Seconds', floatType],
  ['Milliseconds', int64Type],
  ['Microseconds', int64Type],
  ['Nanoseconds', int64Type],
]);

export const durationType: Type = { name: 'time.Duration', kind: 'int64', methods };
for (const name of ['Round', 'Truncate', 'Abs']) methods.set(name, durationType);

const second = 1_000_000_000n;
const unitsNs: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: second,
  m: 60n * second,
  h: 3600n * second,
};

export function duration(nanoseconds: bigint): GoInt {
  return new GoInt(durationType, BigInt.asIntN(64, nanoseconds));
}

/** `1h2m3.5s`, as Go prints one. */
export function durationText(nanoseconds: bigint): string {
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const sign = nanoseconds < 0n ? '-' : '';
  if (size === 0n) return '0s';
  if (size < 1000n) return `${sign}${size}ns`;
  if (size < 1_000_000n) return `${sign}${withFraction(size, 3)}µs`;
  if (size < second) return `${sign}${withFraction(size, 6)}ms`;
  const hours = size / (3600n * second);
  const minutes = (size / (60n * second)) % 60n;
  const seconds = `${withFraction(size % (60n * second), 9)}s`;
  if (hours > 0n) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0n ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}

function withFraction(value: bigint, digits: number): string {
  const unit = 10n ** BigInt(digits);
  const fraction = String(value % unit)
    .padStart(digits, '0')
    .replace(/0+$/, '');
  return fraction === '' ? String(value / unit) : `${value / unit}.${fraction}`;
}

/** No duration that fits into 64 bits takes more to write, unless by zeros. */
const longest = 100;

/** Go's time.ParseDuration. @throws GoError */
export function parseDuration(text: string): bigint {
  const [, sign = '', rest = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return 0n;
  const isGood = text.length <= longest && /^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(rest);
  if (!isGood) throw new GoError(`time: invalid duration ${JSON.stringify(text)}`);
  let total = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of rest.matchAll(
    /(\d*)\.?(\d*)(ns|us|µs|μs|ms|s|m|h)/g,
  )) {
    const size = unitsNs[unit] ?? 0n;
    total += BigInt(whole || '0') * size;
    total += (BigInt(fraction || '0') * size) / 10n ** BigInt(fraction.length);
  }
  return sign === '-' ? -total : total;
}

/** A method of a duration, with arguments of the types that it wants. */
export function callDurationMethod(nanoseconds: bigint, name: string, args: readonly Value[]): Value {
  const [first] = args;
  const step = first instanceof GoInt ? first.value : 0n;
  const past = step <= 0n ? 0n : nanoseconds % step;
  const size = past < 0n ? -past : past;
  switch (name) {
    case 'String':
      return durationText(nanoseconds);
    case 'Hours':
      return Number(nanoseconds) / 3.6e12;
    case 'Minutes':
      return Number(nanoseconds) / 6e10;
    case 'Seconds':
      return Number(nanoseconds) / 1e9;
    case 'Milliseconds':
      return int64(nanoseconds / 1_000_000n);
    case 'Microseconds':
      return int64(nanoseconds / 1000n);
    case 'Nanoseconds':
      return int64(nanoseconds);
    case 'Abs':
      return duration(nanoseconds < 0n ? -nanoseconds : nanoseconds);
    case 'Truncate':
      return duration(nanoseconds - past);
    case 'Round':
      // Halves go away from zero.
      if (size + size < step) return duration(nanoseconds - past);
      return duration(nanoseconds - past + (nanoseconds < 0n ? -step : step));
    default:
      throw new GoError(`method ${name} is not supported`);
  }
}
