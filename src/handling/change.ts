import type { Clock } from '../clock.ts';
import { notNeeded } from '../not-needed.ts';

/** Tells waiters that something has changed. */
export class Change {
  #next = Promise.withResolvers<void>();

  tell(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }

  /** Resolves at the next `tell`. @throws the signal's reason */
  async next(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => {
      aborted.reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort, { once: true });
    try {
      await Promise.race([this.#next.promise, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Resolves at the next `tell`, or after `ms`. @throws the signal's reason */
  async within(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    const timer = new AbortController();
    try {
      await Promise.race([this.next(signal), clock.sleep(ms, timer.signal).catch(() => {})]);
    } finally {
      timer.abort(notNeeded);
    }
  }
}
