import type { Instant } from '../../interruption/interruption.ts';
import { markup, type Html } from './markup.ts';

/**
 * - `until`: counts down to the instant, and says when it is past
 * - `since`: how long ago
 * - `at`: the time of day in UTC, as logs have it, with the date where that is another day
 */
type TimeForm = 'until' | 'since' | 'at';

/**
 * An instant as people read it. The page's script keeps it true while time passes.
 * @param now undefined in what is sent to a page that is open: its script fills in the text, and what has not changed
 * but for the passing of time is not sent again
 */
export function time(instant: Instant | undefined, form: TimeForm, now: Instant | undefined): Html {
  if (instant === undefined) return markup`<span class="none">–</span>`;
  const iso = new Date(instant).toISOString();
  const text = now === undefined ? '' : textOf(instant, form, now);
  return markup`<time datetime="${iso}" data-form="${form}" title="${iso}">${text}</time>`;
}

function textOf(instant: Instant, form: TimeForm, now: Instant): string {
  switch (form) {
    case 'until':
      return countdown(instant - now);
    case 'since':
      return `${age(Math.floor(Math.max(now - instant, 0) / 1000))} ago`;
    case 'at':
      return timeOfDay(instant, now);
  }
}

const units = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** `3 min`: one unit, for it changes all the time. */
export function age(seconds: number): string {
  const [unit, size] = units.find(([, size]) => seconds >= size) ?? units[3];
  return `${Math.floor(seconds / size)} ${unit}`;
}

/** `1:05`, `2:00:00`, `3 d 4 h`; `−0:05` where it is past. */
function countdown(ms: number): string {
  const seconds = Math.floor(Math.abs(ms) / 1000);
  const sign = ms < 0 && seconds > 0 ? '\u2212' : '';
  if (seconds >= 172_800) return sign + duration(seconds * 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${sign}${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
}

/** `850 ms`, `4.2 s`, `12 s`, `3 min 5 s`, `2 h 4 min`, `5 d 1 h`: two units at most. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 1) return seconds === 0 ? '0 s' : `${Math.round(ms)} ms`;
  if (seconds < 10) return `${(Math.floor(seconds * 10) / 10).toFixed(1)} s`;
  const first = units.findIndex(([, size]) => seconds >= size);
  let rest = Math.floor(seconds);
  const parts = units.slice(first, first + 2).map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count === 0 ? '' : `${count} ${unit}`;
  });
  return parts.filter((part) => part !== '').join(' ');
}

function timeOfDay(instant: Instant, now: Instant): string {
  const iso = new Date(instant).toISOString();
  const clock = iso.slice(11, 19);
  return iso.slice(0, 10) === new Date(now).toISOString().slice(0, 10)
    ? clock
    : `${iso.slice(5, 10)} ${clock}`;
}
