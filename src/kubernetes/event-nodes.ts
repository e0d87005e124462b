import { forgetOldest } from '../forget-oldest.ts';
import type { Clock } from '../clock.ts';
import type { ApiClient } from './api-client.ts';
import { isNotFound } from './status.ts';

/** What events on a node tell of it. */
export interface NodeFacts {
  readonly uid: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The fields of a Node object that are read; each may be missing. */
export interface DescribedNode {
  readonly metadata?: {
    readonly name?: string;
    readonly uid?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: { readonly providerID?: string };
  readonly status?: { readonly addresses?: readonly { readonly type: string; readonly address: string }[] };
}

/** What is annotated to the events of a node, which may be gone. */
export type Annotate = (
  node: DescribedNode | undefined,
  signal: AbortSignal,
) => Promise<Readonly<Record<string, string>>>;

/** A node that is registered anew has another UID. */
const reuseMs = 600_000;

const mostRemembered = 500;

/** Reads the Node that an event is about, once for all events of a time. */
export class EventNodes {
  readonly #annotate: Annotate;
  readonly #clock: Clock;
  readonly #client: ApiClient;
  readonly #known = new Map<string, { readonly node: DescribedNode | undefined; readonly readAt: number }>();

  readonly #reading = new Map<string, Promise<DescribedNode | undefined>>();

  constructor(
    options: { readonly annotate: Annotate },
    modules: { readonly clock: Clock; readonly client: ApiClient },
  ) {
    this.#annotate = options.annotate;
    this.#clock = modules.clock;
    this.#client = modules.client;
  }

  /** @throws ApiError, or the signal's reason */
  async facts(name: string, signal: AbortSignal): Promise<NodeFacts> {
    const known = this.#known.get(name);
    const isFresh = known !== undefined && Math.abs(this.#clock.now() - known.readAt) < reuseMs;
    const node = isFresh ? known.node : await this.#readOnce(name, signal);
    return { uid: node?.metadata?.uid, annotations: await this.#annotate(node, signal) };
  }

  /** One read for all who ask meanwhile. */
  #readOnce(name: string, signal: AbortSignal): Promise<DescribedNode | undefined> {
    let reading = this.#reading.get(name);
    if (!reading) {
      reading = this.#read(name, signal)
        // One that is gone is told of as it was.
        .then((node) => this.#remember(name, node ?? this.#known.get(name)?.node))
        .finally(() => this.#reading.delete(name));
      this.#reading.set(name, reading);
    }
    return reading;
  }

  async #read(name: string, signal: AbortSignal): Promise<DescribedNode | undefined> {
    try {
      return (await this.#client.expect({
        verb: 'get',
        resource: 'nodes',
        path: `/api/v1/nodes/${encodeURIComponent(name)}`,
        urgency: 'background',
        signal,
      })) as DescribedNode;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** A Node object is large, most of it images: only what is used is kept. */
  #remember(name: string, node: DescribedNode | undefined): DescribedNode | undefined {
    const kept = node && {
      metadata: { name, uid: node.metadata?.uid ?? '', labels: node.metadata?.labels ?? {} },
      spec: { ...(node.spec?.providerID !== undefined && { providerID: node.spec.providerID }) },
      status: { addresses: node.status?.addresses ?? [] },
    };
    this.#known.delete(name);
    this.#known.set(name, { node: kept, readAt: this.#clock.now() });
    forgetOldest(this.#known, mostRemembered);
    return kept;
  }
}
