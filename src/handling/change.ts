import type { Clock } from '../clock.ts';

/** Tells waiters that something has changed. */
export class Change {
  readonly #waiters = new Set<Waiter>();

  tell(): void {
    for (const waiter of this.#waiters) waiter.resolve();
  }

  /** Resolves at the next `tell`. @throws the signal's reason */
  next(signal: AbortSignal): Promise<void> {
    return new Waiter(this.#waiters, signal).promise;
  }

  /** Resolves at the next `tell`, or after `ms`. @throws the signal's reason */
  within(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    const waiter = new Waiter(this.#waiters, signal);
    if (ms < Infinity) waiter.startTimer(ms, clock);
    return waiter.promise;
  }
}

/** One object for each wait, and no async function: in a burst hundreds of nodes wait at the same time. */
class Waiter {
  readonly promise: Promise<void>;
  readonly #waiters: Set<Waiter>;
  readonly #signal: AbortSignal;
  readonly #resolve: () => void;
  readonly #reject: (reason: unknown) => void;
  #cancelTimer: (() => void) | undefined;

  constructor(waiters: Set<Waiter>, signal: AbortSignal) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.promise = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#waiters = waiters;
    this.#signal = signal;
    if (signal.aborted) {
      this.#reject(signal.reason);
      return;
    }
    waiters.add(this);
    signal.addEventListener('abort', this, { once: true });
  }

  startTimer(ms: number, clock: Clock): void {
    if (!this.#signal.aborted) this.#cancelTimer = clock.startTimer(ms, () => this.resolve());
  }

  resolve(): void {
    this.#end();
    this.#resolve();
  }

  /** What EventTarget calls: the signal is aborted. */
  handleEvent(): void {
    this.#end();
    this.#reject(this.#signal.reason);
  }

  #end(): void {
    this.#cancelTimer?.();
    this.#waiters.delete(this);
    this.#signal.removeEventListener('abort', this);
  }
}
