import type { Clock } from '../clock.ts';
import type { Instant } from '../interruption/interruption.ts';

export interface AdmissionOptions {
  /** Drains whose pods are being listed, or asked for the first time. */
  readonly mostDrains: number;
  /** Pods of those drains that have not been answered; a drain is let in while there are fewer. */
  readonly mostPods: number;
}

/** A drain's leave to begin. */
export interface Ticket {
  /** By then others are let in, whatever has come of this drain. */
  readonly until: Instant;
  /** So many of its pods wait for their first answer. */
  waitsFor(pods: number): void;
  /** They have been answered. May be called again. */
  leave(): void;
}

interface Waiting {
  readonly urgency: Instant;
  readonly admit: () => void;
}

/** A drain that is held up by the API server must not hold up the others. */
const longestMs = 5_000;

/**
 * Lets drains begin no faster than the API server answers them: more at a time would not be sooner, only bigger in
 * memory. The earliest deadline first, first come first served within one.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #clock: Clock;
  readonly #waiting: Waiting[] = [];
  #drains = 0;
  #pods = 0;

  constructor(options: AdmissionOptions, modules: { readonly clock: Clock }) {
    this.#options = options;
    this.#clock = modules.clock;
  }

  /** @throws the signal's reason */
  async enter(urgency: Instant, signal: AbortSignal): Promise<Ticket> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting = { urgency, admit: resolve };
    const giveUp = (): void => {
      const index = this.#waiting.indexOf(waiting);
      if (index < 0) return;
      this.#waiting.splice(index, 1);
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    const behind = this.#waiting.findIndex((other) => other.urgency > urgency);
    this.#waiting.splice(behind < 0 ? this.#waiting.length : behind, 0, waiting);
    this.#admitNext();
    await promise;
    signal.removeEventListener('abort', giveUp);
    return this.#ticket();
  }

  #ticket(): Ticket {
    let pods = 0;
    let isIn = true;
    const count = (now: number): void => {
      this.#pods += now - pods;
      pods = now;
    };
    return {
      until: this.#clock.now() + longestMs,
      waitsFor: (now) => {
        if (!isIn) return;
        count(now);
        this.#admitNext();
      },
      leave: () => {
        if (!isIn) return;
        isIn = false;
        count(0);
        this.#drains -= 1;
        this.#admitNext();
      },
    };
  }

  #admitNext(): void {
    const { mostDrains, mostPods } = this.#options;
    while (this.#drains < mostDrains && this.#pods < mostPods) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#drains += 1;
      next.admit();
    }
  }
}
