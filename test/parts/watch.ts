import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, type ApiClient } from './api-client.ts';
import type { KubernetesObject, List, WatchEvent } from './objects.ts';

const RETRY_MS = 200;

/** The changes of a collection after `resourceVersion`, until `signal` or the API server ends it. */
export async function* watch<T extends KubernetesObject>(
  client: ApiClient,
  collection: string,
  resourceVersion: string,
  signal?: AbortSignal,
): AsyncGenerator<WatchEvent<T>> {
  const url = new URL(collection, 'https://server');
  url.searchParams.set('watch', '1');
  url.searchParams.set('resourceVersion', resourceVersion);
  for await (const line of client.lines(`${url.pathname}${url.search}`, signal)) {
    const event = JSON.parse(line) as WatchEvent<T> | { type: 'ERROR'; object: unknown };
    if (event.type === 'ERROR') throw new ApiError(`watch ${collection}`, 410, JSON.stringify(event.object));
    yield event;
  }
}

export interface SeenOptions {
  /** Finishes the sentence "gave up waiting until ...". */
  what: string;
  timeoutMs: number;
}

/**
 * Watches a collection until `isSo` holds for all the objects in it, and returns these.
 * Begins anew when the watch breaks, so it lives through an API server that is away.
 */
export async function seen<T extends KubernetesObject>(
  client: ApiClient,
  collection: string,
  isSo: (objects: T[]) => boolean,
  options: SeenOptions,
): Promise<T[]> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  let present = new Map<string | undefined, T>();
  let cause: unknown;
  const isOver = (): boolean => timeout.aborted;
  while (!isOver()) {
    try {
      const { items, metadata } = await client.call<List<T>>('GET', collection);
      present = new Map(items.map((object) => [object.metadata.uid, object]));
      if (isSo(items)) return items;
      for await (const { type, object } of watch<T>(client, collection, metadata.resourceVersion, timeout)) {
        if (type === 'DELETED') present.delete(object.metadata.uid);
        else present.set(object.metadata.uid, object);
        if (isSo([...present.values()])) return [...present.values()];
      }
    } catch (error) {
      cause = error;
    }
    if (!isOver()) await sleep(RETRY_MS);
  }
  const names = [...present.values()].map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`);
  const there = `${names.length} objects there: ${names.join(' ').slice(0, 500)}`;
  throw new Error(`Gave up after ${options.timeoutMs} ms waiting until ${options.what} (${there})`, {
    cause,
  });
}
