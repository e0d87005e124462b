import type { Clock } from '../clock.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import type { DrainGoal } from './plan.ts';
import type { PodBoard } from './pod-board.ts';

export interface KubeletCheckModules {
  readonly node: string;
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly logger: Logger;
  readonly board: PodBoard;
  readonly goal: DrainGoal;
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
    // Of a pod that is overdue since, the Node is looked at first.
    return this.#isGone && this.#overdueAt <= (this.#lookedAt ?? -Infinity);
  }

  /** Nobody is waited for any more. Before the machine's end it may come back, and other pods must be asked in time. */
  get isInVain(): boolean {
    const { clock, goal } = this.#modules;
    const isAhead = goal.deadlineIsMachineEnd && clock.now() < (goal.deadline ?? 0);
    return this.isGone && !isAhead;
  }

  /** When to look next; Infinity while no pod is being waited for. */
  get next(): Instant {
    return this.#lookedAt === undefined
      ? this.#overdueAt
      : Math.max(this.#overdueAt, this.#lookedAt + lookAgainMs);
  }

  /** When the first pod outlives its grace period by so much. */
  get #overdueAt(): Instant {
    let first = Infinity;
    for (const { goneAt, planned } of this.#modules.board.leaving.values()) {
      if (goneAt !== undefined || planned.pod.deletionAt === undefined) continue;
      first = Math.min(first, planned.pod.deletionAt + overdueMs);
    }
    return first;
  }

  get isDue(): boolean {
    return this.next <= this.#modules.clock.now();
  }

  /** @throws the signal's reason; a Node that can't be read counts as ready */
  async look(signal: AbortSignal): Promise<void> {
    const { clock, cluster, logger, node } = this.#modules;
    this.#lookedAt = clock.now();
    try {
      const wasGone = this.#isGone;
      this.#isGone = (await cluster.isNodeReady(node, signal)) === false;
      if (this.#isGone && !wasGone) {
        logger.warn('The node is not ready: pods that were asked to leave wait for its kubelet');
      }
    } catch {
      signal.throwIfAborted();
    }
  }
}
