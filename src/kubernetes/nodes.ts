import type { Clock } from '../clock.ts';
import { isOtherInstance, type Instant } from '../interruption/interruption.ts';
import type { ApiClient } from './api-client.ts';
import type { ApiRequest } from './api-request.ts';
import {
  ApiError,
  type MarkResult,
  type Marks,
  type NodeMemory,
  type NodePatch,
  type NodeView,
} from './cluster.ts';
import { instanceIdOf } from './indexed-node.ts';
import { ownConditions } from './node-condition-patch.ts';
import { markPatch, readMemory, type MarkOptions } from './node-marks.ts';
import { isNotFound } from './status.ts';
import { toNodeView, type NodeObject } from './views.ts';

/** Other writers cross ours now and then; where they do all the time, the caller's back-off has to help. */
const markTries = 5;

/** What our own write has shown is believed for so long. */
const writtenReuseMs = 10_000;

/** Nodes that are followed anyway, so that they need not be read. */
export interface KnownNodes {
  /** Whether what is known is what there was a moment ago. */
  readonly isCurrent: boolean;
  byName(name: string): (NodeView & { readonly isReady: boolean }) | undefined;
  /** A Node as the API server has just shown it, which its watch may not have told yet. */
  take(node: NodeObject): void;
}

export interface NodesModules {
  readonly clock: Clock;
  readonly client: ApiClient;
  /** @default none */
  readonly knownNodes?: KnownNodes | undefined;
  /** Told of each Node that the API server shows in answer to a read or a write. @default nobody */
  readonly onNodeShown?: OnNodeShown | undefined;
}

type OnNodeShown = (name: string, node: NodeObject) => void;

/** Reads and marks Node objects, in the lane of marks. */
export class Nodes {
  readonly #options: MarkOptions;
  readonly #clock: Clock;
  readonly #client: ApiClient;
  readonly #known: KnownNodes | undefined;
  readonly #onNodeShown: OnNodeShown | undefined;
  /** Where no others are known: nodes that are marked for a drain, as our last write left them. */
  readonly #written = new Map<string, { readonly node: NodeView; readonly at: Instant }>();

  constructor(options: MarkOptions, modules: NodesModules) {
    this.#options = options;
    this.#clock = modules.clock;
    this.#client = modules.client;
    this.#known = modules.knownNodes;
    this.#onNodeShown = modules.onNodeShown;
  }

