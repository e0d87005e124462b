import type { Instant } from '../../interruption/interruption.ts';

/** No text of AWS's is nearly as long; ours go into annotations, events and webhooks. */
const longestText = 1000;

const instanceIdForm = /^i-[0-9A-Za-z]{1,64}$/;
const reservationIdForm = /^cr-[0-9a-f]{1,64}$/;

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i;
/** The form that AWS Health uses, such as `Sat, 05 Jun 2016 15:10:09 GMT`. */
const rfc1123 = /^[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `value` where it is a string; else the empty string that Go would have in its place. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, longestText) : '';
}

/** What EC2 would not call malformed. */
export function isInstanceId(value: string): boolean {
  return instanceIdForm.test(value);
}

/** No more than that is asked of EC2: in its filters `*` and `?` are wildcards. */
export function isReservationId(value: string): boolean {
  return reservationIdForm.test(value);
}

/**
 * The instant that AWS wrote; undefined where it can't be used.
 * Date.parse alone would also read words and numbers that no AWS time looks like.
 */
export function parseTime(value: unknown): Instant | undefined {
  if (typeof value !== 'string') return undefined;
  const written = value.trim();
  if (!rfc3339.test(written) && !rfc1123.test(written)) return undefined;
  const instant = Date.parse(written);
  return Number.isNaN(instant) ? undefined : instant;
}

/** An instant as NTH's texts have it: `2006-01-02 15:04:05 +0000 UTC`, as Go prints times. */
export function goTime(instant: Instant): string {
  const written = new Date(instant).toISOString();
  const fraction = written.slice(19, -1).replace(/\.?0+$/, '');
  return `${written.slice(0, 10)} ${written.slice(11, 19)}${fraction} +0000 UTC`;
}

/** NTH's ids end in the bytes of the event's own id. */
export function hexOf(id: string): string {
  return Buffer.from(id).toString('hex');
}
