import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { ApiClient } from './api-client.ts';
import {
  ApiError,
  type Cluster,
  type AskAnswer,
  type BudgetView,
  type Marks,
  type MarkResult,
  type NodeMemory,
  type NodePatch,
  type NodeView,
  type PodChange,
  type PodRef,
  type PodView,
  type Urgency,
} from './cluster.ts';
import { Deletions } from './deletions.ts';
import { Evictions } from './evictions.ts';
import { markPatch, readMemory, type MarkOptions } from './node-marks.ts';
import { NamespaceWishes } from './namespace-wishes.ts';
import { PodChanges, type PodList } from './pod-changes.ts';
import { Snapshots } from './snapshots.ts';
import {
  toBudgetView,
  toNodeView,
  toPodView,
  type BudgetObject,
  type NodeObject,
  type PodObject,
} from './views.ts';

export interface ApiClusterOptions extends MarkOptions {
  /** NTH's `use-apiserver-cache`: lists may come from the API server's cache, which can be a moment old. */
  readonly useApiServerCache: boolean;
  /** Annotations of namespaces hold for their pods. */
  readonly readNamespaceAnnotations: boolean;
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
  readonly #deletions: Deletions;
  readonly #changes: PodChanges;
  readonly #snapshots: Snapshots;
  readonly #namespaces: NamespaceWishes;
  /** Nodes that are marked for a drain, as our last write left them. */
  readonly #written = new Map<string, NodeView>();

  constructor(options: ApiClusterOptions, modules: ApiClusterModules) {
    this.#options = options;
    this.#clock = modules.clock;
    this.#client = modules.client;
    this.#evictions = new Evictions(modules.client);
    this.#deletions = new Deletions(modules);
    this.#changes = new PodChanges(modules);
    this.#snapshots = new Snapshots(modules);
    this.#namespaces = new NamespaceWishes(modules);
  }

  async markNode(name: string, marks: Marks, signal: AbortSignal): Promise<MarkResult> {
    // What the last write returned spares a read; a conflict tells that it is out of date.
    let node = this.#written.get(name) ?? (await this.#node(name, signal));
    this.#written.delete(name);
    for (let left = markTries; ; left -= 1) {
      if (!node) return 'no-such-node';
      const patch = markPatch(node, marks, this.#options, this.#clock.now());
      if (!patch) {
        this.#remember(node, marks);
        return 'was-marked';
      }
      try {
        const written = await this.#patchNode(name, patch, signal);
        if (!written) return 'no-such-node';
        this.#remember(written, marks);
        return 'marked';
      } catch (error) {
        // The kubelet or another controller wrote in between: decide again on what is there now.
        if (left === 1 || !(error instanceof ApiError && error.status === 409)) throw error;
        node = await this.#node(name, signal);
      }
    }
  }

  /** Until the last word about the drain, after which nothing is kept. */
  #remember(node: NodeView, { phase, interruptions }: Marks): void {
    if (phase === 'marked' && interruptions.length > 0) this.#written.set(node.name, node);
  }

  async memoryOf(name: string, signal: AbortSignal): Promise<NodeMemory | undefined> {
    const node = await this.#node(name, signal);
    return node && readMemory(node);
  }

  async #node(name: string, signal: AbortSignal): Promise<NodeView | undefined> {
    const node = await this.#nodeObject(name, signal);
    return node && toNodeView(node);
  }

  async #nodeObject(name: string, signal: AbortSignal): Promise<NodeObject | undefined> {
    const request = {
      verb: 'get',
      resource: 'nodes',
      path: nodePath(name),
      urgency: 'mark',
      signal,
    } as const;
    return (await unlessGone(this.#client.expect(request))) as NodeObject | undefined;
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
        metadata: {
          ...(resourceVersion !== undefined && { resourceVersion }),
          ...(labels && { labels }),
          ...(annotations && { annotations }),
        },
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
        const version = page.metadata?.resourceVersion ?? '';
        return { pods: await this.#withNamespaceWishes(pods, urgency, signal), version };
      }
      query.set('continue', next);
      query.delete('resourceVersion');
    }
  }

  async *podChangesOn(
    node: string,
    version: string,
    urgency: Urgency,
    signal: AbortSignal,
  ): AsyncGenerator<PodChange> {
    // Never from the cache: a list older than what was seen already would show pods as gone that are not.
    const list = (): Promise<PodList> => this.#list(node, false, urgency, signal);
    for await (const change of this.#changes.follow(node, version, urgency, list, signal)) {
      if (change.type !== 'present') yield change;
      else {
        for (const pod of await this.#withNamespaceWishes([change.pod], urgency, signal)) {
          yield { type: 'present', pod };
        }
      }
    }
  }

  async #withNamespaceWishes(
    pods: readonly PodView[],
    urgency: Urgency,
    signal: AbortSignal,
  ): Promise<readonly PodView[]> {
    if (!this.#options.readNamespaceAnnotations) return pods;
    return this.#namespaces.apply(pods, urgency, signal);
  }

  evict(
    pod: PodRef,
    gracePeriodSeconds: number | undefined,
    urgency: Urgency,
    signal: AbortSignal,
  ): Promise<AskAnswer> {
    return this.#evictions.evict(pod, gracePeriodSeconds, urgency, signal);
  }

  deletePod(
    pod: PodRef,
    gracePeriodSeconds: number | undefined,
    urgency: Urgency,
    signal: AbortSignal,
  ): Promise<AskAnswer> {
    return this.#deletions.delete(pod, gracePeriodSeconds, urgency, signal);
  }

  budgetsIn(namespace: string, urgency: Urgency, signal: AbortSignal): AsyncIterable<readonly BudgetView[]> {
    return this.#snapshots.follow(
      {
        resource: 'poddisruptionbudgets',
        path: `/apis/policy/v1/namespaces/${encodeURIComponent(namespace)}/poddisruptionbudgets`,
        toView: (object) => toBudgetView(object as BudgetObject),
        without: 'reports name no budgets and refused evictions wait out their back-off',
      },
      urgency,
      signal,
    );
  }

  async *attachmentsOn(node: string, urgency: Urgency, signal: AbortSignal): AsyncGenerator<number> {
    const attachments = this.#snapshots.follow(
      {
        resource: 'volumeattachments',
        path: '/apis/storage.k8s.io/v1/volumeattachments',
        toView: (object) => (object as { spec?: { nodeName?: string } }).spec?.nodeName === node || undefined,
        without: 'drains do not wait for volumes to be detached',
      },
      urgency,
      signal,
    );
    for await (const views of attachments) yield views.length;
  }

  async isNodeReady(name: string, signal: AbortSignal): Promise<boolean | undefined> {
    const node = await this.#nodeObject(name, signal);
    return node?.status?.conditions?.some((it) => it.type === 'Ready' && it.status === 'True') ?? undefined;
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
