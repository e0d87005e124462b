import type { Clock } from '../clock.ts';
import type { Urgency } from './cluster.ts';

export interface RequestLanesOptions {
  /** Requests of drains that are under way at the same time. */
  readonly concurrency: number;
  /** Requests per second, on average; undefined = only `concurrency` and the server's pushback limit us. */
  readonly qps: number | undefined;
  /** Requests that may go at once after a quiet time; used with `qps`. */
  readonly burst: number | undefined;
}

interface Waiting {
  readonly order: number;
  readonly start: () => void;
}

/** Marks under way at the same time: few, small, and never behind a drain. */
const markConcurrency = 10;

/**
 * The process-wide budget of API requests. Invariants: a mark never waits for a drain's request;
 * among drains the earliest deadline goes first, first come first served within one; after an
 * overloaded server's pushback nothing starts until the time that it asked for has passed.
 */
export class RequestLanes {
  readonly #clock: Clock;
  readonly #drainConcurrency: number;
  readonly #qps: number | undefined;
  readonly #burst: number;
  readonly #marks: Waiting[] = [];
  readonly #drains: Waiting[] = [];
  #marksRunning = 0;
  #drainsRunning = 0;
  #tokens: number;
  #tokensAt: number;
  #pausedFrom = 0;
  #pausedUntil = 0;
  #waking = false;

  constructor(options: RequestLanesOptions, modules: { readonly clock: Clock }) {
    this.#clock = modules.clock;
    this.#drainConcurrency = options.concurrency;
    this.#qps = options.qps;
    this.#burst = Math.max(1, options.burst ?? 1);
    this.#tokens = this.#burst;
    this.#tokensAt = this.#clock.now();
  }

  /** Runs `request` when its turn comes. @throws the signal's reason where it is aborted while waiting */
  async run<T>(urgency: Urgency, signal: AbortSignal, request: () => Promise<T>): Promise<T> {
    const isMark = urgency === 'mark';
    await this.#turn(isMark ? this.#marks : this.#drains, isMark ? 0 : urgency, signal);
    try {
      return await request();
    } finally {
      if (isMark) this.#marksRunning -= 1;
      else this.#drainsRunning -= 1;
      this.#startDue();
    }
  }

  /** Nothing starts for `ms` from now. */
  pause(ms: number): void {
    const now = this.#clock.now();
    this.#pausedUntil = this.#isPaused(now) ? Math.max(this.#pausedUntil, now + ms) : now + ms;
    this.#pausedFrom = now;
  }

  #turn(lane: Waiting[], order: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = (): void => {
      const index = lane.indexOf(waiting);
      if (index < 0) return;
      lane.splice(index, 1);
      reject(signal.reason);
    };
    const waiting: Waiting = {
      order,
      start: () => {
        signal.removeEventListener('abort', leave);
        resolve();
      },
    };
    signal.addEventListener('abort', leave, { once: true });
    insertInOrder(lane, waiting);
    this.#startDue();
    return promise;
  }

  #startDue(): void {
    while (this.#marks.length > 0 && this.#marksRunning < markConcurrency) {
      if (!this.#mayStart()) return;
      this.#marksRunning += 1;
      this.#marks.shift()?.start();
    }
    while (this.#drains.length > 0 && this.#drainsRunning < this.#drainConcurrency) {
      if (!this.#mayStart()) return;
      this.#drainsRunning += 1;
      this.#drains.shift()?.start();
    }
  }

  /** Takes a token; where there is none, or the server asked for a pause, sees to it that we look again. */
  #mayStart(): boolean {
    const now = this.#clock.now();
    if (this.#isPaused(now)) {
      this.#wakeIn(this.#pausedUntil - now);
      return false;
    }
    if (this.#qps === undefined) return true;
    const sinceMs = Math.max(0, now - this.#tokensAt);
    this.#tokens = Math.min(this.#burst, this.#tokens + (sinceMs / 1000) * this.#qps);
    this.#tokensAt = now;
    if (this.#tokens < 1) {
      this.#wakeIn(Math.ceil(((1 - this.#tokens) / this.#qps) * 1000));
      return false;
    }
    this.#tokens -= 1;
    return true;
  }

  /** A clock that was set back must not make a pause of seconds one of hours. */
  #isPaused(now: number): boolean {
    return now >= this.#pausedFrom && now < this.#pausedUntil;
  }

  #wakeIn(ms: number): void {
    if (this.#waking) return;
    this.#waking = true;
    void this.#clock.sleep(ms).then(() => {
      this.#waking = false;
      this.#startDue();
    });
  }
}

/** Keeps the lane sorted by `order`; equals stay in the order in which they came. */
function insertInOrder(lane: Waiting[], waiting: Waiting): void {
  let low = 0;
  let high = lane.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((lane[middle]?.order ?? 0) <= waiting.order) low = middle + 1;
    else high = middle;
  }
  lane.splice(low, 0, waiting);
}
