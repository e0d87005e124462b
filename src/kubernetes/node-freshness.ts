import type { Clock } from '../clock.ts';
import type { Condition } from '../health.ts';
import type { Logger } from '../logger.ts';

/** After the end of a watch that tells nothing, until the next one has told something. */
const marginMs = 20_000;

/** Trouble that lasts is told again after this. */
const tellAgainMs = 600_000;

/** How far the node index can be believed, told in the log and by the readiness probe. */
export class NodeFreshness {
  readonly #trustMs: number;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #condition: Condition;
  #heardAt: number | undefined;
  #toldAt: number | undefined;
  /** Whether changes are told by a watch. */
  isWatched = true;

  constructor(
    options: { readonly watchSeconds: number },
    modules: { readonly clock: Clock; readonly logger: Logger; readonly condition: Condition },
  ) {
    this.#trustMs = options.watchSeconds * 1000 + marginMs;
    this.#clock = modules.clock;
    this.#logger = modules.logger;
    this.#condition = modules.condition;
    this.#condition.notReady('the nodes of the cluster have not been listed yet');
  }

  /** Whether anything is known at all. */
  get isKnown(): boolean {
    return this.#heardAt !== undefined;
  }

  /** Whether changes are told, and the API server was heard of not long ago. */
  get isCurrent(): boolean {
    return this.isWatched && this.isOf(this.#trustMs);
  }

  /** Whether the API server was heard of within the last `ms`. */
  isOf(ms: number): boolean {
    return this.#heardAt !== undefined && Math.abs(this.#clock.now() - this.#heardAt) < ms;
  }

  /** The API server has told something, if only that there is nothing new. */
  heard(): void {
    this.#heardAt = this.#clock.now();
    if (this.#toldAt !== undefined) this.#logger.info('The nodes of the cluster are known again');
    this.#toldAt = undefined;
    this.#condition.ready();
  }

  /** A watch that breaks off is no trouble before the index is out of date. */
  failed(error: unknown): void {
    if (this.isCurrent) return;
    const now = this.#clock.now();
    this.#condition.notReady(error instanceof Error ? error.message : String(error));
    if (this.#toldAt !== undefined && Math.abs(now - this.#toldAt) < tellAgainMs) return;
    this.#toldAt = now;
    this.#logger.warn('Cannot follow the nodes of the cluster, trying again', { error });
  }
}
