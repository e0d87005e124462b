import { Alarm } from '../alarm.ts';
import type { Clock } from '../clock.ts';
import type { Cluster, Urgency } from '../kubernetes/cluster.ts';
import type { DrainPolicy } from './plan.ts';
import type { PodBoard } from './pod-board.ts';

export interface VolumeWaitModules {
  readonly node: string;
  readonly policy: Pick<DrainPolicy, 'waitsForVolumeDetach'>;
  readonly board: PodBoard;
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly urgency: Urgency;
}

/**
 * A drain may have no end of its own. To wait for longer than Kubernetes waits before it detaches a volume by force
 * would gain nothing: what is still attached then is held by something that does not go away.
 */
const longestMs = 360_000;

/**
 * Waits for the volumes of the pods that left to be detached from the node, so that their successors can attach
 * them at once instead of after the six minutes that Kubernetes waits for a node that is gone.
 * https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/#storage-force-detach-on-timeout
 */
export class VolumeWait {
  readonly #modules: VolumeWaitModules;
  #attached: number | undefined;
  #hasEnded = false;

  constructor(modules: VolumeWaitModules) {
    this.#modules = modules;
  }

  /** What is attached, as far as anybody looked. */
  get attached(): number | undefined {
    return this.#attached;
  }

  get isDone(): boolean {
    return this.#hasEnded || this.#attached === 0;
  }

  get isNeeded(): boolean {
    const { board, policy } = this.#modules;
    if (!policy.waitsForVolumeDetach) return false;
    // Pods that stay keep their volumes: waiting for all of the node's to go would be in vain.
    if (board.staying.some(({ pod }) => pod.usesClaims)) return false;
    return [...board.leaving.values()].some(({ planned }) => planned.pod.usesClaims);
  }

  async follow(signal: AbortSignal, onChange: () => void): Promise<void> {
    const { clock, cluster, node, urgency } = this.#modules;
    const end = (): void => {
      this.#hasEnded = true;
      onChange();
    };
    const alarm = new Alarm(clock, end);
    alarm.set(clock.now() + longestMs);
    try {
      for await (const attached of cluster.attachmentsOn(node, urgency, signal)) {
        this.#attached = attached;
        onChange();
      }
    } finally {
      alarm.stop();
      end();
    }
  }
}
