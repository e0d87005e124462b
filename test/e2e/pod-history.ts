import type { Cluster } from '../parts/cluster.ts';
import { hasCondition, type List, type Pod } from '../parts/objects.ts';

export interface PodLife {
  readonly uid: string;
  readonly name: string;
  node: string | undefined;
  /** When it was to be gone, each time somebody changed that: one entry for a pod that was asked once. */
  readonly deletions: Set<string>;
  /** The grace period that it was given when it was first asked. */
  graceSeconds: number | undefined;
  /** It had the condition by which a Job's failure policy knows that this was no failure of its own. */
  isDisruptionTarget: boolean;
  isGone: boolean;
}

/** Everything that happened to the pods of a namespace, by UID: a successor of the same name is another pod. */
export class PodHistory {
  readonly #lives = new Map<string, PodLife>();
  readonly #stopping = new AbortController();
  readonly #following: Promise<void>;

  private constructor(cluster: Cluster, collection: string, { items, metadata }: List<Pod>) {
    for (const pod of items) this.#note(pod);
    this.#following = this.#follow(cluster, collection, metadata.resourceVersion);
    // Told by `stop`.
    this.#following.catch(() => {});
  }

  static async of(cluster: Cluster, namespace: string): Promise<PodHistory> {
    const collection = `/api/v1/namespaces/${namespace}/pods`;
    return new PodHistory(cluster, collection, await cluster.api<List<Pod>>('GET', collection));
  }

  /** @returns the life of every pod since the beginning */
  async stop(): Promise<readonly PodLife[]> {
    this.#stopping.abort();
    await this.#following;
    return [...this.#lives.values()];
  }

  async #follow(cluster: Cluster, collection: string, version: string): Promise<void> {
    const { signal } = this.#stopping;
    for await (const { type, object } of cluster.watch<Pod>(collection, version, signal)) {
      const life = this.#note(object);
      if (type === 'DELETED') life.isGone = true;
    }
    if (!signal.aborted) throw new Error(`Cannot tell what happened in ${collection}: the watch has ended`);
  }

  #note(pod: Pod): PodLife {
    const { metadata, spec } = pod;
    const { uid = '', name, deletionTimestamp, deletionGracePeriodSeconds } = metadata;
    const life = this.#lives.get(uid) ?? {
      uid,
      name,
      node: undefined,
      deletions: new Set(),
      graceSeconds: undefined,
      isDisruptionTarget: false,
      isGone: false,
    };
    this.#lives.set(uid, life);
    life.node = spec.nodeName;
    // Without grace: that is how the kubelet says that the pod's containers have ended.
    if (deletionTimestamp !== undefined && deletionGracePeriodSeconds !== 0) {
      life.deletions.add(deletionTimestamp);
      life.graceSeconds ??= deletionGracePeriodSeconds;
    }
    life.isDisruptionTarget ||= hasCondition(pod, 'DisruptionTarget');
    return life;
  }
}
