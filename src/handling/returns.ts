import type { Clock } from '../clock.ts';
import {
  comesBack,
  isStop,
  type Instant,
  type Interruption,
  type LifecycleHook,
} from '../interruption/interruption.ts';
import type { Policy } from '../interruption/policy.ts';
import type { FleetNode } from '../kubernetes/cluster.ts';
import { DueWork } from './due-work.ts';
import { hasStartedSince, hookOf, shortestStopMs } from './fleet-facts.ts';

export interface ReturnsModules {
  readonly clock: Clock;
  /** Since when it is known that the group waits for the hook no more, without our having completed it. */
  readonly hooks: { goneSince(hook: LifecycleHook): Instant | undefined };
}

/** A group stops its instance at once when the hook is over, and a machine that is told to stop has by then. */
const longestStopMs = 300_000;

/** Where it is not known yet that a hook is over it is asked again after this. */
const lookAgainMs = 60_000;

/** Tells from what the cluster shows of a node when its machine, which was to come back, has done so. */
export class Returns {
  readonly #policy: Policy;
  readonly #modules: ReturnsModules;
  /** Since when nodes whose machine is to come back are not ready, by the cluster's clock. */
  readonly #awaySince = new Map<string, Instant>();
  /** Since when such nodes are ready whose kubelet was away for a moment before that. */
  readonly #blinks = new Map<string, Instant>();
  /** Nodes that are ready anew, and whose hook may be waited for. */
  readonly #toLookAt = new DueWork<{ readonly at: Instant }>();

  constructor(policy: Policy, modules: ReturnsModules) {
    this.#policy = policy;
    this.#modules = modules;
  }

  /** When a node is to be looked at again; Infinity where none is. */
  get nextAt(): Instant {
    return this.#toLookAt.nextAt;
  }

  /** The nodes that are to be looked at again by now, although nothing of them has changed. */
  *take(now: Instant): Generator<string> {
    for (const [name] of this.#toLookAt.take(now)) yield name;
  }

  /** @returns what the node is marked for and its machine has come back from. A node that is gone is undefined. */
  seen(name: string, node: FleetNode | undefined): readonly Interruption[] {
    this.#toLookAt.delete(name);
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
    return node.interruptions.filter((it) => this.#isBack(node, it, hasBlinked));
  }

  /**
   * The machine has been stopped for it and has started again, of which its kubelet's becoming ready tells.
   * @param hasBlinked the kubelet was away by itself before it became ready
   */
  #isBack(node: FleetNode, interruption: Interruption, hasBlinked: boolean): boolean {
    if (isStop(interruption)) return hasStartedSince(node, interruption);
    const { readyChangedAt, interruptions } = node;
    // One that AWS told of since is about the next stop.
    if (!comesBack(interruption) || readyChangedAt <= interruption.startTime) return false;
    if (interruptions.some((it) => hasStartedSince(node, it))) return true;
    // The machine has no power at its deadline, however far its drain had come.
    if (interruption.kind === 'SPOT_ITN') return readyChangedAt > interruption.deadline;
    return !hasBlinked && this.#isAfterHook(node, interruption);
  }

  /** The group stops it once its hook is over: after the drain, if there is one, and perhaps long after that. */
  #isAfterHook({ name, readyChangedAt, memory }: FleetNode, interruption: Interruption): boolean {
    if (this.#policy[interruption.kind].response !== 'drain') return true;
    const { clock, hooks } = this.#modules;
    const hook = hookOf(interruption);
    // Where the drain did not come to its end the hook has ended by its own timeout.
    const goneSince = (hook && hooks.goneSince(hook)) ?? Infinity;
    if (readyChangedAt > Math.min(memory.drainedAt ?? Infinity, goneSince)) return true;
    // It may have ended long before that was learnt: by now the machine would have been stopped if it had not been before.
    const isStillThere = clock.now() >= goneSince + longestStopMs;
    if (!isStillThere && hook) this.#toLookAt.set(name, { at: clock.now() + lookAgainMs });
    return isStillThere;
  }
}
