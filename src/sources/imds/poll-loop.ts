import type { Clock } from '../../clock.ts';
import type { Loop } from '../../health.ts';

/** A share of each pause by which it is made longer or shorter, so that a fleet doesn't poll in step. */
const jitterShare = 0.1;
/** Between one failure and the next try there is at least this much. */
const shortestBackOffMs = 2000;
const longestBackOffMs = 30_000;

export interface PollOptions {
  /** From the beginning of one round to that of the next. */
  readonly periodMs: number;
}

export interface PollModules {
  readonly clock: Clock;
  readonly loop: Loop;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
}

/**
 * Goes round until `signal` is aborted. A round begins only after the one before has ended, so that slow
 * ones never pile up. `round` tells whether it worked and doesn't throw.
 */
export async function poll(
  options: PollOptions,
  modules: PollModules,
  round: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  const { clock, loop, random } = modules;
  const { periodMs } = options;
  // A short period backs off to 2 s only: a notice of two minutes is not to wait for more.
  const mostMs = Math.min(Math.max(2 * periodMs, shortestBackOffMs), longestBackOffMs);
  while (!signal.aborted) {
    const beganAt = clock.now();
    const worked = await round();
    loop.step();
    const jitter = 1 + jitterShare * (2 * random() - 1);
    // The clock may have been set in between; a round that took long is followed by the next at once.
    const tookMs = Math.min(Math.max(clock.now() - beganAt, 0), periodMs);
    const pauseMs = worked ? periodMs * jitter - tookMs : mostMs * jitter;
    await clock.sleep(pauseMs, signal).catch(() => undefined);
  }
  loop.end();
}
