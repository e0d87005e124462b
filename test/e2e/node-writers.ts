import { ApiError } from '../parts/api-client.ts';
import type { Cluster } from '../parts/cluster.ts';
import type { Node } from '../parts/objects.ts';

const CONFLICT = 409;

/** Others that write to a node as often as the API server lets them, until they are told to end. */
export class NodeWriters {
  readonly #cluster: Cluster;
  readonly #path: string;
  #isEnding = false;

  constructor(cluster: Cluster, node: string) {
    this.#cluster = cluster;
    this.#path = `/api/v1/nodes/${node}`;
  }

  end(): void {
    this.#isEnding = true;
  }

  /** Sets an annotation to 1, 2, and so on, blind as a kubelet's heartbeat. @returns its last value */
  async annotate(key: string): Promise<number> {
    for (let count = 1; ; count += 1) {
      await this.#cluster.api('PATCH', this.#path, { metadata: { annotations: { [key]: `${count}` } } });
      if (this.#isEnding) return count;
    }
  }

  /** Sets a taint likewise, but only on the node as it was read, for taints are written as a whole list. */
  async taint(key: string): Promise<number> {
    for (let count = 1; ; count += 1) {
      const { metadata, spec } = await this.#cluster.api<Node>('GET', this.#path);
      const others = (spec.taints ?? []).filter((taint) => taint.key !== key);
      const taints = [...others, { key, value: `${count}`, effect: 'PreferNoSchedule' }];
      const { resourceVersion } = metadata;
      try {
        await this.#cluster.api('PATCH', this.#path, { metadata: { resourceVersion }, spec: { taints } });
        if (this.#isEnding) return count;
      } catch (error) {
        if (!(error instanceof ApiError && error.statusCode === CONFLICT)) throw error;
      }
    }
  }
}
