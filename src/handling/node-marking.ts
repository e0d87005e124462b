import type { Clock } from '../clock.ts';
import { errorText } from '../error-text.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { Cluster, MarkResult, Marks } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import { isPushback } from '../pushback.ts';
import { Change } from './change.ts';

/** A mark that failed is tried again after this, then after twice as long each time. */
const shortestBackOffMs = 250;
const longestBackOffMs = 10_000;

/** Trouble that lasts is told again after this. */
const tellAgainMs = 600_000;

export interface NodeMarkingOptions {
  readonly node: string;
  /** There is nothing to mark any more where the Node is gone. Otherwise its name must be wrong, which is told. */
  readonly mayVanish: boolean;
  /** Read before each attempt, so that it marks for what has joined meanwhile. */
  readonly marks: () => Marks;
  /**
   * @param trouble why it did not succeed
   * @param wasMarked there was nothing left to write
   */
  readonly onAttempt: (trouble: string | undefined, wasMarked: boolean) => void;
}

export interface NodeMarkingModules {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly logger: Logger;
}

/**
 * Keeps one node marked for all that is known about it. A missing Node or a failing API server is told once, and
 * again each ten minutes; it blocks nobody who does not wait for it.
 */
export class NodeMarking {
  readonly #options: NodeMarkingOptions;
  readonly #modules: NodeMarkingModules;
  #wanted = 1;
  #held = 0;
  #trouble: string | undefined = 'it has not been tried';
  readonly #change = new Change();

  constructor(options: NodeMarkingOptions, modules: NodeMarkingModules) {
    this.#options = options;
    this.#modules = modules;
  }

  get isUpToDate(): boolean {
    return this.#held === this.#wanted;
  }

  /** There is more to mark the node for. */
  request(): void {
    this.#wanted += 1;
    this.#change.tell();
  }

  /** Why the node carries none of our marks; undefined once it does. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /**
   * Waits until an attempt has ended or there is more to mark the node for, but no longer than until `until`.
   * @throws the signal's reason
   */
  async change(until: Instant | undefined, signal: AbortSignal): Promise<void> {
    const { clock } = this.#modules;
    if (until === undefined) await this.#change.next(signal);
    else await this.#change.within(until - clock.now(), clock, signal);
  }

  /** Marks at once, and again at each request. Ends by throwing the signal's reason. */
  async run(signal: AbortSignal): Promise<never> {
    for (;;) {
      if (this.isUpToDate) {
        await this.#change.next(signal);
        continue;
      }
      const wanted = this.#wanted;
      await this.#untilMarked(signal);
      this.#held = wanted;
      this.#change.tell();
    }
  }

  async #untilMarked(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#modules;
    let toldAt: number | undefined;
    let backOffMs = shortestBackOffMs;
    for (;;) {
      const result = await this.#attempt(signal);
      if (result === 'no-such-node' && this.#options.mayVanish) {
        if (this.#trouble !== undefined) logger.info('The node is gone from the cluster');
        this.#trouble = undefined;
        return;
      }
      const succeeded = result === 'marked' || result === 'was-marked';
      this.#options.onAttempt(succeeded ? undefined : this.#textOf(result), result === 'was-marked');
      if (succeeded) {
        this.#trouble = undefined;
        return;
      }
      if (this.#trouble !== undefined) this.#trouble = this.#textOf(result);
      this.#change.tell();
      if (toldAt === undefined || clock.now() - toldAt >= tellAgainMs) {
        toldAt = clock.now();
        this.#tell(result);
      }
      if (isPushback(result)) continue;
      await clock.sleep(backOffMs, signal);
      backOffMs = Math.min(longestBackOffMs, backOffMs * 2);
    }
  }

  async #attempt(signal: AbortSignal): Promise<MarkResult | Error> {
    try {
      return await this.#modules.cluster.markNode(this.#options.node, this.#options.marks(), signal);
    } catch (error) {
      signal.throwIfAborted();
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  #textOf(result: MarkResult | Error): string {
    if (result instanceof Error) return errorText(result);
    return `there is no Node of the name "${this.#options.node}"`;
  }

  #tell(result: MarkResult | Error): void {
    const { logger } = this.#modules;
    if (result instanceof Error) {
      logger.error('Cannot mark the node, trying again', { error: result });
    } else {
      logger.error(
        'Cannot mark the node, trying again: there is no Node of this name; node-name must be what "kubectl get nodes" shows',
        { looked_for: this.#options.node },
      );
    }
  }
}
