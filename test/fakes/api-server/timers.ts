import type { Clock } from '../../../src/clock.ts';

/** What the cluster does by itself later on, by the injected clock, until the server is stopped. */
export class Timers {
  readonly #clock: Clock;
  readonly #stopping = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Aborted once the server is stopped for good. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  after(ms: number, act: () => void): void {
    const wait = async () => {
      try {
        await this.#clock.sleep(ms, this.stopping);
      } catch {
        return;
      }
      act();
    };
    void wait();
  }

  stop(): void {
    this.#stopping.abort();
  }
}
