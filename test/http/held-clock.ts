import type { Clock } from '../../src/clock.ts';

/** A clock whose sleepers wake when the test says so. */
export class HeldClock implements Clock {
  /** How long each sleep so far was to last. */
  readonly sleptMs: number[] = [];
  readonly #sleepers = new Set<() => void>();
  readonly #watchers = new Set<() => void>();
  #nowMs = Date.UTC(2017, 8, 18);

  now(): number {
    return this.#nowMs;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
  }

  wakeAll(): void {
    for (const wake of this.#sleepers) wake();
  }

  /** Resolves once `count` sleeps have begun since the clock was made. */
  async reached(count: number): Promise<void> {
    while (this.sleptMs.length < count) {
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  startTimer(ms: number, ring: () => void): () => void {
    const cancelled = new AbortController();
    this.sleep(ms, cancelled.signal).then(ring, () => {});
    return () => cancelled.abort();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.sleptMs.push(ms);
    for (const tell of this.#watchers) tell();
    this.#watchers.clear();
    return new Promise((resolve, reject) => {
      const end = () => {
        this.#sleepers.delete(wake);
        signal?.removeEventListener('abort', abort);
      };
      const wake = () => {
        end();
        resolve();
      };
      const abort = () => {
        end();
        reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
      };
      this.#sleepers.add(wake);
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort);
    });
  }
}
