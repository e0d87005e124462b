import { comesBack, isStop, type Instant, type Interruption } from '../interruption/interruption.ts';
import type { Policy, Response } from '../interruption/policy.ts';
import type { FleetNode } from '../kubernetes/cluster.ts';
import { hasStartedSince, shortestStopMs } from './fleet-facts.ts';

/** Tells from what the cluster shows of a node when its machine, which was to come back, has done so. */
export class Returns {
  readonly #policy: Policy;
  /** Since when nodes whose machine is to come back are not ready, by the cluster's clock. */
  readonly #awaySince = new Map<string, Instant>();
  /** Since when such nodes are ready whose kubelet was away for a moment before that. */
  readonly #blinks = new Map<string, Instant>();

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  /** @returns what the node is marked for and its machine has come back from. A node that is gone is undefined. */
  seen(name: string, node: FleetNode | undefined): readonly Interruption[] {
    if (!node?.interruptions.some(comesBack)) {
      this.#awaySince.delete(name);
      this.#blinks.delete(name);
      return [];
    }
    const { isReady, readyChangedAt } = node;
    if (!isReady) {
      this.#awaySince.set(name, this.#awaySince.get(name) ?? readyChangedAt);
      return [];
    }
    const awaySince = this.#awaySince.get(name);
    this.#awaySince.delete(name);
    const isBlink = awaySince !== undefined && readyChangedAt - awaySince < shortestStopMs;
    if (isBlink) this.#blinks.set(name, readyChangedAt);
    const hasBlinked = this.#blinks.get(name) === readyChangedAt;
    return node.interruptions.filter((it) =>
      isBack(node, it, { response: this.#policy[it.kind].response, hasBlinked }),
    );
  }
}

/**
 * The machine has been stopped for it and has started again, of which its kubelet's becoming ready tells.
 * @param response what it is answered with
 * @param hasBlinked the kubelet was away by itself before it became ready
 */
function isBack(
  node: FleetNode,
  interruption: Interruption,
  { response, hasBlinked }: { readonly response: Response; readonly hasBlinked: boolean },
): boolean {
  if (isStop(interruption)) return hasStartedSince(node, interruption);
  const { isReady, readyChangedAt, memory, interruptions } = node;
  // One that AWS told of since is about the next stop.
  if (!isReady || !comesBack(interruption) || readyChangedAt <= interruption.startTime) return false;
  if (interruptions.some((it) => hasStartedSince(node, it))) return true;
  // The machine has no power at its deadline, however far its drain had come.
  if (interruption.kind === 'SPOT_ITN') return readyChangedAt > interruption.deadline;
  // The group stops it once its hook is completed: after the drain, if there is one, and perhaps long after that.
  const hookMayEnd = response === 'drain' ? (memory.drainedAt ?? Infinity) : -Infinity;
  return !hasBlinked && readyChangedAt > hookMayEnd;
}
