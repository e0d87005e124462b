import type { ServerResponse } from 'node:http';
import type { Clock } from '../../../src/clock.ts';
import { ApiError } from './errors.ts';
import type { ApiObject } from './objects.ts';
import type { ResourceRequest } from './request-info.ts';
import { apiVersion } from './resources.ts';
import { matcher, type Matcher } from './selectors.ts';
import type { Change, Store } from './store.ts';

/** How a watch ends when its client names no timeoutSeconds. */
const defaultTimeoutSeconds = 1800;

interface Stream {
  readonly response: ServerResponse;
  readonly request: ResourceRequest;
  readonly matches: Matcher;
  isSilent: boolean;
  end(): void;
}

/** Open watches, and what may go wrong with them. */
export class Watches {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #streams = new Set<Stream>();
  #silent = false;
  /** Whether a version that is too old is told by the answer's code or by an event in its stream. */
  tooOldAs: 'event' | 'code' = 'event';
  bookmarkEveryMs = 60_000;

  constructor(modules: { store: Store; clock: Clock }) {
    this.#store = modules.store;
    this.#clock = modules.clock;
    this.#store.onChange((change) => {
      for (const stream of this.#streams) this.#tell(stream, change);
    });
  }

  get open(): number {
    return this.#streams.size;
  }

  /** Ends every watch in good order. */
  end(): void {
    for (const stream of this.#streams) stream.end();
  }

  /** Cuts the connection of every watch. */
  drop(): void {
    for (const { response } of this.#streams) response.destroy();
  }

  /** Tells every watch that its version has become too old, as an event. */
  expire(): void {
    for (const stream of this.#streams) {
      write(stream, 'ERROR', tooOld(0, this.#store.version).status);
      stream.end();
    }
  }

  /** Open watches, and those opened until `speak`, never say anything again, and stay open. */
  silence(): void {
    this.#silent = true;
    for (const stream of this.#streams) stream.isSilent = true;
  }

  speak(): void {
    this.#silent = false;
  }

  /** @throws 410 before anything was sent, where `tooOldAs` says so. */
  serve(
    request: ResourceRequest,
    query: URLSearchParams,
    response: ServerResponse,
    stopping: AbortSignal,
  ): void {
    const from = query.get('resourceVersion') ?? '';
    const past =
      from === '' || from === '0' ? this.#present(request) : this.#store.changesSince(Number(from));
    const error = tooOld(Number(from), this.#store.version);
    if (past === undefined && this.tooOldAs === 'code') throw error;
    const ended = new AbortController();
    const stream: Stream = {
      response,
      request,
      matches: matcher(request.type, query),
      isSilent: this.#silent,
      end: () => response.end(),
    };
    response.on('close', () => {
      this.#streams.delete(stream);
      ended.abort();
    });
    response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache, private' });
    response.flushHeaders();
    if (past === undefined) {
      write(stream, 'ERROR', error.status);
      return stream.end();
    }
    for (const change of past) this.#tell(stream, change);
    this.#streams.add(stream);
    const signal = AbortSignal.any([ended.signal, stopping]);
    const timeoutMs = Number(query.get('timeoutSeconds') ?? defaultTimeoutSeconds) * 1000;
    void this.#endAfter(stream, timeoutMs, signal);
    if (query.get('allowWatchBookmarks') === 'true') void this.#bookmark(stream, signal);
  }

  /** A watch from nowhere begins with all there is. */
  #present({ type, namespace }: ResourceRequest): Change[] {
    const objects = this.#store.list(type, namespace);
    return objects.map((object) => ({ version: 0, kind: 'ADDED', type, object, previous: undefined }));
  }

  /** An object that comes into the selection is added for this client, one that leaves it deleted. */
  #tell(stream: Stream, { type, kind, object, previous }: Change): void {
    const { request, matches } = stream;
    if (type !== request.type) return;
    if (request.namespace !== undefined && request.namespace !== object.metadata.namespace) return;
    const before = previous !== undefined && matches(previous);
    const after = kind !== 'DELETED' && matches(object);
    if (before && after) write(stream, 'MODIFIED', object);
    else if (after) write(stream, 'ADDED', object);
    else if (before) {
      const { resourceVersion } = object.metadata;
      const last =
        kind === 'DELETED' ? object : { ...previous, metadata: { ...previous.metadata, resourceVersion } };
      write(stream, 'DELETED', last);
    }
  }

  async #endAfter(stream: Stream, ms: number, signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(ms, signal).then(
      () => stream.end(),
      () => undefined,
    );
  }

  async #bookmark(stream: Stream, signal: AbortSignal): Promise<void> {
    const { type, version } = stream.request;
    try {
      for (;;) {
        await this.#clock.sleep(this.bookmarkEveryMs, signal);
        const metadata = { resourceVersion: String(this.#store.version), creationTimestamp: null };
        write(stream, 'BOOKMARK', { kind: type.kind, apiVersion: apiVersion(type, version), metadata });
      }
    } catch {
      // The watch has ended.
    }
  }
}

function write({ response, isSilent }: Stream, type: string, object: ApiObject | object): void {
  if (!isSilent && response.writable) response.write(`${JSON.stringify({ type, object })}\n`);
}

function tooOld(version: number, oldest: number): ApiError {
  return new ApiError(410, 'Expired', `too old resource version: ${version} (${oldest})`);
}
