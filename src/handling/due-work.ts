import type { Instant, Interruption } from '../interruption/interruption.ts';

/** Work that is to be taken up at its instant, if nothing has come of it until then. */
export interface Due {
  readonly node: string;
  readonly at: Instant;
  /** Where the Node could not be marked for it, and so does not tell of it. */
  readonly unmarked?: Interruption | undefined;
}

/** By the ids of interruptions. */
export class DueWork<T extends { readonly at: Instant } = Due> {
  readonly #due = new Map<string, T>();

  set(id: string, due: T): void {
    this.#due.set(id, due);
  }

  has(id: string): boolean {
    return this.#due.has(id);
  }

  delete(id: string): void {
    this.#due.delete(id);
  }

  get size(): number {
    return this.#due.size;
  }

  /** When the next is due; Infinity where there is none. */
  get nextAt(): Instant {
    let next = Infinity;
    for (const { at } of this.#due.values()) next = Math.min(next, at);
    return next;
  }

  /** Hands over what is due by now. */
  *take(now: Instant): Generator<readonly [id: string, due: T]> {
    for (const [id, due] of this.#due) {
      if (due.at > now) continue;
      this.#due.delete(id);
      yield [id, due];
    }
  }
}
