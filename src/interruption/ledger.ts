import type { Delivery } from './delivery.ts';
import type { Interruption } from './interruption.ts';

/**
 * The deliveries lent for one node. Invariants: every delivery that was entered is taken out exactly once;
 * an interruption that is delivered again keeps its place and shows its newest content.
 */
export class Ledger {
  #deliveries: Delivery[] = [];
  readonly #interruptions = new Map<string, Interruption>();
  #revision = 0;

  /** Changes whenever there is something new to act on. */
  get revision(): number {
    return this.#revision;
  }

  /** The newest content of each interruption, in the order in which they first came. */
  get interruptions(): readonly Interruption[] {
    return [...this.#interruptions.values()];
  }

  enter(delivery: Delivery): void {
    this.#deliveries.push(delivery);
    this.#interruptions.set(delivery.interruption.id, delivery.interruption);
    this.#revision += 1;
  }

  /** Hands over what is to be given back now; the interruptions stay known. */
  takeAll(): readonly Delivery[] {
    const taken = this.#deliveries;
    this.#deliveries = [];
    return taken;
  }
}
