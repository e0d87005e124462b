import type { Clock } from './clock.ts';

/** Why a sleep is broken off that nobody needs any more: one for all, since each would cost a stack. */
const notNeeded = new Error('not needed any more');

/**
 * Rings at an instant that may be moved as often as one likes. Moving it later costs nothing: a sleep that is under
 * way ends where it would, and another one takes up the rest.
 */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #at = Infinity;
  #sleep: { readonly until: number; readonly stop: AbortController } | undefined;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** In place of the instant before; Infinity: never. */
  set(at: number): void {
    this.#at = at;
    if (at === Infinity || (this.#sleep && this.#sleep.until <= at)) return;
    this.#sleep?.stop.abort(notNeeded);
    this.#sleepUntil(at);
  }

  stop(): void {
    this.#at = Infinity;
    this.#sleep?.stop.abort(notNeeded);
    this.#sleep = undefined;
  }

  #sleepUntil(until: number): void {
    const stop = new AbortController();
    this.#sleep = { until, stop };
    this.#clock.sleep(until - this.#clock.now(), stop.signal).then(
      () => {
        this.#sleep = undefined;
        if (this.#at === Infinity) return;
        if (this.#at > until) this.#sleepUntil(this.#at);
        else {
          this.#at = Infinity;
          this.#ring();
        }
      },
      () => {},
    );
  }
}
