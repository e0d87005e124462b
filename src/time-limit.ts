import { Alarm } from './alarm.ts';
import type { Clock } from './clock.ts';

/**
 * A signal that is aborted with `outer`, or when the time given at the last `restart` is over.
 * Rests on the injected clock, and leaves no listener behind on a signal that lives for hours.
 */
export class TimeLimit {
  readonly #clock: Clock;
  readonly #outer: AbortSignal;
  readonly #controller = new AbortController();
  readonly #alarm: Alarm;
  #ms = 0;
  readonly #forward = (): void => {
    this.#controller.abort(this.#outer.reason);
  };

  constructor(clock: Clock, outer: AbortSignal) {
    outer.throwIfAborted();
    this.#clock = clock;
    this.#outer = outer;
    this.#alarm = new Alarm(clock, () => {
      this.#controller.abort(new Error(`no answer within ${this.#ms / 1000} s`));
    });
    outer.addEventListener('abort', this.#forward, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  restart(ms: number): void {
    this.#ms = ms;
    this.#alarm.set(this.#clock.now() + ms);
  }

  end(): void {
    this.#alarm.stop();
    this.#outer.removeEventListener('abort', this.#forward);
  }
}
