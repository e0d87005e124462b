import { forgetOldest } from '../../forget-oldest.ts';
import type { Progress } from './progress.ts';

/** So many messages are remembered; the oldest is forgotten first. */
const mostRemembered = 5000;

/**
 * What is known of a message that is not held any more and may come again.
 * - `settled`: its work is done, and it is to be deleted
 * - `left`: it is to stay in the queue, and nothing more is said of it
 * - `unfinished`: it is to be worked for again
 */
export type Remembered =
  | { readonly state: 'settled' | 'left' }
  | { readonly state: 'unfinished'; readonly progress: Progress };

/** Remembers messages by their ids, so that none is worked for, or told of, twice. */
export class MessageMemory {
  readonly #messages = new Map<string, Remembered>();

  get(id: string): Remembered | undefined {
    return this.#messages.get(id);
  }

  settled(id: string): void {
    this.#put(id, { state: 'settled' });
  }

  left(id: string): void {
    this.#put(id, { state: 'left' });
  }

  unfinished(id: string, progress: Progress): void {
    this.#put(id, { state: 'unfinished', progress });
  }

  #put(id: string, remembered: Remembered): void {
    // What is put again is the newest.
    this.#messages.delete(id);
    this.#messages.set(id, remembered);
    forgetOldest(this.#messages, mostRemembered);
  }
}
