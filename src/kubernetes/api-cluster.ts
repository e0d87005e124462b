import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { ApiClient } from './api-client.ts';
import {
  ApiError,
  type Cluster,
  type EvictionAnswer,
  type Marks,
  type MarkResult,
  type NodePatch,
  type NodeView,
  type PodChange,
  type PodRef,
  type PodView,
  type Urgency,
} from './cluster.ts';
import { Evictions } from './evictions.ts';
import { markPatch, type MarkOptions } from './node-marks.ts';
import { PodChanges, type PodList } from './pod-changes.ts';
import { toNodeView, toPodView, type NodeObject, type PodObject } from './views.ts';

export interface ApiClusterOptions extends MarkOptions {
  /** NTH's `use-apiserver-cache`: lists may come from the API server's cache, which can be a moment old. */
  readonly useApiServerCache: boolean;
}

export interface ApiClusterModules {
  readonly clock: Clock;
  readonly client: ApiClient;
  readonly logger: Logger;
}

/** A node rarely has more; what it has is then read page by page. */
const podsPerPage = 500;

/** Other writers cross ours now and then; where they do all the time, the caller's back-off has to help. */
const markTries = 5;

/** `Cluster` over the API server's HTTP interface. */
export class ApiCluster implements Cluster {
  readonly #options: ApiClusterOptions;
  readonly #clock: Clock;
  readonly #client: ApiClient;
  readonly #evictions: Evictions;
  readonly #changes: PodChanges;

  constructor(options: ApiClusterOptions, modules: ApiClusterModules) {
    this.#options = options;
    this.#clock = modules.clock;
    this.#client = modules.client;
    this.#evictions = new Evictions(modules.client);
    this.#changes = new PodChanges(modules);
  }

  async markNode(name: string, marks: Marks, signal: AbortSignal): Promise<MarkResult> {
    for (let left = markTries; ; left -= 1) {
      const node = await this.#node(name, signal);
      if (!node) return 'no-such-node';
      const patch = markPatch(node, marks, this.#options, this.#clock.now());
      if (!patch) return 'was-marked';
      try {
        return (await this.#patchNode(name, patch, signal)) ? 'marked' : 'no-such-node';
      } catch (error) {
        // The kubelet or another controller wrote in between: decide again on what is there now.
        if (left === 1 || !(error instanceof ApiError && error.status === 409)) throw error;
      }
    }
  }

  async #node(name: string, signal: AbortSignal): Promise<NodeView | undefined> {
    const request = {
      verb: 'get',
      resource: 'nodes',
      path: nodePath(name),
      urgency: 'mark',
      signal,
    } as const;
    const node = (await unlessGone(this.#client.expect(request))) as NodeObject | undefined;
    return node && toNodeView(node);
  }

  async #patchNode(name: string, patch: NodePatch, signal: AbortSignal): Promise<NodeView | undefined> {
    const { resourceVersion, labels, annotations, unschedulable, taints } = patch;
    const request = {
      verb: 'patch',
      resource: 'nodes',
      path: nodePath(name),
      // A merge patch replaces lists whole. Under the version lock that is exact, while a strategic merge
      // would treat two taints of one key as one.
      contentType: 'application/merge-patch+json',
      body: {
        metadata: { resourceVersion, ...(labels && { labels }), ...(annotations && { annotations }) },
        spec: { ...(unschedulable !== undefined && { unschedulable }), ...(taints && { taints }) },
      },
      urgency: 'mark',
      signal,
    } as const;
    const node = (await unlessGone(this.#client.expect(request))) as NodeObject | undefined;
    return node && toNodeView(node);
  }

  podsOn(node: string, urgency: Urgency, signal: AbortSignal): Promise<PodList> {
    return this.#list(node, this.#options.useApiServerCache, urgency, signal);
  }

  async #list(node: string, fromCache: boolean, urgency: Urgency, signal: AbortSignal): Promise<PodList> {
    const pods: PodView[] = [];
    const query = new URLSearchParams({
      fieldSelector: `spec.nodeName=${node}`,
      limit: String(podsPerPage),
      ...(fromCache && { resourceVersion: '0' }),
    });
    for (;;) {
      const path = `/api/v1/pods?${query.toString()}`;
      const request = { verb: 'list', resource: 'pods', path, urgency, signal } as const;
      const page = (await this.#client.expect(request)) as {
        metadata?: { resourceVersion?: string; continue?: string };
        items?: readonly PodObject[];
      };
      for (const item of page.items ?? []) pods.push(toPodView(item));
      const next = page.metadata?.continue;
      if (next === undefined || next === '') {
        return { pods, version: page.metadata?.resourceVersion ?? '' };
      }
      query.set('continue', next);
      query.delete('resourceVersion');
    }
  }

  podChangesOn(
    node: string,
    version: string,
    urgency: Urgency,
    signal: AbortSignal,
  ): AsyncIterable<PodChange> {
    // Never from the cache: a list older than what was seen already would show pods as gone that are not.
    const list = (): Promise<PodList> => this.#list(node, false, urgency, signal);
    return this.#changes.follow(node, version, urgency, list, signal);
  }

  evict(
    pod: PodRef,
    gracePeriodSeconds: number | undefined,
    urgency: Urgency,
    signal: AbortSignal,
  ): Promise<EvictionAnswer> {
    return this.#evictions.evict(pod, gracePeriodSeconds, urgency, signal);
  }

  async daemonSetExists(
    namespace: string,
    name: string,
    urgency: Urgency,
    signal: AbortSignal,
  ): Promise<boolean> {
    const path = `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/daemonsets/${encodeURIComponent(name)}`;
    try {
      await this.#client.expect({ verb: 'get', resource: 'daemonsets', path, urgency, signal });
      return true;
    } catch (error) {
      signal.throwIfAborted();
      return !isNotFound(error);
    }
  }
}

function nodePath(name: string): string {
  return `/api/v1/nodes/${encodeURIComponent(name)}`;
}

async function unlessGone(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Another 404 is a server, or a proxy, that does not know the path. */
function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404 && error.reason === 'NotFound';
}
