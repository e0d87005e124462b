import type { Clock } from '../../src/clock.ts';
import { LoopbackTraffic } from './loopback-traffic.ts';

/** One for the process, because what it watches is the process's sockets and threads. */
const traffic = new LoopbackTraffic();

interface Sleep {
  readonly dueAt: number;
  wake(): void;
}

export interface AdvanceLimits {
  /** How often the predicate is asked. @default 100 */
  readonly stepMs?: number;
  /** Fake time after which it is an error. @default 600_000 */
  readonly maxMs?: number;
}

/**
 * Time that stands still until a test advances it. Real loopback HTTP keeps working meanwhile: before each
 * step the clock waits until the traffic has come to rest. See README.md for the pattern.
 */
export class FakeClock implements Clock {
  readonly #sleeps = new Set<Sleep>();
  #nowMs: number;

  constructor(nowMs = Date.parse('2030-01-01T00:00:00Z')) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  /** Sleeps that nobody has woken yet, of the code under test and of the fakes. */
  get pendingSleeps(): number {
    return this.#sleeps.size;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (ms <= 0) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sleep = { dueAt: this.#nowMs + ms, wake: resolve };
    const abort = () => reject(signal?.reason as Error);
    signal?.addEventListener('abort', abort, { once: true });
    this.#sleeps.add(sleep);
    try {
      await promise;
    } finally {
      this.#sleeps.delete(sleep);
      signal?.removeEventListener('abort', abort);
    }
  }

  startTimer(ms: number, ring: () => void): () => void {
    const sleep = { dueAt: this.#nowMs + ms, wake: ring };
    if (ms > 0) this.#sleeps.add(sleep);
    else {
      let isWanted = true;
      queueMicrotask(() => {
        if (isWanted) ring();
      });
      return () => {
        isWanted = false;
      };
    }
    return () => {
      this.#sleeps.delete(sleep);
    };
  }

  /** Lets promises, loopback HTTP and file reads finish, without moving the time. */
  async settle(): Promise<void> {
    await traffic.quiet();
  }

  /** Moves the time, waking each sleep at its own instant and letting all it causes settle before the next. */
  async advance(ms: number): Promise<void> {
    const target = this.#nowMs + ms;
    await this.settle();
    for (;;) {
      const sleep = this.#earliest();
      if (sleep === undefined || sleep.dueAt > target) break;
      this.#nowMs = Math.max(this.#nowMs, sleep.dueAt);
      this.#sleeps.delete(sleep);
      sleep.wake();
      await this.settle();
    }
    this.#nowMs = target;
  }

  /** Advances step by step until the predicate holds. @throws when it doesn't within `maxMs` of fake time. */
  async advanceUntil(predicate: () => unknown, limits: AdvanceLimits = {}): Promise<void> {
    const { stepMs = 100, maxMs = 600_000 } = limits;
    const end = this.#nowMs + maxMs;
    await this.settle();
    while (!(await predicate())) {
      if (this.#nowMs >= end) {
        throw new Error(
          `Cannot reach the awaited state within ${maxMs} ms of fake time (${this.pendingSleeps} sleeps pending): ${predicate.toString()}`,
        );
      }
      await this.advance(Math.min(stepMs, end - this.#nowMs));
    }
  }

  /** Advances until the promise is settled, and gives what it gives. */
  async advanceWhile<T>(promise: Promise<T>, limits?: AdvanceLimits): Promise<T> {
    let settled = false;
    const done = promise.finally(() => {
      settled = true;
    });
    // Told below, where the caller awaits it.
    done.catch(() => {});
    await this.advanceUntil(() => settled, limits);
    return done;
  }

  #earliest(): Sleep | undefined {
    let earliest: Sleep | undefined;
    for (const sleep of this.#sleeps)
      if (earliest === undefined || sleep.dueAt < earliest.dueAt) earliest = sleep;
    return earliest;
  }
}
