import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { ApiClient } from './api-client.ts';
import { ApiError, type Urgency } from './cluster.ts';
import { watchEvents, type WatchedPath, type WatchEvent } from './watch-events.ts';

/** A collection that is followed, and what its events are to who follows it. */
export interface Followed<Change> extends WatchedPath {
  /** All of it, and the version from which a watch goes on. */
  list(): Promise<{ readonly change?: Change; readonly version: string }>;
  /** undefined: nothing that has to be told, such as a bookmark. */
  toChange(event: WatchEvent): Change | undefined;
  /** Without the right to watch: resolves when the list is wanted again. */
  untilListIsWanted(): Promise<void>;
  /** What is done without that right, for the operator. */
  readonly instead: string;
  /** So many watches in a row that fail and tell nothing are followed by a list. */
  readonly failuresBeforeList: number;
  /** A watch has told something, or ended in good order because there was nothing to tell. */
  readonly onHeard?: () => void;
  /** A list or watch failed; it is tried again in any case. */
  readonly onFailure?: (error: unknown) => void;
}

const shortestPauseMs = 100;
const longestPauseMs = 5_000;

/** A right that was missing may have been granted meanwhile. */
const refusalHoldsMs = 600_000;

/** What one `follow` has learnt. */
interface Progress {
  /** undefined: only a list can tell. */
  version: string | undefined;
  isWatching: boolean;
  /** Watches in a row that were forbidden. */
  refusals: number;
  refusedAt: number;
  /** Watches in a row that failed and told nothing. */
  failures: number;
}

/**
 * Follows a collection by WATCH, from the version of a list. A closed or silent watch is taken up where it ended; an
 * expired version (410) lists again, as does a watch that fails time and again; without the right to watch the
 * collection is listed when that is wanted.
 */
export class WatchLoop {
  readonly #clock: Clock;
  readonly #client: ApiClient;
  readonly #logger: Logger;
  #toldMissingRight = false;

  constructor(modules: { readonly clock: Clock; readonly client: ApiClient; readonly logger: Logger }) {
    this.#clock = modules.clock;
    this.#client = modules.client;
    this.#logger = modules.logger;
  }

  /**
   * @param from undefined: begins with a list
   * @throws the signal's reason, which is its only end
   */
  async *follow<Change>(
    followed: Followed<Change>,
    from: string | undefined,
    urgency: Urgency,
    signal: AbortSignal,
  ): AsyncGenerator<Change> {
    const progress: Progress = { version: from, isWatching: false, refusals: 0, refusedAt: 0, failures: 0 };
    let pauseMs = shortestPauseMs;
    for (;;) {
      const startedAt = this.#clock.now();
      try {
        progress.isWatching = false;
        if (progress.version === undefined) {
          const { change, version } = await followed.list();
          progress.version = version;
          if (change !== undefined) yield change;
        }
        if (this.#mayWatch(progress)) {
          progress.isWatching = true;
          for await (const event of watchEvents(this.#client, followed, progress.version, urgency, signal)) {
            progress.failures = 0;
            progress.refusals = 0;
            progress.version = event.object?.metadata?.resourceVersion ?? progress.version;
            followed.onHeard?.();
            const change = followed.toChange(event);
            if (change !== undefined) yield change;
          }
          followed.onHeard?.();
        }
      } catch (error) {
        signal.throwIfAborted();
        this.#learn(progress, error, followed);
      }
      if (this.#mayWatch(progress) || progress.version === undefined) {
        // A server that closes or refuses every watch at once is not hammered.
        const livedLong = this.#clock.now() - startedAt > longestPauseMs;
        pauseMs = livedLong ? shortestPauseMs : Math.min(longestPauseMs, pauseMs * 2);
        await this.#clock.sleep(pauseMs * (0.5 + Math.random() / 2), signal);
      } else {
        await followed.untilListIsWanted();
        progress.version = undefined;
      }
    }
  }

  #mayWatch({ refusals, refusedAt }: Progress): boolean {
    return refusals < 2 || this.#clock.now() - refusedAt > refusalHoldsMs;
  }

  #learn(progress: Progress, error: unknown, followed: Followed<unknown>): void {
    const status = error instanceof ApiError ? error.status : undefined;
    if (progress.isWatching && status === 403) {
      // An API server that has just started says no to everybody until it has read its rules: once proves nothing.
      progress.refusals += 1;
      progress.refusedAt = this.#clock.now();
      if (progress.refusals > 1) {
        this.#tellMissingRight(followed, error);
        return;
      }
    } else if (progress.isWatching) progress.refusals = 0;
    // That a version or a page has expired is no trouble.
    if (status !== 410) followed.onFailure?.(error);
    progress.failures += 1;
    // What is between us and the server may let no watch through, without saying so.
    if (status === 410 || progress.failures > followed.failuresBeforeList || !progress.isWatching) {
      progress.version = undefined;
    }
  }

  #tellMissingRight({ resource, instead }: Followed<unknown>, error: unknown): void {
    if (this.#toldMissingRight) return;
    this.#toldMissingRight = true;
    this.#logger.warn(
      `Not allowed to watch ${resource}, ${instead} instead: add the verb "watch" on "${resource}" to the ClusterRole`,
      { error },
    );
  }
}
