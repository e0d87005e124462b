/** Posts under way at a time. */
const mostAtOnce = 4;

export interface WebhookQueueOptions<T> {
  /** More than this wait; the oldest gives way. */
  readonly capacity: number;
  readonly keyOf: (item: T) => string;
  readonly work: (item: T, signal: AbortSignal) => Promise<void>;
  readonly onDropped: (items: number) => void;
}

/** Does its work in the background, a few at a time; what has the same key one after the other, in its order. */
export class WebhookQueue<T> {
  readonly #options: WebhookQueueOptions<T>;
  readonly #waiting: T[] = [];
  readonly #running = new Map<string, Promise<void>>();
  readonly #killing = new AbortController();

  constructor(options: WebhookQueueOptions<T>) {
    this.#options = options;
  }

  add(item: T): void {
    this.#waiting.push(item);
    if (this.#waiting.length > this.#options.capacity) {
      this.#waiting.shift();
      this.#options.onDropped(1);
    }
    this.#begin();
  }

  /** How many are not done with. */
  get pending(): number {
    return this.#waiting.length + this.#running.size;
  }

  /** Resolves when all is done. */
  async emptied(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  /** Gives up what is left. */
  async kill(): Promise<void> {
    const lost = this.pending;
    this.#waiting.length = 0;
    this.#killing.abort(new Error('the daemon ends'));
    await this.emptied();
    if (lost > 0) this.#options.onDropped(lost);
  }

  #begin(): void {
    while (this.#running.size < mostAtOnce) {
      const { keyOf } = this.#options;
      const next = this.#waiting.findIndex((waiting) => !this.#running.has(keyOf(waiting)));
      const [item] = next < 0 ? [] : this.#waiting.splice(next, 1);
      if (item === undefined) return;
      const key = keyOf(item);
      const task = this.#options
        .work(item, this.#killing.signal)
        .catch(() => {})
        .finally(() => {
          this.#running.delete(key);
          this.#begin();
        });
      this.#running.set(key, task);
    }
  }
}
