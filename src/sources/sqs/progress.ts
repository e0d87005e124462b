/** How far the work is for all that a message names, by interruption: it outlasts the times at which the message is held. */
export class Progress {
  readonly #done = new Set<string>();
  readonly #releases = new Map<string, number>();

  isDone(interruptionId: string): boolean {
    return this.#done.has(interruptionId);
  }

  finished(interruptionId: string): void {
    this.#done.add(interruptionId);
    this.#releases.delete(interruptionId);
  }

  /** Its work was not done. @returns how often in a row that was so by now */
  released(id: string): number {
    const releases = (this.#releases.get(id) ?? 0) + 1;
    this.#releases.set(id, releases);
    return releases;
  }
}
