import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { ApiClient } from './api-client.ts';
import { ApiError, type PodChange, type PodView, type Urgency } from './cluster.ts';
import { toPodView, type PodObject } from './views.ts';

export interface PodList {
  readonly pods: readonly PodView[];
  readonly version: string;
}

interface WatchEvent {
  readonly type?: string;
  readonly object?: PodObject & { readonly code?: number };
}

/** Short, so that a connection that died without a word costs little of a two-minute notice. */
const watchSeconds = 30;

/** Without the right to watch, the pods are listed this often. */
const pollMs = 2_000;

const shortestPauseMs = 100;
const longestPauseMs = 5_000;

/** What one `follow` has learnt. */
interface Progress {
  /** undefined: only a list can tell. */
  version: string | undefined;
  mayWatch: boolean;
  isWatching: boolean;
  /** Watches in a row that were forbidden. */
  refusals: number;
  /** Watches in a row that failed and told nothing. */
  failures: number;
}

/**
 * Follows the pods of one node by WATCH, from the version of a list. A closed or silent watch is taken up where
 * it ended; an expired version (410) lists again, as does a watch that fails time and again; without the right
 * to watch the list is polled.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
export class PodChanges {
  readonly #clock: Clock;
  readonly #client: ApiClient;
  readonly #logger: Logger;
  #toldMissingRight = false;

  constructor(modules: { readonly clock: Clock; readonly client: ApiClient; readonly logger: Logger }) {
    this.#clock = modules.clock;
    this.#client = modules.client;
    this.#logger = modules.logger;
  }

  /** Ends by throwing the signal's reason. */
  async *follow(
    node: string,
    from: string,
    urgency: Urgency,
    list: () => Promise<PodList>,
    signal: AbortSignal,
  ): AsyncGenerator<PodChange> {
    const progress: Progress = { version: from, mayWatch: true, isWatching: false, refusals: 0, failures: 0 };
    let pauseMs = shortestPauseMs;
    for (;;) {
      const startedAt = this.#clock.now();
      try {
        progress.isWatching = false;
        if (progress.version === undefined || !progress.mayWatch) {
          const { pods, version } = await list();
          progress.version = version;
          yield { type: 'all', pods };
        }
        if (progress.mayWatch) {
          progress.isWatching = true;
          for await (const event of this.#watch(node, progress.version, urgency, signal)) {
            progress.failures = 0;
            progress.version = event.object?.metadata?.resourceVersion ?? progress.version;
            const change = toChange(event);
            if (change) yield change;
          }
        }
      } catch (error) {
        signal.throwIfAborted();
        this.#learn(progress, error);
      }
      // A server that closes or refuses every watch at once is not hammered.
      const livedLong = this.#clock.now() - startedAt > longestPauseMs;
      pauseMs = livedLong ? shortestPauseMs : Math.min(longestPauseMs, pauseMs * 2);
      await this.#clock.sleep(progress.mayWatch ? pauseMs * (0.5 + Math.random() / 2) : pollMs, signal);
    }
  }

  #learn(progress: Progress, error: unknown): void {
    const status = error instanceof ApiError ? error.status : undefined;
    // An API server that has just started says no to everybody until it has read its rules: once proves nothing.
    progress.refusals = progress.isWatching && status === 403 ? progress.refusals + 1 : 0;
    if (progress.refusals > 1) {
      progress.mayWatch = false;
      this.#tellMissingRight(error);
      return;
    }
    progress.failures += 1;
    // What is between us and the server may let no watch through, without saying so.
    if (status === 410 || progress.failures > 1) progress.version = undefined;
  }

  async *#watch(
    node: string,
    version: string,
    urgency: Urgency,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent> {
    const query = new URLSearchParams({
      watch: 'true',
      fieldSelector: `spec.nodeName=${node}`,
      resourceVersion: version,
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(watchSeconds),
    });
    const path = `/api/v1/pods?${query.toString()}`;
    const events = this.#client.watch(
      { verb: 'watch', resource: 'pods', path, urgency, signal },
      watchSeconds,
    ) as AsyncGenerator<WatchEvent>;
    for await (const event of events) {
      if (event.type === 'ERROR') {
        throw new ApiError('Cannot watch pods: the server ended the watch with an error', {
          status: event.object?.code,
        });
      }
      yield event;
    }
  }

  #tellMissingRight(error: unknown): void {
    if (this.#toldMissingRight) return;
    this.#toldMissingRight = true;
    this.#logger.warn(
      `Not allowed to watch pods, listing them every ${pollMs / 1000} s instead: add the verb "watch" on "pods" to the ClusterRole`,
      { error },
    );
  }
}

function toChange(event: WatchEvent): PodChange | undefined {
  const uid = event.object?.metadata?.uid;
  if (!event.object || uid === undefined) return undefined;
  if (event.type === 'DELETED') return { type: 'gone', uid };
  if (event.type === 'ADDED' || event.type === 'MODIFIED') {
    return { type: 'present', pod: toPodView(event.object) };
  }
  return undefined;
}
