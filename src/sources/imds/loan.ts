import type { Outcome } from '../../interruption/delivery.ts';

const firstRedeliveryMs = 2000;
const longestRedeliveryMs = 30_000;

/**
 * Where something that is lent again and again stands:
 *
 *   waiting ──lend──> lent ──settle──> settled
 *      ^               │ └──release──> released
 *      └───ask again───┴── (a change, or a release that is due)
 *
 * Of several lendings that are out at the same time the newest decides: it knows the most.
 */
export class Loan {
  #state: 'waiting' | 'lent' | 'settled' | 'released' = 'waiting';
  #outcome: Outcome | undefined;
  #ticket = 0;
  #releases = 0;
  #dueAt = 0;

  get state(): 'waiting' | 'lent' | 'settled' | 'released' {
    return this.#state;
  }

  /** How it was settled. */
  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  /** @returns the ticket by which this lending is given back. */
  lend(): number {
    this.#state = 'lent';
    this.#ticket += 1;
    return this.#ticket;
  }

  settle(ticket: number, outcome: Outcome): void {
    if (ticket !== this.#ticket || this.#state === 'released') return;
    this.#state = 'settled';
    this.#outcome = outcome;
    this.#releases = 0;
  }

  /** Due again after 2 s, and after up to 30 s where it goes on being released. */
  release(ticket: number, now: number): void {
    if (ticket !== this.#ticket || this.#state !== 'lent') return;
    this.#state = 'released';
    this.#dueAt = now + Math.min(firstRedeliveryMs * 2 ** this.#releases, longestRedeliveryMs);
    this.#releases += 1;
  }

  isDue(now: number): boolean {
    // A clock that was set back must not put it off.
    return this.#state === 'released' && (now >= this.#dueAt || this.#dueAt - now > longestRedeliveryMs);
  }

  askAgain(): void {
    this.#state = 'waiting';
  }
}
