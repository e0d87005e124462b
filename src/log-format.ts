import { errorText } from './error-text.ts';
import type { LogFields, LogLevel } from './logger.ts';

export interface LogRecord {
  readonly level: LogLevel;
  readonly timeMs: number;
  readonly message: string;
  readonly fields: LogFields;
}

/** Renders one record as one line without its newline, whatever the fields hold. */
export type LogFormat = (record: LogRecord) => string;

const shortLevels: Readonly<Record<LogLevel, string>> = {
  debug: 'DBG',
  info: 'INF',
  warn: 'WRN',
  error: 'ERR',
};

/** NTH's `json-logging`: the level first, the time in whole seconds of UTC, the message last. */
export const jsonFormat: LogFormat = ({ level, timeMs, message, fields }) => {
  const time = `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
  const printable = Object.entries(fields).map(([name, value]) => [name, jsonValue(value)] as const);
  const { level: _, time: __, message: ___, ...own } = Object.fromEntries(printable);
  return JSON.stringify({ level, ...own, time, message });
};

/** NTH's default: `2006/01/02 15:04:05 INF message error="..." key=value`; the error first, the other keys sorted. */
export const plainFormat: LogFormat = ({ level, timeMs, message, fields }) => {
  const time = new Date(timeMs).toISOString().slice(0, 19).replaceAll('-', '/').replace('T', ' ');
  const pairs = Object.keys(fields)
    .filter((name) => fields[name] !== undefined)
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map((name) => `${name}=${plainValue(fields[name])}`);
  return [time, shortLevels[level], escapeInvisible(message), ...pairs].filter(Boolean).join(' ');
};

function rank(name: string): number {
  return name === 'error' ? 0 : 1;
}

function plainValue(value: unknown): string {
  const printable = jsonValue(value);
  if (typeof printable !== 'string') return escapeInvisible(JSON.stringify(printable));
  return /^[!#-[\]-~]*$/u.test(printable) ? printable : escapeInvisible(JSON.stringify(printable));
}

/** A value that JSON.stringify takes without throwing: errors become their text, what JSON can't hold a description. */
function jsonValue(value: unknown): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value === undefined) return undefined;
  if (value instanceof Error) return errorText(value);
  try {
    // The replacer sees what toJSON made of a value, an error only as it is.
    const text = JSON.stringify(value, (_, inner: unknown) =>
      inner instanceof Error ? errorText(inner) : typeof inner === 'bigint' ? String(inner) : inner,
    ) as string | undefined;
    return text === undefined ? typeof value : JSON.parse(text);
  } catch (error) {
    return `unprintable: ${errorText(error)}`;
  }
}

/** Control, line-breaking and direction-changing characters: what would let a text pose as another line or key. */
// oxlint-disable-next-line no-control-regex
const invisible = /[\u0000-\u001F\u007F-\u009F\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]/gu;

function escapeInvisible(text: string): string {
  return text.replaceAll(invisible, (character) =>
    character === '\n'
      ? String.raw`\n`
      : String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
