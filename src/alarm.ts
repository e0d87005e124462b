import type { Clock } from './clock.ts';

/**
 * Rings at an instant that may be moved as often as one likes. Moving it later costs nothing: a timer that runs ends
 * when it would, and another one takes up the rest.
 */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #at = Infinity;
  #timer: { readonly until: number; readonly cancel: () => void } | undefined;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** In place of the instant before; Infinity: never. */
  set(at: number): void {
    this.#at = at;
    if (at === Infinity || (this.#timer && this.#timer.until <= at)) return;
    this.#timer?.cancel();
    this.#startTimer(at);
  }

  stop(): void {
    this.#at = Infinity;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #startTimer(until: number): void {
    const cancel = this.#clock.startTimer(until - this.#clock.now(), () => this.#end(until));
    this.#timer = { until, cancel };
  }

  #end(until: number): void {
    this.#timer = undefined;
    if (this.#at === Infinity) return;
    if (this.#at > until) this.#startTimer(this.#at);
    else {
      this.#at = Infinity;
      this.#ring();
    }
  }
}
