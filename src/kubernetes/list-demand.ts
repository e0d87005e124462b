import type { Clock } from '../clock.ts';
import { unlessAborted } from '../unless-aborted.ts';

export interface ListDemandOptions {
  /** Between the end of one list and the beginning of the next. */
  readonly shortestPeriodMs: number;
}

/**
 * Those who want a list to be read again, where no watch tells of changes. Invariant: a list serves only those who
 * asked before it began.
 */
export class ListDemand {
  readonly #options: ListDemandOptions;
  readonly #clock: Clock;
  #waiting = new Set<(succeeded: boolean) => void>();
  #wake: () => void = () => {};
  #endedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ListDemandOptions, modules: { readonly clock: Clock }) {
    this.#options = options;
    this.#clock = modules.clock;
  }

  /** Asks for a list. @returns whether it succeeded @throws the signal's reason */
  async next(signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#waiting.add(resolve);
    this.#wake();
    try {
      return await unlessAborted(promise, signal);
    } finally {
      // While a watch works there may be no list for months.
      this.#waiting.delete(resolve);
    }
  }

  /** Resolves when somebody asks and the last list is old enough. @throws the signal's reason */
  async wanted(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size === 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await unlessAborted(promise, signal);
    }
    const { shortestPeriodMs } = this.#options;
    const sinceMs = this.#clock.now() - this.#endedAt;
    // A clock that was set back must not make a pause of seconds one of hours.
    if (sinceMs >= 0) await this.#clock.sleep(shortestPeriodMs - sinceMs, signal);
  }

  /** A list begins. @returns tells that it has ended */
  begin(): (succeeded: boolean) => void {
    const served = this.#waiting;
    this.#waiting = new Set();
    return (succeeded) => {
      this.#endedAt = this.#clock.now();
      for (const tell of served) tell(succeeded);
    };
  }
}
