import type { ReleaseReason } from '../../interruption/delivery.ts';

/** What could not be done is tried again after this, then after twice as long each time. */
const firstSeconds = 5;
const longestSeconds = 60;
/** A message that may be another cluster's is visible at once so often, then after 1 s, 2 s, 4 s ... */
const releasesAtOnce = 3;
const longestSecondsForOthers = 20;

/** How long a message stays hidden that is given back for the so-manieth time in a row. */
export function backOffSeconds(releases: number, reason: ReleaseReason): number {
  if (reason === 'unfinished') return Math.min(firstSeconds * 2 ** (releases - 1), longestSeconds);
  return releases <= releasesAtOnce
    ? 0
    : Math.min(2 ** (releases - releasesAtOnce - 1), longestSecondsForOthers);
}
