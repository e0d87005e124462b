import type { Clock } from '../../clock.ts';

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly done: PromiseWithResolvers<Result>;
}

export interface BatcherOptions {
  readonly most: number;
  /** How long others are waited for. */
  readonly gatherMs: number;
}

export interface BatcherModules<Item, Result> {
  readonly clock: Clock;
  /** Does the work for all; a result for each, in their order. */
  readonly run: (items: readonly Item[]) => Promise<readonly Result[]>;
}

/** Gathers what is asked for at about the same time into calls for several. */
export class Batcher<Item, Result> {
  readonly #options: BatcherOptions;
  readonly #modules: BatcherModules<Item, Result>;
  #waiting: Waiting<Item, Result>[] = [];

  constructor(options: BatcherOptions, modules: BatcherModules<Item, Result>) {
    this.#options = options;
    this.#modules = modules;
  }

  /** @throws what the call for it threw */
  add(item: Item): Promise<Result> {
    const waiting = { item, done: Promise.withResolvers<Result>() };
    this.#waiting.push(waiting);
    if (this.#waiting.length >= this.#options.most) void this.#flush();
    else if (this.#waiting.length === 1) void this.#flushSoon(this.#waiting);
    return waiting.done.promise;
  }

  async #flushSoon(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    await this.#modules.clock.sleep(this.#options.gatherMs);
    // It may have been filled, and gone, meanwhile.
    if (this.#waiting === batch) await this.#flush();
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    try {
      const results = await this.#modules.run(batch.map(({ item }) => item));
      for (const [index, { done }] of batch.entries()) done.resolve(results[index] as Result);
    } catch (error) {
      for (const { done } of batch) done.reject(error);
    }
  }
}
