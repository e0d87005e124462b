/** A drain's place among those that take turns. */
export interface Place {
  readonly isItsTurn: boolean;
  /** Makes room for the next; to be called once, whether its turn had come or not. */
  leave(): void;
}

/**
 * NTH's `workers`: how many drains that can wait are under way at the same time. First come, first served. Drains
 * with a deadline can't wait and ask for no place.
 */
export class Workers {
  readonly #most: number;
  readonly #waiting = new Set<() => void>();
  #busy = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** @param onTurn called once its turn has come, at once or later; not after it has left */
  enter(onTurn: () => void): Place {
    let isItsTurn = false;
    const begin = (): void => {
      isItsTurn = true;
      this.#busy += 1;
      onTurn();
    };
    this.#waiting.add(begin);
    this.#beginNext();
    return {
      get isItsTurn() {
        return isItsTurn;
      },
      leave: () => {
        this.#waiting.delete(begin);
        if (isItsTurn) this.#busy -= 1;
        this.#beginNext();
      },
    };
  }

  #beginNext(): void {
    const [next] = this.#waiting;
    if (next === undefined || this.#busy >= this.#most) return;
    this.#waiting.delete(next);
    next();
  }
}
