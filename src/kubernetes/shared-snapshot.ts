import { Alarm } from '../alarm.ts';
import type { Clock } from '../clock.ts';

/** Changes that come in a heap are told together: each telling costs as much as there are objects and followers. */
const restMs = 100;

/** The newest snapshot of a collection, for any number of followers. */
export class SharedSnapshot<Snapshot> {
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #unwanted = new AbortController();
  readonly #followers = new Set<() => void>();
  #take: (() => Snapshot) | undefined;
  #latest: { readonly snapshot: Snapshot } | undefined;
  #toldAt = -Infinity;
  #hasEnded = false;

  constructor(modules: { readonly clock: Clock }) {
    this.#clock = modules.clock;
    this.#alarm = new Alarm(modules.clock, () => {
      this.#tell();
    });
  }

  /** Aborted when nobody follows any more. */
  get unwanted(): AbortSignal {
    return this.#unwanted.signal;
  }

  /** There is something new: told at once or, where something else has just been told, a little later. */
  update(take: () => Snapshot): void {
    this.#take = take;
    const sinceMs = this.#clock.now() - this.#toldAt;
    // A clock that was set back must hold nothing up.
    if (sinceMs >= restMs || sinceMs < 0) this.#tell();
    else this.#alarm.set(this.#toldAt + restMs);
  }

  /** Nothing more will come. */
  end(): void {
    if (this.#take) this.#tell();
    this.#hasEnded = true;
    this.#wake();
  }

  /** @throws the signal's reason */
  async *follow(signal: AbortSignal): AsyncGenerator<Snapshot, void, undefined> {
    let changed = Promise.withResolvers<void>();
    const wake = (): void => changed.resolve();
    this.#followers.add(wake);
    signal.addEventListener('abort', wake, { once: true });
    let told: { readonly snapshot: Snapshot } | undefined;
    try {
      for (;;) {
        signal.throwIfAborted();
        changed = Promise.withResolvers();
        if (this.#latest !== undefined && this.#latest !== told) {
          told = this.#latest;
          yield told.snapshot;
        } else if (this.#hasEnded) return;
        else await changed.promise;
      }
    } finally {
      signal.removeEventListener('abort', wake);
      this.#followers.delete(wake);
      if (this.#followers.size === 0) {
        this.#alarm.stop();
        this.#unwanted.abort();
      }
    }
  }

  #tell(): void {
    if (!this.#take) return;
    this.#latest = { snapshot: this.#take() };
    this.#take = undefined;
    this.#toldAt = this.#clock.now();
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#followers) wake();
  }
}
