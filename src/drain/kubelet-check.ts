import type { Clock } from '../clock.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { PodBoard } from './pod-board.ts';

export interface KubeletCheckModules {
  readonly node: string;
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly board: PodBoard;
}

/** A pod that outlives its grace period by this much is asked after: is its kubelet still there? */
const overdueMs = 30_000;

/** The Node is looked at again after this. */
const lookAgainMs = 30_000;

/**
 * Only the kubelet ends a pod: where it is gone, pods that were asked stay for ever. Costs nothing until a pod is
 * overdue, and then one read of the Node in 30 s.
 */
export class KubeletCheck {
  readonly #modules: KubeletCheckModules;
  #lookedAt: Instant | undefined;
  #isGone = false;

  constructor(modules: KubeletCheckModules) {
    this.#modules = modules;
  }

  /** The Node is not ready, and pods wait for its kubelet. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** When to look next; Infinity while no pod is being waited for. */
  get next(): Instant {
    const { board } = this.#modules;
    let next = Infinity;
    for (const pod of board.leaving.values()) {
      if (pod.goneAt !== undefined || pod.planned.pod.deletionAt === undefined) continue;
      next = Math.min(next, pod.planned.pod.deletionAt + overdueMs);
    }
    return this.#lookedAt === undefined ? next : Math.max(next, this.#lookedAt + lookAgainMs);
  }

  get isDue(): boolean {
    return this.next <= this.#modules.clock.now();
  }

  /** @throws the signal's reason; a Node that can't be read counts as ready */
  async look(signal: AbortSignal): Promise<void> {
    const { clock, cluster, node } = this.#modules;
    this.#lookedAt = clock.now();
    try {
      this.#isGone = (await cluster.isNodeReady(node, signal)) === false;
    } catch {
      signal.throwIfAborted();
    }
  }
}
