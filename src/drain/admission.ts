import type { Clock } from '../clock.ts';
import type { Instant } from '../interruption/interruption.ts';

export interface AdmissionOptions {
  /** Drains whose pods are being listed, or asked for the first time. */
  readonly mostDrains: number;
  /** Pods of those drains that have not been answered; a drain is let in while there are fewer. */
  readonly mostPods: number;
}

/** A drain's place among those that wait for leave to begin, and its leave once it has it. */
export interface Ticket {
  /** It may begin. */
  readonly isIn: boolean;
  /** By then others are let in, whatever has come of this drain. */
  readonly until: Instant;
  /** So many of its pods wait for their first answer. */
  waitsFor(pods: number): void;
  /** They have been answered, or it gives up. May be called again. */
  leave(): void;
}

/** What tickets share. */
interface Door {
  /** Those that wait; the next one first. */
  readonly waiting: Place[];
  drains: number;
  pods: number;
  readonly admitNext: () => void;
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
  readonly #door: Door = { waiting: [], drains: 0, pods: 0, admitNext: () => this.#admitNext() };

  constructor(options: AdmissionOptions, modules: { readonly clock: Clock }) {
    this.#options = options;
    this.#clock = modules.clock;
  }

  /** @param onIn called once it may begin, at once or later; not after it has left */
  enter(urgency: Instant, onIn: () => void): Ticket {
    const { waiting } = this.#door;
    const place = new Place(this.#door, urgency, onIn);
    const behind = waiting.findIndex((other) => other.urgency > urgency);
    waiting.splice(behind < 0 ? waiting.length : behind, 0, place);
    this.#admitNext();
    return place;
  }

  #admitNext(): void {
    const { mostDrains, mostPods } = this.#options;
    const door = this.#door;
    while (door.drains < mostDrains && door.pods < mostPods) {
      const next = door.waiting.shift();
      if (!next) return;
      next.begin(this.#clock.now() + longestMs);
    }
  }
}

class Place implements Ticket {
  readonly urgency: Instant;
  readonly #door: Door;
  readonly #onIn: () => void;
  #until: Instant = Infinity;
  #isIn = false;
  #pods = 0;

  constructor(door: Door, urgency: Instant, onIn: () => void) {
    this.#door = door;
    this.urgency = urgency;
    this.#onIn = onIn;
  }

  get isIn(): boolean {
    return this.#isIn;
  }

  get until(): Instant {
    return this.#until;
  }

  begin(until: Instant): void {
    this.#isIn = true;
    this.#until = until;
    this.#door.drains += 1;
    this.#onIn();
  }

  waitsFor(pods: number): void {
    if (!this.#isIn) return;
    this.#count(pods);
    this.#door.admitNext();
  }

  leave(): void {
    if (!this.#isIn) {
      const index = this.#door.waiting.indexOf(this);
      if (index >= 0) this.#door.waiting.splice(index, 1);
      return;
    }
    this.#isIn = false;
    this.#count(0);
    this.#door.drains -= 1;
    this.#door.admitNext();
  }

  #count(pods: number): void {
    this.#door.pods += pods - this.#pods;
    this.#pods = pods;
  }
}
