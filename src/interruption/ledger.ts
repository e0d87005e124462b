import type { Cancellation, Delivery } from './delivery.ts';
import { isToldBefore, tellingOf, type Interruption } from './interruption.ts';

/**
 * What was lent for one node. Invariants: every delivery and cancellation that was entered is taken out exactly
 * once; an interruption that is delivered again keeps its place and shows what AWS told of it last; one that was
 * cancelled is not acted on, whatever else was delivered of it before.
 */
export class Ledger {
  #deliveries: readonly Delivery[] = none;
  #cancelled: readonly (Delivery | Cancellation)[] = none;
  #interruptions: readonly Interruption[] = none;
  #over: readonly Cancellation[] = none;

  /** The newest content of each interruption that is to be acted on, in the order in which they first came. */
  get interruptions(): readonly Interruption[] {
    return this.#interruptions;
  }

  /** What is over, newest last. */
  get cancellations(): readonly Cancellation[] {
    return this.#over;
  }

  enter(delivery: Delivery): void {
    const { interruption } = delivery;
    const { id } = interruption;
    this.#deliveries = [...this.#deliveries, delivery];
    this.#interruptions = this.#interruptions.some((it) => it.id === id)
      ? this.#interruptions.map((it) => (it.id === id ? toldLast(interruption, it) : it))
      : [...this.#interruptions, interruption];
    this.#over = this.#over.filter(({ interruptionId }) => interruptionId !== id);
  }

  cancel(cancellation: Cancellation): void {
    const { interruptionId: id } = cancellation;
    this.strike(cancellation);
    const isOf = ({ interruption }: Delivery): boolean => interruption.id === id;
    this.#cancelled = [...this.#cancelled, cancellation, ...this.#deliveries.filter(isOf)];
    this.#deliveries = this.#deliveries.filter((delivery) => !isOf(delivery));
  }

  /** What was lent to another ledger tells that it is over: it is known no more here, and nothing is to be given back. */
  strike(cancellation: Cancellation): void {
    const { interruptionId: id } = cancellation;
    this.#interruptions = this.#interruptions.filter((it) => it.id !== id);
    this.#over = this.#over.some(({ interruptionId }) => interruptionId === id)
      ? this.#over.map((it) => (it.interruptionId === id ? cancellation : it))
      : [...this.#over, cancellation];
  }

  /** Hands over what is to be given back now; the interruptions stay known. */
  takeAll(): {
    readonly deliveries: readonly Delivery[];
    readonly cancelled: readonly (Delivery | Cancellation)[];
  } {
    const taken = { deliveries: this.#deliveries, cancelled: this.#cancelled };
    this.#deliveries = none;
    this.#cancelled = none;
    return taken;
  }
}

function toldLast(now: Interruption, before: Interruption): Interruption {
  return isToldBefore(tellingOf(now), tellingOf(before)) ? before : now;
}

const none: readonly never[] = Object.freeze([]);
