import type { Cluster } from '../parts/cluster.ts';
import { hasCondition, type List, type Pod } from '../parts/objects.ts';

/** What a watch saw of one pod. Instants are those at which it was seen. */
export interface SeenPod {
  readonly name: string;
  readonly service: string;
  /** Its own, by its spec. */
  readonly graceSeconds: number;
  node: string | undefined;
  /** It had a deletionTimestamp from then on. */
  askedAtMs: number | undefined;
  /** What it was given when it was first asked. */
  givenSeconds: number | undefined;
  goneAtMs: number | undefined;
}

export interface ReadyCount {
  readonly atMs: number;
  readonly ready: number;
}

export interface Observed {
  readonly pods: readonly SeenPod[];
  /** By service: how many of its pods were Ready and not asked to leave, at each change. */
  readonly ready: ReadonlyMap<string, readonly ReadyCount[]>;
}

/** Watches pods with no part in what is measured. */
export class ReclaimObserver {
  readonly #pods = new Map<string, SeenPod>();
  readonly #readyPods = new Map<string, Set<string>>();
  readonly #ready = new Map<string, ReadyCount[]>();
  readonly #stopping = new AbortController();
  readonly #following: Promise<void>;

  private constructor(cluster: Cluster, collection: string, { items, metadata }: List<Pod>) {
    for (const pod of items) this.#note(pod, false);
    // What was counted so far is how the list was read.
    for (const [service, counts] of this.#ready) this.#ready.set(service, counts.slice(-1));
    this.#following = this.#follow(cluster, collection, metadata.resourceVersion);
    // Told by `stop`.
    this.#following.catch(() => {});
  }

  static async of(cluster: Cluster, namespace: string): Promise<ReclaimObserver> {
    const collection = `/api/v1/namespaces/${namespace}/pods`;
    return new ReclaimObserver(cluster, collection, await cluster.api<List<Pod>>('GET', collection));
  }

  async stop(): Promise<Observed> {
    this.#stopping.abort();
    await this.#following;
    return { pods: [...this.#pods.values()], ready: this.#ready };
  }

  async #follow(cluster: Cluster, collection: string, version: string): Promise<void> {
    const { signal } = this.#stopping;
    let last = version;
    // The API server closes watches as it likes; the next one takes up where that ended, and misses nothing.
    while (!signal.aborted) {
      for await (const { type, object } of cluster.watch<Pod>(collection, last, signal)) {
        this.#note(object, type === 'DELETED');
        last = object.metadata.resourceVersion ?? last;
      }
    }
  }

  #note({ metadata, spec, status }: Pod, isGone: boolean): void {
    const { uid = '', name, labels, deletionTimestamp, deletionGracePeriodSeconds } = metadata;
    const atMs = Date.now();
    const service = labels?.['app'] ?? '';
    const pod = this.#pods.get(uid) ?? {
      name,
      service,
      graceSeconds: spec.terminationGracePeriodSeconds ?? 30,
      node: undefined,
      askedAtMs: undefined,
      givenSeconds: undefined,
      goneAtMs: undefined,
    };
    this.#pods.set(uid, pod);
    pod.node = spec.nodeName;
    const isAsked = deletionTimestamp !== undefined;
    if (isAsked) {
      pod.askedAtMs ??= atMs;
      pod.givenSeconds ??= deletionGracePeriodSeconds;
    }
    if (isGone) pod.goneAtMs = atMs;
    this.#count(service, uid, !isGone && !isAsked && hasCondition({ status: status ?? {} }, 'Ready'), atMs);
  }

  #count(service: string, uid: string, isReady: boolean, atMs: number): void {
    const pods = this.#readyPods.get(service) ?? new Set();
    this.#readyPods.set(service, pods);
    if (isReady) pods.add(uid);
    else pods.delete(uid);
    const counts = this.#ready.get(service) ?? [];
    this.#ready.set(service, counts);
    if (counts.at(-1)?.ready !== pods.size) counts.push({ atMs, ready: pods.size });
  }
}
