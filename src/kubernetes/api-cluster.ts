import type { Instant } from '../interruption/interruption.ts';
import type { Logger } from '../logger.ts';
import { notNeeded } from '../not-needed.ts';
import type { ApiClient } from './api-client.ts';
import type {
  Cluster,
  AskAnswer,
  BudgetView,
  Marks,
  MarkResult,
  NodeMemory,
  PodChange,
  PodRef,
  PodView,
  Urgency,
} from './cluster.ts';
import { Deletions } from './deletions.ts';
import { Evictions } from './evictions.ts';
import { isForbidden, isNotFound } from './status.ts';
import type { MarkOptions } from './node-marks.ts';
import { Nodes, type NodesModules } from './nodes.ts';
import { NamespaceWishes } from './namespace-wishes.ts';
import { markConcurrency, RequestLanes } from './request-lanes.ts';
import { PodChanges, type FollowedNode, type PodList } from './pod-changes.ts';
import { Snapshots } from './snapshots.ts';
import { toBudgetView, toPodView, type BudgetObject, type PodObject } from './views.ts';

export interface ApiClusterOptions extends MarkOptions {
  /** NTH's `use-apiserver-cache`: lists may come from the API server's cache, which can be a moment old. */
  readonly useApiServerCache: boolean;
  /** Annotations of namespaces hold for their pods. */
  readonly readNamespaceAnnotations: boolean;
}

export interface ApiClusterModules extends NodesModules {
  readonly logger: Logger;
}

/** A node rarely has more; what it has is then read page by page. */
const podsPerPage = 500;

/**
 * In a burst the pods of some nodes are asked before those of the next nodes are read: what is known of pods that wait
 * takes memory, and so do lists that arrive at the same time.
 */
const listsAtOnce = 10;

/** More than are under way at the same time, so that marks always wait in their lane and go before drains. */
const marksAtOnce = 2 * markConcurrency;

/** `Cluster` over the API server's HTTP interface. */
export class ApiCluster implements Cluster {
  readonly #options: ApiClusterOptions;
  readonly #client: ApiClient;
  readonly #nodes: Nodes;
  readonly #evictions: Evictions;
  readonly #deletions: Deletions;
  readonly #changes: PodChanges;
  readonly #snapshots: Snapshots;
  readonly #namespaces: NamespaceWishes;
  readonly #lists: RequestLanes;
  /** Hundreds of nodes are marked at once: what is to be written is made when it can be. */
  readonly #marks: RequestLanes;

  constructor(options: ApiClusterOptions, modules: ApiClusterModules) {
    this.#options = options;
    this.#client = modules.client;
    this.#nodes = new Nodes(options, modules);
    this.#evictions = new Evictions(modules.client);
    this.#deletions = new Deletions(modules);
    this.#changes = new PodChanges(modules);
    this.#snapshots = new Snapshots(modules);
    this.#namespaces = new NamespaceWishes(modules);
    const gate = (concurrency: number): RequestLanes =>
      new RequestLanes({ concurrency, qps: undefined, burst: undefined }, modules);
    this.#lists = gate(listsAtOnce);
    this.#marks = gate(marksAtOnce);
  }

  markNode(name: string, marks: () => Marks, signal: AbortSignal): Promise<MarkResult> {
    return this.#marks.run(0, signal, () => this.#nodes.mark(name, marks(), signal));
  }

  memoryOf(name: string, signal: AbortSignal): Promise<NodeMemory | undefined> {
    return this.#nodes.memory(name, signal);
  }

  podsOn(node: string, urgency: Urgency, signal: AbortSignal): Promise<PodList> {
    return this.#list(node, this.#options.useApiServerCache, urgency, signal);
  }

