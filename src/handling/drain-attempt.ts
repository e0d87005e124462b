import { NodeDrain, type DrainModules, type NodeDrainOptions } from '../drain/drain-node.ts';
import type { DrainGoal } from '../drain/plan.ts';
import type { DrainReport } from '../drain/report.ts';

/** A drain that can be broken off when there is no more reason for it. */
export class DrainAttempt {
  readonly #drain: NodeDrain;
  readonly #broken = new AbortController();

  constructor(options: NodeDrainOptions, modules: DrainModules) {
    this.#drain = new NodeDrain(options, modules);
  }

  moveGoal(goal: DrainGoal): void {
    this.#drain.moveGoal(goal);
  }

  /** Whoever was not asked is left alone. */
  breakOff(): void {
    this.#broken.abort();
  }

  /** Runs once. @returns undefined where it was broken off @throws the signal's reason */
  async run(signal: AbortSignal): Promise<DrainReport | undefined> {
    const forward = (): void => {
      this.#broken.abort(signal.reason);
    };
    signal.addEventListener('abort', forward, { once: true });
    try {
      signal.throwIfAborted();
      return await this.#drain.run(this.#broken.signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!this.#broken.signal.aborted) throw error;
      return undefined;
    } finally {
      signal.removeEventListener('abort', forward);
    }
  }
}
