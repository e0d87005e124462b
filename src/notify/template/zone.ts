/** Where times are shown. */
export interface Zone {
  readonly name: string;
  at(unixSeconds: number): { readonly name: string; readonly offsetSeconds: number };
}

export const utc: Zone = { name: 'UTC', at: () => ({ name: 'UTC', offsetSeconds: 0 }) };

/** One whose offset never changes; without a name it is called by its offset. */
export function fixedZone(offsetSeconds: number, name = ''): Zone {
  return { name: `fixed ${name} ${offsetSeconds}`, at: () => ({ name, offsetSeconds }) };
}

/** In which English a zone has letters of its own differs; Go's database has them all. */
const locales = ['en-US', 'en-GB', 'en-AU', 'en-IN', 'en-NZ', 'en-ZA'];

const firstZonesMs = Date.UTC(1883, 0, 1);

/** A zone of the IANA database, by its name. @returns undefined where there is none */
export function namedZone(name: string): Zone | undefined {
  if (name === '' || name === 'UTC') return utc;
  if (!/^[A-Za-z][\w+\-/]*$/.test(name)) return undefined;
  try {
    const options = { timeZone: name, timeZoneName: 'longOffset', year: 'numeric' } as const;
    const offsets = new Intl.DateTimeFormat('en-US', options);
    return {
      name,
      at: (unixSeconds) => {
        const date = new Date(unixSeconds * 1000);
        const offsetSeconds = offsetOf(partOf(offsets, date));
        return { name: lettersOf(name, date, offsetSeconds), offsetSeconds };
      },
    };
  } catch {
    return undefined;
  }
}

function partOf(format: Intl.DateTimeFormat, date: Date): string {
  return format.formatToParts(date).find(({ type }) => type === 'timeZoneName')?.value ?? '';
}

/** Of `GMT+05:30`. */
function offsetOf(text: string): number {
  const [, sign, hours, minutes, seconds = '0'] = /([+-])(\d+):(\d+)(?::(\d+))?/.exec(text) ?? [];
  const size = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds);
  return sign === '-' ? -size : size;
}

function lettersOf(timeZone: string, date: Date, offsetSeconds: number): string {
  for (const locale of locales) {
    const text = partOf(new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: 'short' }), date);
    if (/^[A-Z]{2,5}$/.test(text) && text !== 'GMT') return text;
    if (text === 'GMT' && offsetSeconds === 0) return text;
  }
  // Before there were zones each place had its own mean time.
  if (date.getTime() < firstZonesMs) return 'LMT';
  const size = Math.abs(offsetSeconds);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const minutes = size % 3600 === 0 ? '' : two((size % 3600) / 60);
  return `${offsetSeconds < 0 ? '-' : '+'}${two(size / 3600)}${minutes}`;
}
