/**
 * How far the work is for all that a message names, by interruption: it outlasts the times at which the message is held.
 * Hundreds of messages are held in a burst, and of most there is nothing to be told until they are settled.
 */
export class Progress {
  #done: Set<string> | undefined;
  #releases: Map<string, number> | undefined;

  isDone(interruptionId: string): boolean {
    return this.#done?.has(interruptionId) === true;
  }

  finished(interruptionId: string): void {
    this.#done ??= new Set();
    this.#done.add(interruptionId);
    this.#releases?.delete(interruptionId);
  }

  /** Its work was not done. @returns how often in a row that was so by now */
  released(id: string): number {
    this.#releases ??= new Map();
    const releases = (this.#releases.get(id) ?? 0) + 1;
    this.#releases.set(id, releases);
    return releases;
  }
}
