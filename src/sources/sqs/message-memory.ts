/** So many messages are remembered; the oldest is forgotten first. */
const mostRemembered = 5000;

/**
 * What is known of a message that is not held any more and may come again.
 * - `settled`: its work is done, and it is to be deleted
 * - `left`: it is to stay in the queue, and nothing more is said of it
 * - `unfinished`: it is to be worked for again
 */
export interface Remembered {
  readonly state: 'settled' | 'left' | 'unfinished';
  /** Of an unfinished one: the interruptions of which the work is done. */
  readonly done: ReadonlySet<string>;
  /** Of an unfinished one: how often it was given back in a row. */
  readonly releases: number;
}

const nothingDone: ReadonlySet<string> = new Set();

/** Remembers messages by their ids, so that none is worked for, or told of, twice. */
export class MessageMemory {
  readonly #messages = new Map<string, Remembered>();

  get(id: string): Remembered | undefined {
    return this.#messages.get(id);
  }

  settled(id: string): void {
    this.#put(id, { state: 'settled', done: nothingDone, releases: 0 });
  }

  left(id: string): void {
    this.#put(id, { state: 'left', done: nothingDone, releases: 0 });
  }

  /** @returns how often it was given back by now */
  unfinished(id: string, done: ReadonlySet<string>): number {
    const releases = (this.#messages.get(id)?.releases ?? 0) + 1;
    this.#put(id, { state: 'unfinished', done, releases });
    return releases;
  }

  #put(id: string, remembered: Remembered): void {
    // What is put again is the newest.
    this.#messages.delete(id);
    this.#messages.set(id, remembered);
    for (const oldest of this.#messages.keys()) {
      if (this.#messages.size <= mostRemembered) break;
      this.#messages.delete(oldest);
    }
  }
}
