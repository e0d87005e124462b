import type { Cluster } from '../parts/cluster.ts';
import { hasCondition, type List, type Pod } from '../parts/objects.ts';

/** How many pods of a collection are Ready, and not asked to leave, at every instant. */
export class ReadyPods {
  readonly #ready = new Set<string>();
  readonly #stopping = new AbortController();
  readonly #following: Promise<void>;
  #fewest: number;

  private constructor(cluster: Cluster, collection: string, { items, metadata }: List<Pod>) {
    for (const pod of items) this.#note(pod);
    this.#fewest = this.#ready.size;
    this.#following = this.#follow(cluster, collection, metadata.resourceVersion);
    // Told by `stop`.
    this.#following.catch(() => {});
  }

  static async of(cluster: Cluster, namespace: string, app: string): Promise<ReadyPods> {
    const collection = `/api/v1/namespaces/${namespace}/pods?labelSelector=app%3D${app}`;
    return new ReadyPods(cluster, collection, await cluster.api<List<Pod>>('GET', collection));
  }

  /** @returns the fewest that there ever were at a time */
  async stop(): Promise<number> {
    this.#stopping.abort();
    await this.#following;
    return this.#fewest;
  }

  async #follow(cluster: Cluster, collection: string, version: string): Promise<void> {
    const { signal } = this.#stopping;
    for await (const { type, object } of cluster.watch<Pod>(collection, version, signal)) {
      if (type === 'DELETED') this.#ready.delete(object.metadata.uid ?? '');
      else this.#note(object);
      this.#fewest = Math.min(this.#fewest, this.#ready.size);
    }
    if (!signal.aborted) throw new Error(`Cannot tell who was ready in ${collection}: the watch has ended`);
  }

  #note(pod: Pod): void {
    const { uid = '', deletionTimestamp } = pod.metadata;
    if (hasCondition(pod, 'Ready') && deletionTimestamp === undefined) this.#ready.add(uid);
    else this.#ready.delete(uid);
  }
}
