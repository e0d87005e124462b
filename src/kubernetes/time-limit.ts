import type { Clock } from '../clock.ts';

/**
 * A signal that is aborted with `outer`, or when the time given at the last `restart` is over.
 * Rests on the injected clock, and leaves no listener behind on a signal that lives for hours.
 */
export class TimeLimit {
  readonly #clock: Clock;
  readonly #outer: AbortSignal;
  readonly #controller = new AbortController();
  #timer: AbortController | undefined;
  readonly #forward = (): void => {
    this.#controller.abort(this.#outer.reason);
  };

  constructor(clock: Clock, outer: AbortSignal) {
    outer.throwIfAborted();
    this.#clock = clock;
    this.#outer = outer;
    outer.addEventListener('abort', this.#forward, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  restart(ms: number): void {
    this.#timer?.abort();
    const timer = new AbortController();
    this.#timer = timer;
    this.#clock.sleep(ms, timer.signal).then(
      () => {
        this.#controller.abort(new Error(`no answer within ${ms / 1000} s`));
      },
      () => {},
    );
  }

  end(): void {
    this.#timer?.abort();
    this.#outer.removeEventListener('abort', this.#forward);
  }
}
