import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { ApiClient } from './api-client.ts';
import { ApiError, type Urgency } from './cluster.ts';
import { watchEvents, type WatchEvent } from './watch-events.ts';

export interface Collection<View> {
  /** As RBAC names it. */
  readonly resource: string;
  readonly path: string;
  /** undefined: not one of those that are looked for. */
  readonly toView: (object: unknown) => View | undefined;
  /** What works without the right to know, for the operator. */
  readonly without: string;
}

interface ListedObject {
  readonly metadata?: { readonly uid?: string; readonly resourceVersion?: string };
}

interface Page {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly ListedObject[];
}

const pageSize = 500;
const watchSeconds = 60;
const shortestPauseMs = 200;
const longestPauseMs = 10_000;

/** All objects of a collection, and all of them again after each change: for collections that are small once trimmed. */
export class Snapshots {
  readonly #clock: Clock;
  readonly #client: ApiClient;
  readonly #logger: Logger;
  readonly #told = new Set<string>();

  constructor(modules: { readonly clock: Clock; readonly client: ApiClient; readonly logger: Logger }) {
    this.#clock = modules.clock;
    this.#client = modules.client;
    this.#logger = modules.logger;
  }

  /** Ends without the right to list or watch, which is said once. @throws the signal's reason */
  async *follow<View>(
    collection: Collection<View>,
    urgency: Urgency,
    signal: AbortSignal,
  ): AsyncGenerator<readonly View[]> {
    for (let pauseMs = shortestPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
      try {
        const views = new Map<string, View>();
        let version = await this.#list(collection, views, urgency, signal);
        yield [...views.values()];
        for (;;) {
          const startedAt = this.#clock.now();
          const { resource, path } = collection;
          const watched = { resource, path, watchSeconds };
          for await (const event of watchEvents(this.#client, watched, version, urgency, signal)) {
            version = event.object?.metadata?.resourceVersion ?? version;
            if (apply(event, views, collection)) yield [...views.values()];
          }
          if (this.#clock.now() - startedAt < longestPauseMs) await this.#clock.sleep(pauseMs, signal);
          else pauseMs = shortestPauseMs;
        }
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof ApiError && (error.status === 403 || error.status === 404)) {
          this.#tellMissing(collection, error);
          return;
        }
        await this.#clock.sleep(pauseMs, signal);
      }
    }
  }

  async #list<View>(
    { resource, path, toView }: Collection<View>,
    views: Map<string, View>,
    urgency: Urgency,
    signal: AbortSignal,
  ): Promise<string> {
    const query = new URLSearchParams({ limit: String(pageSize) });
    for (;;) {
      const page = (await this.#client.expect({
        verb: 'list',
        resource,
        path: `${path}?${query.toString()}`,
        urgency,
        signal,
      })) as Page;
      for (const item of page.items ?? []) {
        const view = toView(item);
        if (view !== undefined) views.set(item.metadata?.uid ?? '', view);
      }
      const next = page.metadata?.continue ?? '';
      if (next === '') return page.metadata?.resourceVersion ?? '';
      query.set('continue', next);
    }
  }

  #tellMissing(
    { resource, without }: Pick<Collection<unknown>, 'resource' | 'without'>,
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

function apply<View>(event: WatchEvent, views: Map<string, View>, { toView }: Collection<View>): boolean {
  const uid = event.object?.metadata?.uid;
  if (uid === undefined) return false;
  const view = event.type === 'ADDED' || event.type === 'MODIFIED' ? toView(event.object) : undefined;
  if (view !== undefined) {
    views.set(uid, view);
    return true;
  }
  return views.delete(uid);
}
