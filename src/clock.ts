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
  /**
   * Calls `ring` after `ms` milliseconds (very soon when 0 or less, but never before it returns). For what is set and
   * taken back a thousand times within seconds: a sleep takes a promise, and a signal to break it off.
   * @returns takes it back; without an effect once it has rung
   */
  startTimer(ms: number, ring: () => void): () => void;
}

/** setTimeout fires at once when given more than this (2^31-1 ms, about 24.8 days). */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  // Not node:timers/promises, which makes an error with a stack, and another one, of each sleep that is broken off.
  sleep: (ms, signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return promise;
    }
    let timer: NodeJS.Timeout | undefined;
    const breakOff = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const sleepOn = (left: number): void => {
      if (left > 0) {
        timer = setTimeout(sleepOn, Math.min(left, longestTimerMs), left - longestTimerMs);
        return;
      }
      signal?.removeEventListener('abort', breakOff);
      resolve();
    };
    signal?.addEventListener('abort', breakOff, { once: true });
    sleepOn(ms);
    return promise;
  },
  startTimer: (ms, ring) => {
    let timer: NodeJS.Timeout;
    const waitFor = (left: number): void => {
      if (left > longestTimerMs) timer = setTimeout(waitFor, longestTimerMs, left - longestTimerMs);
      else timer = setTimeout(ring, Math.max(0, left));
    };
    waitFor(ms);
    return () => clearTimeout(timer);
  },
};
