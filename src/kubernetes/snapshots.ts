import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { ApiClient } from './api-client.ts';
import { ApiError, type Urgency } from './cluster.ts';
import { SharedSnapshot } from './shared-snapshot.ts';
import { watchEvents, type WatchEvent } from './watch-events.ts';

export interface Collection<View, Snapshot> {
  /** As RBAC names it. */
  readonly resource: string;
  readonly path: string;
  /** undefined: not one of those that are looked for. */
  readonly toView: (object: unknown) => View | undefined;
  /** Made once for all who follow. */
  readonly toSnapshot: (views: Iterable<View>) => Snapshot;
  /** What works without the right to know, for the operator. */
  readonly without: string;
}

interface ListedObject {
  readonly metadata?: { readonly uid?: string };
}

interface Page {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
}

const pageSize = 500;
const watchSeconds = 60;
const shortestPauseMs = 200;
const longestPauseMs = 10_000;

/**
 * All objects of a collection, and all of them again after changes: for collections that are small once trimmed.
 * However many drains follow one, it is listed and watched once.
 */
export class Snapshots {
  readonly #clock: Clock;
  readonly #client: ApiClient;
  readonly #logger: Logger;
  readonly #told = new Set<string>();
  /** By path. */
  readonly #shared = new Map<string, SharedSnapshot<unknown>>();

  constructor(modules: { readonly clock: Clock; readonly client: ApiClient; readonly logger: Logger }) {
    this.#clock = modules.clock;
    this.#client = modules.client;
    this.#logger = modules.logger;
  }

  /** Ends without the right to list or watch, which is said once. @throws the signal's reason */
  follow<View, Snapshot>(
    collection: Collection<View, Snapshot>,
    urgency: Urgency,
    signal: AbortSignal,
  ): AsyncGenerator<Snapshot, void, undefined> {
    const { path } = collection;
    const known = this.#shared.get(path) as SharedSnapshot<Snapshot> | undefined;
    if (known) return known.follow(signal);
    const shared = new SharedSnapshot<Snapshot>({ clock: this.#clock });
    this.#shared.set(path, shared);
    const followed = shared.follow(signal);
    const forget = (): void => {
      if (this.#shared.get(path) === shared) this.#shared.delete(path);
    };
    shared.unwanted.addEventListener('abort', forget, { once: true });
    this.#run(collection, shared, urgency)
      // That nobody wants it any more.
      .catch(() => {})
      .finally(() => {
        forget();
        shared.end();
      });
    return followed;
  }

  async #run<View, Snapshot>(
    collection: Collection<View, Snapshot>,
    shared: SharedSnapshot<Snapshot>,
    urgency: Urgency,
  ): Promise<void> {
    const signal = shared.unwanted;
    let pauseMs = shortestPauseMs;
    let refusals = 0;
    for (;;) {
      const startedAt = this.#clock.now();
      try {
        const views = new Map<string, View>();
        const update = (): void => shared.update(() => collection.toSnapshot(views.values()));
        let version = await this.#list(collection, views, urgency, signal);
        update();
        for (;;) {
          const watchedAt = this.#clock.now();
          const { resource, path } = collection;
          const watched = { resource, path, watchSeconds };
          for await (const event of watchEvents(this.#client, watched, version, urgency, signal)) {
            version = event.object?.metadata?.resourceVersion ?? version;
            if (apply(event, views, collection)) update();
          }
          refusals = 0;
          pauseMs = this.#pauseAfter(watchedAt, pauseMs);
          // A server that closes every watch at once is not hammered.
          if (pauseMs > shortestPauseMs) await this.#clock.sleep(pauseMs, signal);
        }
      } catch (error) {
        signal.throwIfAborted();
        const status = error instanceof ApiError ? error.status : undefined;
        // An API server that has just started says no to everybody until it has read its rules: once proves nothing.
        refusals = status === 403 ? refusals + 1 : 0;
        if (error instanceof ApiError && (refusals > 1 || status === 404)) {
          this.#tellMissing(collection, error);
          return;
        }
        pauseMs = this.#pauseAfter(startedAt, pauseMs);
        await this.#clock.sleep(pauseMs, signal);
      }
    }
  }

  /** Longer each time, unless what began then went well for a while. */
  #pauseAfter(startedAt: number, pauseMs: number): number {
    const livedLong = this.#clock.now() - startedAt > longestPauseMs;
    return livedLong ? shortestPauseMs : Math.min(longestPauseMs, pauseMs * 2);
  }

  async #list<View>(
    { resource, path, toView }: Collection<View, unknown>,
    views: Map<string, View>,
    urgency: Urgency,
    signal: AbortSignal,
  ): Promise<string> {
    const query = new URLSearchParams({ limit: String(pageSize) });
    for (;;) {
      const request = {
        verb: 'list',
        resource,
        path: `${path}?${query.toString()}`,
        urgency,
        signal,
      } as const;
      const { list } = await this.#client.list(request, (item) => {
        const view = toView(item);
        if (view !== undefined) views.set((item as ListedObject).metadata?.uid ?? '', view);
      });
      const { metadata } = list as Page;
      const next = metadata?.continue ?? '';
      if (next === '') return metadata?.resourceVersion ?? '';
      query.set('continue', next);
    }
  }

  #tellMissing(
    { resource, without }: Pick<Collection<unknown, unknown>, 'resource' | 'without'>,
    error: ApiError,
  ): void {
    if (this.#told.has(resource)) return;
    this.#told.add(resource);
    if (error.status === 404) {
      this.#logger.warn(`The API server does not know ${resource}, ${without}`, { error });
    } else {
      this.#logger.warn(
        `Not allowed to list and watch ${resource}, ${without}: add the verbs "list" and "watch" on "${resource}" to the ClusterRole`,
        { error },
      );
    }
  }
}

function apply<View>(
  event: WatchEvent,
  views: Map<string, View>,
  { toView }: Pick<Collection<View, unknown>, 'toView'>,
): boolean {
  const uid = event.object?.metadata?.uid;
  if (uid === undefined) return false;
  const view = event.type === 'ADDED' || event.type === 'MODIFIED' ? toView(event.object) : undefined;
  if (view !== undefined) {
    views.set(uid, view);
    return true;
  }
  return views.delete(uid);
}
