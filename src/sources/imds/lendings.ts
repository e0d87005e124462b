import type { Cancellation, Delivery } from '../../interruption/delivery.ts';
import type { Instant, Interruption, NodeLocation } from '../../interruption/interruption.ts';
import { Loan } from './loan.ts';
import { changed, reopens } from './signal-changes.ts';
import type { Finished } from './signal.ts';

export const sourceName = 'imds';

/** What is delivered, perhaps several times. */
export interface Lendable {
  readonly loan: Loan;
  lend(): Delivery | Cancellation;
}

/** The handle of our deliveries: what was lent, and which time. */
export class Lending {
  readonly item: Lendable;
  readonly ticket: number;

  constructor(item: Lendable) {
    this.item = item;
    this.ticket = item.loan.lend();
  }
}

/** A signal that the metadata service shows. */
export class ShownSignal implements Lendable {
  readonly loan = new Loan();
  readonly id: string;
  readonly seenAt: Instant;
  /** Answers in a row that didn't show it. */
  absences = 0;
  #newest: Interruption;
  #lent: Interruption | undefined;

  constructor(interruption: Interruption) {
    this.id = interruption.id;
    this.seenAt = interruption.seenAt;
    this.#newest = interruption;
  }

  /** The signal as it is shown now. @returns whether it is to be delivered again. */
  update(interruption: Interruption, now: Instant): boolean {
    this.absences = 0;
    this.#newest = interruption;
    const { state, outcome } = this.loan;
    if (state === 'released') return this.loan.isDue(now);
    if (this.#lent === undefined) return false;
    if (state === 'lent') return changed(this.#lent, interruption);
    return state === 'settled' && outcome !== undefined && reopens(this.#lent, interruption, outcome);
  }

  lend(): Delivery {
    this.#lent = this.#newest;
    return {
      type: 'interruption',
      interruption: this.#newest,
      source: sourceName,
      handle: new Lending(this),
    };
  }
}

/** A signal of which AWS says that it is over. */
export class FinishedSignal implements Lendable {
  readonly loan = new Loan();
  readonly #finished: Finished;
  readonly #where: NodeLocation;

  constructor(finished: Finished, where: NodeLocation) {
    this.#finished = finished;
    this.#where = where;
  }

  lend(): Cancellation {
    return {
      type: 'cancellation',
      interruptionId: this.#finished.id,
      why: this.#finished.why,
      where: this.#where,
      source: sourceName,
      handle: new Lending(this),
    };
  }
}
