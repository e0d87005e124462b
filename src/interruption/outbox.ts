/**
 * What waits to be pulled, in the order in which it came. An item is in it at most once, so that however
 * long nobody pulls, there is never more here than there are signals.
 */
export class Outbox<Item> {
  readonly #items = new Set<Item>();
  #wake: (() => void) | undefined;

  put(item: Item): void {
    this.#items.add(item);
    this.#wake?.();
  }

  remove(item: Item): void {
    this.#items.delete(item);
  }

  /** Takes out all that nobody has pulled. */
  drain(): readonly Item[] {
    const items = [...this.#items];
    this.#items.clear();
    return items;
  }

  /** The next item, as soon as there is one; undefined once the signal is aborted. */
  async take(signal: AbortSignal): Promise<Item | undefined> {
    while (!signal.aborted) {
      for (const item of this.#items) {
        this.#items.delete(item);
        return item;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      signal.addEventListener('abort', this.#wake, { once: true });
      await promise;
      signal.removeEventListener('abort', this.#wake);
      this.#wake = undefined;
    }
    return undefined;
  }
}
