import type { Clock } from '../clock.ts';
import type { Condition } from '../health.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import type { ApiClient } from './api-client.ts';
import { trim, type IndexedNode } from './indexed-node.ts';
import { ListDemand } from './list-demand.ts';
import { NodeFreshness } from './node-freshness.ts';
import { listNodes } from './node-list.ts';
import { newer, NodeTable, type NodeChange } from './node-table.ts';
import type { WatchEvent } from './watch-events.ts';
import type { NodeObject } from './views.ts';
import { WatchLoop } from './watch-loop.ts';

export interface NodeIndexModules {
  readonly clock: Clock;
  readonly client: ApiClient;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'indexedNodes'>;
  /** Not ready while the nodes are not known. */
  readonly condition: Condition;
}

const watchSeconds = 60;

/** To list all nodes costs the API server much; a watch that fails is not a reason before this. */
const failuresBeforeList = 5;

/** Without the right to watch, the nodes are not listed more often than this. */
const shortestListPeriodMs = 5_000;

/** A watch that was away is back within this, as a rule. */
const lookAgainMs = 5_000;

/**
 * The nodes of the cluster, trimmed to what is used of them: one LIST, then one WATCH for as long as the process
 * runs. A message's node is found here without a call. Without the right to watch, as with NTH's ClusterRole, the
 * list is read again when `refresh` asks for it.
 */
export class NodeIndex {
  readonly #modules: NodeIndexModules;
  readonly #table = new NodeTable();
  readonly #listeners = new Set<(change: NodeChange) => void>();
  readonly #demand: ListDemand;
  readonly #freshness: NodeFreshness;
  readonly #listed = Promise.withResolvers<void>();
  /** Shown since the list began, whose pages may know less of them: they show the cluster as it was then. */
  #takenWhileListing: Map<string, IndexedNode> | undefined;

  constructor(modules: NodeIndexModules) {
    this.#modules = modules;
    this.#demand = new ListDemand({ shortestPeriodMs: shortestListPeriodMs }, modules);
    this.#freshness = new NodeFreshness({ watchSeconds }, modules);
  }

  /** Resolves when the nodes have been listed once; look-ups before that find nothing. */
  get listed(): Promise<void> {
    return this.#listed.promise;
  }

  get isListed(): boolean {
    return this.#freshness.isKnown;
  }

  /** Whether the index shows the cluster as it was a moment ago; never so without the right to watch. */
  get isCurrent(): boolean {
    return this.#freshness.isCurrent;
  }

  get size(): number {
    return this.#table.size;
  }

  nodes(): MapIterator<IndexedNode> {
    return this.#table.values();
  }

  byName(name: string): IndexedNode | undefined {
    return this.#table.byName(name);
  }

