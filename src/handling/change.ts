import { AbortableWait } from '../abortable-wait.ts';
import type { Clock } from '../clock.ts';

/** Tells waiters that something has changed. */
export class Change {
  /** Hardly ever more than one, and there are hundreds of these: an array takes less than a set. */
  #waiters: readonly Waiter[] = none;

  tell(): void {
    for (const waiter of this.#waiters) waiter.resolve();
  }

  /** Resolves at the next `tell`. @throws the signal's reason */
  next(signal: AbortSignal): Promise<void> {
    return this.#enter(signal).promise;
  }

  /** Resolves at the next `tell`, or after `ms`. @throws the signal's reason */
  within(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    const waiter = this.#enter(signal);
    if (ms < Infinity && !signal.aborted) waiter.startTimer(ms, clock);
    return waiter.promise;
  }

  leave(waiter: Waiter): void {
    this.#waiters = this.#waiters.length === 1 ? none : this.#waiters.filter((other) => other !== waiter);
  }

  #enter(signal: AbortSignal): Waiter {
    const waiter = new Waiter(this, signal);
    this.#waiters = [...this.#waiters, waiter];
    if (signal.aborted) waiter.handleEvent();
    return waiter;
  }
}

const none: readonly Waiter[] = Object.freeze([]);

class Waiter extends AbortableWait<void> {
  readonly #change: Change;
  #cancelTimer: (() => void) | undefined;

  constructor(change: Change, signal: AbortSignal) {
    super(signal);
    this.#change = change;
  }

  startTimer(ms: number, clock: Clock): void {
    this.#cancelTimer = clock.startTimer(ms, () => this.resolve());
  }

  protected override onEnd(): void {
    this.#cancelTimer?.();
    this.#change.leave(this);
  }
}
