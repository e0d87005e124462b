import { setTimeout as delay } from 'node:timers/promises';

/**
 * The only way this program reads the time or waits, so that tests can run a year in a second.
 */
export interface Clock {
  /** Milliseconds since the epoch by this machine's clock. */
  now(): number;
  /**
   * Resolves after `ms` milliseconds (at once when 0 or less).
   * @throws the signal's reason as soon as `signal` is aborted.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** setTimeout fires at once when given more than this (2^31-1 ms, about 24.8 days). */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    signal?.throwIfAborted();
    for (let left = ms; left > 0; left -= longestTimerMs) {
      try {
        await delay(Math.min(left, longestTimerMs), undefined, signal && { signal });
      } catch (error) {
        // node:timers/promises wraps the reason in an AbortError; callers want the reason itself.
        signal?.throwIfAborted();
        throw error;
      }
    }
  },
};