  #list(node: string, fromCache: boolean, urgency: Urgency, signal: AbortSignal): Promise<PodList> {
    // However long they wait there are few lists at a time.
    const order = typeof urgency === 'object' && 'tellsOfPods' in urgency ? urgency.tellsOfPods : urgency;
    return this.#lists.run(order, signal, () => this.#listNow(node, fromCache, urgency, signal));
  }

  async #listNow(node: string, fromCache: boolean, urgency: Urgency, signal: AbortSignal): Promise<PodList> {
    const pods: PodView[] = [];
    const query = new URLSearchParams({
      fieldSelector: `spec.nodeName=${node}`,
      limit: String(podsPerPage),
      ...(fromCache && { resourceVersion: '0' }),
    });
    for (;;) {
      const path = `/api/v1/pods?${query.toString()}`;
      const request = { verb: 'list', resource: 'pods', path, urgency, signal } as const;
      const { list, items } = await this.#client.list(request, (item) => toPodView(item as PodObject));
      const page = list as { metadata?: { resourceVersion?: string; continue?: string } };
      pods.push(...items);
      const next = page.metadata?.continue;
      if (next === undefined || next === '') {
        const version = page.metadata?.resourceVersion ?? '';
        return { pods: await this.#withNamespaceWishes(pods, urgency, signal), version };
      }
      query.set('continue', next);
      query.delete('resourceVersion');
    }
  }

  followPods(
    node: string,
    urgency: Instant,
    take: (change: PodChange) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { readNamespaceAnnotations, useApiServerCache } = this.#options;
    const followed: FollowedNode = {
      node,
      urgency,
      // Once changes were seen never from the cache: an older list would show pods as gone that are not.
      list: (mayBeOld, listUrgency) => this.#list(node, mayBeOld && useApiServerCache, listUrgency, signal),
    };
    return readNamespaceAnnotations
      ? this.#followAsWished(followed, take, signal)
      : this.#changes.follow(followed, take, signal);
  }

  async #followAsWished(
    followed: FollowedNode,
    take: (change: PodChange) => void,
    signal: AbortSignal,
  ): Promise<void> {
    // What waits for its namespace is not told any more once the following has failed: the next one may know better.
    const over = new AbortController();
    const urgency = { tellsOfPods: followed.urgency };
    const inOrder = this.#namespaces.inOrder(take, urgency, AbortSignal.any([signal, over.signal]));
    try {
      await this.#changes.follow(followed, inOrder, signal);
    } finally {
      over.abort(notNeeded);
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
    onTurn?: () => void,
  ): Promise<AskAnswer> {
    return this.#evictions.evict(pod, gracePeriodSeconds, urgency, signal, onTurn);
  }

  deletePod(
    pod: PodRef,
    gracePeriodSeconds: number | undefined,
    urgency: Urgency,
    signal: AbortSignal,
    onTurn?: () => void,
  ): Promise<AskAnswer> {
    return this.#deletions.delete(pod, gracePeriodSeconds, urgency, signal, onTurn);
  }

  budgetsIn(namespace: string, urgency: Urgency, signal: AbortSignal): AsyncIterable<readonly BudgetView[]> {
    return this.#snapshots.follow(
      {
        resource: 'poddisruptionbudgets',
        path: `/apis/policy/v1/namespaces/${encodeURIComponent(namespace)}/poddisruptionbudgets`,
        toView: (object) => toBudgetView(object as BudgetObject),
        toSnapshot: (views) => [...views],
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
        toView: (object) => (object as { spec?: { nodeName?: string } }).spec?.nodeName,
        toSnapshot: countEach,
        without: 'drains do not wait for volumes to be detached',
      },
      urgency,
      signal,
    );
    let before: number | undefined;
    for await (const counts of attachments) {
      const count = counts.get(node) ?? 0;
      if (count !== before) yield count;
      before = count;
    }
  }

  isNodeReady(name: string, signal: AbortSignal): Promise<boolean | undefined> {
    return this.#nodes.isReady(name, signal);
  }

  async daemonSetExists(
    namespace: string,
    name: string,
    urgency: Urgency,
    signal: AbortSignal,
  ): Promise<boolean | undefined> {
    const path = `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/daemonsets/${encodeURIComponent(name)}`;
    try {
      await this.#client.expect({ verb: 'get', resource: 'daemonsets', path, urgency, signal });
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (isNotFound(error)) return false;
      // Without the right to know it counts as there.
      return isForbidden(error) ? true : undefined;
    }
  }
}

function countEach(names: Iterable<string>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
