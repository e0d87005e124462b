import type { Cluster, Urgency } from '../kubernetes/cluster.ts';
import type { DrainPolicy } from './plan.ts';
import type { PodBoard } from './pod-board.ts';

/**
 * Waits for the volumes of the pods that left to be detached from the node, so that their successors can attach
 * them at once instead of after the six minutes that Kubernetes waits for a node that is gone.
 * https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/#storage-force-detach-on-timeout
 */
export class VolumeWait {
  readonly #options: { readonly node: string; readonly policy: Pick<DrainPolicy, 'waitsForVolumeDetach'> };
  readonly #modules: { readonly cluster: Cluster; readonly urgency: () => Urgency };
  #attached: number | undefined;
  #hasEnded = false;

  constructor(
    options: { readonly node: string; readonly policy: Pick<DrainPolicy, 'waitsForVolumeDetach'> },
    modules: { readonly cluster: Cluster; readonly urgency: () => Urgency },
  ) {
    this.#options = options;
    this.#modules = modules;
  }

  /** What is attached, as far as anybody looked. */
  get attached(): number | undefined {
    return this.#attached;
  }

  get isDone(): boolean {
    return this.#hasEnded || this.#attached === 0;
  }

  isNeeded(board: PodBoard): boolean {
    if (!this.#options.policy.waitsForVolumeDetach) return false;
    // Pods that stay keep their volumes: waiting for all of the node's to go would be in vain.
    if (board.staying.some(({ pod }) => pod.usesClaims)) return false;
    return [...board.leaving.values()].some(({ view }) => view.usesClaims);
  }

  async follow(signal: AbortSignal, onChange: () => void): Promise<void> {
    const { cluster, urgency } = this.#modules;
    try {
      for await (const attached of cluster.attachmentsOn(this.#options.node, urgency(), signal)) {
        this.#attached = attached;
        onChange();
      }
    } finally {
      this.#hasEnded = true;
      onChange();
    }
  }
}
