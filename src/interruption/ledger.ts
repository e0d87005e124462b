import type { Cancellation, Delivery } from './delivery.ts';
import type { Interruption } from './interruption.ts';

/**
 * What was lent for one node. Invariants: every delivery and cancellation that was entered is taken out exactly
 * once; an interruption that is delivered again keeps its place and shows its newest content; one that was
 * cancelled is not acted on, whatever else was delivered of it before.
 */
export class Ledger {
  #deliveries: Delivery[] = [];
  #cancelled: (Delivery | Cancellation)[] = [];
  readonly #interruptions = new Map<string, Interruption>();
  readonly #over = new Map<string, Cancellation>();

  /** The newest content of each interruption that is to be acted on, in the order in which they first came. */
  get interruptions(): readonly Interruption[] {
    return [...this.#interruptions.values()];
  }

  /** What is over, newest last. */
  get cancellations(): readonly Cancellation[] {
    return [...this.#over.values()];
  }

  enter(delivery: Delivery): void {
    const { id } = delivery.interruption;
    this.#deliveries.push(delivery);
    this.#interruptions.set(id, delivery.interruption);
    this.#over.delete(id);
  }

  cancel(cancellation: Cancellation): void {
    const id = cancellation.interruptionId;
    this.#interruptions.delete(id);
    this.#over.set(id, cancellation);
    this.#cancelled.push(
      cancellation,
      ...this.#deliveries.filter((delivery) => delivery.interruption.id === id),
    );
    this.#deliveries = this.#deliveries.filter((delivery) => delivery.interruption.id !== id);
  }

  /** Hands over what is to be given back now; the interruptions stay known. */
  takeAll(): {
    readonly deliveries: readonly Delivery[];
    readonly cancelled: readonly (Delivery | Cancellation)[];
  } {
    const taken = { deliveries: this.#deliveries, cancelled: this.#cancelled };
    this.#deliveries = [];
    this.#cancelled = [];
    return taken;
  }
}
