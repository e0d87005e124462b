import type { ServerResponse } from 'node:http';
import type { Clock } from '../../../src/clock.ts';
import { ApiError } from './errors.ts';
import { integer, invalidVersion, isVersion } from './parameters.ts';
import type { ResourceRequest } from './request-info.ts';
import { matcher } from './selectors.ts';
import type { Change, Store } from './store.ts';
import { WatchStream } from './watch-stream.ts';

/** How a watch ends when its client names no timeoutSeconds. */
const defaultTimeoutSeconds = 1800;

/** Open watches, and what may go wrong with them. */
export class Watches {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #streams = new Set<WatchStream>();
  #silent = false;
  /** Whether a version that is too old is told by the answer's code or by an event in its stream. */
  tooOldAs: 'event' | 'code' = 'event';
  bookmarkEveryMs = 60_000;

  constructor(modules: { store: Store; clock: Clock }) {
    this.#store = modules.store;
    this.#clock = modules.clock;
    this.#store.onChange((change) => {
      for (const stream of this.#streams) stream.tell(change);
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
    for (const stream of this.#streams) stream.drop();
  }

  /** Tells every watch that its version has become too old, as an event. */
  expire(): void {
    for (const stream of this.#streams) {
      stream.write('ERROR', tooOld(0, this.#store.version).status);
      stream.end();
    }
  }

  /** Open watches, and those opened until `speak`, never say anything again, and stay open. */
  silence(): void {
    this.#silent = true;
    for (const stream of this.#streams) stream.isSilent = true;
  }

  /** What open watches have to say arrives only after this is ended. @returns a function that ends it. */
  hold(): () => void {
    const held = [...this.#streams];
    for (const stream of held) stream.hold();
    return () => {
      for (const stream of held) stream.release();
    };
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
    const matches = matcher(request.type, query);
    const timeoutMs = (integer(query, 'timeoutSeconds') ?? defaultTimeoutSeconds) * 1000;
    const from = query.get('resourceVersion') ?? '';
    const past = this.#since(from, request);
    const error = tooOld(Number(from), this.#store.version);
    if (past === undefined && this.tooOldAs === 'code') throw error;
    const stream = new WatchStream(response, request, { matches, isSilent: this.#silent });
    if (past === undefined) {
      stream.write('ERROR', error.status);
      return stream.end();
    }
    for (const change of past) stream.tell(change);
    this.#streams.add(stream);
    const closed = new AbortController();
    response.on('close', () => {
      this.#streams.delete(stream);
      closed.abort();
    });
    const signal = AbortSignal.any([closed.signal, stopping]);
    void stream.endAfter(timeoutMs, this.#clock, signal);
    if (query.get('allowWatchBookmarks') !== 'true') return;
    const modules = { clock: this.#clock, store: this.#store };
    void stream.bookmark({ everyMs: this.bookmarkEveryMs, timeoutMs }, modules, signal);
  }

  /** A watch from nowhere begins with all there is. */
  #since(from: string, { type, namespace }: ResourceRequest): Change[] | undefined {
    if (!isVersion(from)) throw new ApiError(500, undefined, invalidVersion(from));
    if (from !== '' && from !== '0') return this.#store.changesSince(Number(from));
    const objects = this.#store.list(type, namespace);
    return objects.map((object) => ({ version: 0, kind: 'ADDED', type, object, previous: undefined }));
  }
}

function tooOld(version: number, oldest: number): ApiError {
  return new ApiError(410, 'Expired', `too old resource version: ${version} (${oldest})`);
}