  /** One write, tried again on the fresh object where another crosses it. @throws ApiError */
  async mark(name: string, marks: Marks, signal: AbortSignal): Promise<MarkResult> {
    // What the last write returned, or is known anyway, spares a read; a conflict tells that it is out of date.
    let node = this.#latest(name) ?? (await this.#get(name, signal));
    this.#written.delete(name);
    for (let left = markTries; ; left -= 1) {
      if (!node) return 'no-such-node';
      if (this.#isOtherMachine(node, marks)) return 'other-machine';
      const patch = markPatch(node, marks, this.#options, this.#clock.now());
      if (!patch) {
        this.#remember(node, marks);
        return isForOthers(node, marks) ? 'marked-for-others' : 'was-marked';
      }
      try {
        const written = await this.#patch(name, this.#locked(patch, node), signal);
        if (!written) return 'no-such-node';
        this.#remember(written, marks);
        return isForOthers(written, marks) ? 'marked-for-others' : 'marked';
      } catch (error) {
        // The kubelet or another controller wrote in between: decide again on what is there now.
        if (left === 1 || !(error instanceof ApiError && error.status === 409)) throw error;
        node = await this.#get(name, signal);
      }
    }
  }

  /** Of many nodes one may have the name of another that is gone. */
  #isOtherMachine({ providerId }: NodeView, { interruptions }: Marks): boolean {
    const meant = interruptions.map(({ interruption }) => interruption.where);
    return this.#known !== undefined && isOtherInstance(instanceIdOf(providerId), meant);
  }

  /** Until the last word about the drain, after which nothing is kept. */
  #remember(node: NodeView, { phase, interruptions }: Marks): void {
    if (this.#known) return;
    const isLastWord = phase === 'drained' || interruptions.length === 0;
    if (!isLastWord) this.#written.set(node.name, { node, at: this.#clock.now() });
  }

  /** What the node carries from before; undefined where there is no such Node. @throws ApiError */
  async memory(name: string, signal: AbortSignal): Promise<NodeMemory | undefined> {
    const node = await this.#object(name, signal);
    if (!node) return undefined;
    const hasConditions = ownConditions(node.status?.conditions ?? []).length > 0;
    return { ...readMemory(toNodeView(node)), hasConditions };
  }

  /** The newest that is known without a read. */
  #latest(name: string): NodeView | undefined {
    // Other replicas mark it too, so what was written here may be out of date, with nothing left to write that tells.
    if (this.#known) return this.#knownNow(name);
    const written = this.#written.get(name);
    // Others write it as well: an administrator uncordons it, its machine registers it anew.
    const isFresh = written && Math.abs(this.#clock.now() - written.at) < writtenReuseMs;
    return isFresh ? written.node : undefined;
  }

  /** Where other replicas write our annotation as well, none of them may undo what another one has written. */
  #locked(patch: NodePatch, { resourceVersion }: NodeView): NodePatch {
    return this.#known === undefined ? patch : { ...patch, resourceVersion };
  }

  #knownNow(name: string): ReturnType<KnownNodes['byName']> {
    // What was so an hour ago may look as if there were nothing to write.
    return this.#known?.isCurrent === true ? this.#known.byName(name) : undefined;
  }

  async #get(name: string, signal: AbortSignal): Promise<NodeView | undefined> {
    const node = await this.#object(name, signal);
    return node && toNodeView(node);
  }

  #object(name: string, signal: AbortSignal): Promise<NodeObject | undefined> {
    return this.#ask(name, { verb: 'get', signal });
  }

  async #patch(name: string, patch: NodePatch, signal: AbortSignal): Promise<NodeView | undefined> {
    const { resourceVersion, labels, annotations, unschedulable, taints } = patch;
    const node = await this.#ask(name, {
      verb: 'patch',
      // A Node's taints are one value, replaced as a whole by every kind of patch: hence the version lock.
      contentType: 'application/merge-patch+json',
      body: {
        metadata: {
          ...(resourceVersion !== undefined && { resourceVersion }),
          ...(labels && { labels }),
          ...(annotations && { annotations }),
        },
        spec: { ...(unschedulable !== undefined && { unschedulable }), ...(taints && { taints }) },
      },
      signal,
    });
    return node && toNodeView(node);
  }

  /** Either is answered with the whole Node. */
  async #ask(
    name: string,
    request: Omit<ApiRequest, 'resource' | 'path' | 'urgency'>,
  ): Promise<NodeObject | undefined> {
    const path = `/api/v1/nodes/${encodeURIComponent(name)}`;
    const answer = this.#client.expect({ ...request, resource: 'nodes', path, urgency: 'mark' });
    const node = (await unlessGone(answer)) as NodeObject | undefined;
    if (node) {
      this.#known?.take(node);
      this.#onNodeShown?.(name, node);
    }
    return node;
  }

  /** Whether its kubelet reports it as ready; undefined where there is no such Node. @throws ApiError */
  async isReady(name: string, signal: AbortSignal): Promise<boolean | undefined> {
    const known = this.#knownNow(name);
    if (known) return known.isReady;
    const node = await this.#object(name, signal);
    return node?.status?.conditions?.some((it) => it.type === 'Ready' && it.status === 'True') ?? undefined;
  }
}

function isForOthers(node: NodeView, { interruptions }: Marks): boolean {
  return interruptions.length === 0 && readMemory(node).signals.length > 0;
}

async function unlessGone(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
