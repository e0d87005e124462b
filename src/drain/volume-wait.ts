import type { Clock } from '../clock.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { Cluster, Urgency } from '../kubernetes/cluster.ts';
import type { DrainGoal, DrainPolicy } from './plan.ts';
import type { PodBoard } from './pod-board.ts';

export interface VolumeWaitModules {
  readonly node: string;
  readonly policy: Pick<DrainPolicy, 'waitsForVolumeDetach' | 'marginMs'>;
  readonly goal: DrainGoal;
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
 * them at once instead of after the six minutes that Kubernetes waits for a node that is gone. Before a machine's end
 * the margin is left, for what follows a drain: the daemon may run on that very machine.
 * https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/#storage-force-detach-on-timeout
 */
export class VolumeWait {
  readonly #modules: VolumeWaitModules;
  #attached: number | undefined;
  #hasEnded = false;
  #startedAt: Instant | undefined;

  constructor(modules: VolumeWaitModules) {
    this.#modules = modules;
  }

  /** What is attached, as far as anybody looked. */
  get attached(): number | undefined {
    return this.#attached;
  }

  get isDone(): boolean {
    return this.#hasEnded || this.#attached === 0 || this.#until <= this.#modules.clock.now();
  }

  /** When it ends at the latest; Infinity where nobody waits. */
  get next(): Instant {
    return this.#startedAt === undefined || this.isDone ? Infinity : this.#until;
  }

  get #until(): Instant {
    const { goal, policy } = this.#modules;
    const { deadline, deadlineIsMachineEnd } = goal;
    const latest = this.#startedAt === undefined ? Infinity : this.#startedAt + longestMs;
    return deadlineIsMachineEnd && deadline !== undefined
      ? Math.min(latest, deadline - policy.marginMs)
      : latest;
  }

  get isNeeded(): boolean {
    const { board, policy } = this.#modules;
    if (!policy.waitsForVolumeDetach || this.isDone) return false;
    // Pods that stay keep their volumes: waiting for all of the node's to go would be in vain.
    if (board.staying.some(({ pod }) => pod.usesClaims)) return false;
    return [...board.leaving.values()].some(({ planned }) => planned.pod.usesClaims);
  }

  async follow(signal: AbortSignal, onChange: () => void): Promise<void> {
    const { clock, cluster, node, urgency } = this.#modules;
    this.#startedAt = clock.now();
    try {
      for await (const attached of cluster.attachmentsOn(node, urgency, signal)) {
        this.#attached = attached;
        onChange();
      }
    } finally {
      this.#hasEnded = true;
      onChange();
    }
  }
}
