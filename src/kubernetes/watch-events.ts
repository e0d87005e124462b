import type { ApiClient } from './api-client.ts';
import { ApiError, type Urgency } from './cluster.ts';

/** What is watched, and for how long at a time. */
export interface WatchedPath {
  /** As RBAC names it. */
  readonly resource: string;
  readonly path: string;
  readonly selection?: Readonly<Record<string, string>>;
  /** The server closes a watch after this; one that died without a word costs little more. */
  readonly watchSeconds: number;
  /** Reads a line. @default all of it */
  readonly read?: (line: string) => WatchEvent;
}

export interface WatchEvent {
  readonly type?: string;
  readonly object?: {
    readonly metadata?: { readonly name?: string; readonly uid?: string; readonly resourceVersion?: string };
    readonly code?: number;
  };
}

/**
 * The events of one watch until the server closes it, bookmarks among them.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 * @throws ApiError also where the server ends it with an error, such as 410 for a version that it has forgotten
 */
export async function* watchEvents(
  client: ApiClient,
  { resource, path, selection, watchSeconds, read }: WatchedPath,
  version: string,
  urgency: Urgency,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent> {
  const query = new URLSearchParams({
    watch: 'true',
    ...selection,
    resourceVersion: version,
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(watchSeconds),
  });
  const request = { verb: 'watch', resource, path: `${path}?${query.toString()}`, urgency, signal } as const;
  for await (const event of client.watch(request, watchSeconds, read) as AsyncGenerator<WatchEvent>) {
    if (event.type === 'ERROR') {
      throw new ApiError(`Cannot watch ${resource}: the server ended the watch with an error`, {
        status: event.object?.code,
      });
    }
    yield event;
  }
}
