import type { ServerResponse } from 'node:http';
import type { Clock } from '../../../src/clock.ts';
import type { ResourceRequest } from './request-info.ts';
import { apiVersion, pods } from './resources.ts';
import type { Matcher } from './selectors.ts';
import type { Change, Store } from './store.ts';

/** https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apiserver/pkg/storage/cacher/cache_watcher.go */
const lastBookmarkBeforeEndMs = 2000;

/** One client's watch. */
export class WatchStream {
  readonly #response: ServerResponse;
  readonly #request: ResourceRequest;
  readonly #matches: Matcher;
  /** Says nothing any more, but stays open. */
  isSilent: boolean;
  /** What is on its way for longer than usual. */
  #held: string[] | undefined;

  constructor(
    response: ServerResponse,
    request: ResourceRequest,
    options: { matches: Matcher; isSilent: boolean },
  ) {
    this.#response = response;
    this.#request = request;
    this.#matches = options.matches;
    this.isSilent = options.isSilent;
    response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache, private' });
    response.flushHeaders();
  }

  write(type: string, object: object): void {
    if (this.isSilent || !this.#response.writable || this.#response.writableEnded) return;
    const line = `${JSON.stringify({ type, object: inServersOrder(object) })}\n`;
    if (this.#held) this.#held.push(line);
    else this.#response.write(line);
  }

  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const line of held) this.#response.write(line);
  }

  end(): void {
    this.#response.end();
  }

  drop(): void {
    this.#response.destroy();
  }

  /** An object that comes into the selection is added for this client, one that leaves it deleted. */
  tell({ type, kind, object, previous }: Change): void {
    const { namespace } = this.#request;
    if (type !== this.#request.type) return;
    if (namespace !== undefined && namespace !== object.metadata.namespace) return;
    const before = previous !== undefined && this.#matches(previous);
    const after = kind !== 'DELETED' && this.#matches(object);
    if (before && after) this.write('MODIFIED', object);
    else if (after) this.write('ADDED', object);
    else if (before) {
      const { resourceVersion } = object.metadata;
      const asItWas = { ...previous, metadata: { ...previous.metadata, resourceVersion } };
      this.write('DELETED', kind === 'DELETED' ? object : asItWas);
    }
  }

  async endAfter(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    try {
      await clock.sleep(ms, signal);
      if (!this.isSilent) this.end();
    } catch {
      // The client has ended it before.
    }
  }

  /** A bookmark each `everyMs`, and one more shortly before the end. */
  async bookmark(
    times: { everyMs: number; timeoutMs: number },
    modules: { clock: Clock; store: Store },
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, store } = modules;
    const last = clock.now() + times.timeoutMs - lastBookmarkBeforeEndMs;
    try {
      while (clock.now() < last) {
        await clock.sleep(Math.min(times.everyMs, last - clock.now()), signal);
        this.write('BOOKMARK', emptyObject(this.#request, store.version));
      }
    } catch {
      // The watch has ended.
    }
  }
}

/** As the server writes it: with an empty spec and status, in which a pod's lists are null. */
function emptyObject({ type, version }: ResourceRequest, storeVersion: number): object {
  const metadata = { resourceVersion: String(storeVersion) };
  const spec = type === pods ? { containers: null } : {};
  return { kind: type.kind, apiVersion: apiVersion(type, version), metadata, spec, status: {} };
}

/** The server writes an object's fields in the order of its Go types. */
function inServersOrder(object: object): object {
  const { kind, apiVersion, metadata, ...rest } = object as {
    readonly kind?: string;
    readonly apiVersion?: string;
    readonly metadata?: Readonly<Record<string, unknown>>;
  };
  const { name, generateName, namespace, uid, resourceVersion, ...others } = metadata ?? {};
  return {
    kind,
    apiVersion,
    metadata: { name, generateName, namespace, uid, resourceVersion, ...others },
    ...rest,
  };
}