  /** A Node as the API server has just shown it, which the watch may not have told yet. */
  take(object: NodeObject): void {
    const node = trim(object);
    const taken = this.#takenWhileListing;
    taken?.set(node.name, newer(node, taken.get(node.name)));
    // One that is not there may have been deleted since.
    if (this.#table.byName(node.name)) this.#tell(this.#table.putNewer(node));
  }

  /** By the last part of `spec.providerID`. */
  byInstanceId(instanceId: string): IndexedNode | undefined {
    return this.#table.byInstanceId(instanceId);
  }

  /**
   * As NTH finds the node of an instance: by the label `kubernetes.io/hostname`, which may be the whole private DNS
   * name or its first label, else by the node's name.
   */
  byPrivateDnsName(privateDnsName: string): IndexedNode | undefined {
    const [firstLabel = ''] = privateDnsName.split('.', 1);
    return (
      this.#table.byHostname(privateDnsName) ??
      this.#table.byHostname(firstLabel) ??
      this.#table.byName(privateDnsName)
    );
  }

  /** Each change of what is kept, once it is in the index. @returns ends it */
  onChange(listener: (change: NodeChange) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /**
   * Sees to it that what is not found was not there a moment ago: without a watch, by a list.
   * @param recentMs a list that is not older is good enough
   * @returns false where the API server can't be asked, so that the index may be out of date
   * @throws the signal's reason
   */
  async refresh(signal: AbortSignal, recentMs = 0): Promise<boolean> {
    if (this.#freshness.isWatched) return this.#freshness.isCurrent;
    return this.#freshness.isOf(recentMs) || this.#demand.next(signal);
  }

  /**
   * Waits for the node to be there and ready.
   * @returns undefined where it was there and is gone
   * @throws the signal's reason
   */
  async untilReady(name: string, signal: AbortSignal): Promise<IndexedNode | undefined> {
    const { promise, resolve } = Promise.withResolvers<IndexedNode | undefined>();
    const end = this.onChange(({ type, node }) => {
      if (node.name !== name) return;
      if (type === 'gone') resolve(undefined);
      else if (node.isReady) resolve(node);
    });
    const found = new AbortController();
    try {
      return await Promise.race([promise, this.#seeReady(name, AbortSignal.any([signal, found.signal]))]);
    } finally {
      end();
      found.abort();
    }
  }

  /** Follows the nodes until the signal is aborted, and never ends before. */
  async run(signal: AbortSignal): Promise<void> {
    const loop = new WatchLoop(this.#modules);
    const changes = loop.follow<NodeChange>(
      {
        resource: 'nodes',
        path: '/api/v1/nodes',
        watchSeconds,
        failuresBeforeList,
        instead: 'listing them when a message names one that is not known',
        list: () => this.#list(signal),
        toChange: (event) => this.#apply(event),
        untilListIsWanted: () => {
          this.#freshness.isWatched = false;
          return this.#demand.wanted(signal);
        },
        onHeard: () => {
          this.#freshness.isWatched = true;
          this.#freshness.heard();
        },
        onFailure: (error) => this.#freshness.failed(error),
      },
      undefined,
      'mark',
      signal,
    );
    try {
      for await (const change of changes) this.#tell(change);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** That it is ready may have been so before it was stopped: only an index that is up to date is believed. */
  async #seeReady(name: string, signal: AbortSignal): Promise<IndexedNode> {
    for (;;) {
      const isUpToDate = await this.refresh(signal);
      const known = this.byName(name);
      if (isUpToDate && known?.isReady) return known;
      // Where nothing tells of changes, the list is asked for again and again.
      if (this.#freshness.isWatched) await this.#modules.clock.sleep(lookAgainMs, signal);
    }
  }

  async #list(signal: AbortSignal): Promise<{ readonly version: string }> {
    const end = this.#demand.begin();
    let succeeded = false;
    try {
      const names = new Set<string>();
      const taken = new Map<string, IndexedNode>();
      this.#takenWhileListing = taken;
      const version = await listNodes(this.#modules.client, signal, (node) => {
        names.add(node.name);
        // What the index had before is not asked: after a restored backup versions go backwards.
        this.#tell(this.#table.put(newer(node, taken.get(node.name))));
      });
      for (const { name } of this.#table.values()) {
        if (!names.has(name)) this.#tell(this.#table.remove(name));
      }
      this.#modules.metrics.indexedNodes.set(this.#table.size);
      this.#freshness.heard();
      this.#listed.resolve();
      succeeded = true;
      return { version };
    } finally {
      this.#takenWhileListing = undefined;
      end(succeeded);
    }
  }

  #apply({ type, object }: WatchEvent): NodeChange | undefined {
    if (type === 'DELETED') return this.#table.removeOlder(trim(object ?? {}));
    if (type !== 'ADDED' && type !== 'MODIFIED') return undefined;
    return this.#table.putNewer(trim(object ?? {}));
  }

  #tell(change: NodeChange | undefined): void {
    if (!change) return;
    this.#modules.metrics.indexedNodes.set(this.#table.size);
    for (const listener of this.#listeners) listener(change);
  }
}
