import type { Clock } from '../clock.ts';
import {
  comesBack,
  isStop,
  type Instant,
  type Interruption,
  type LifecycleHook,
} from '../interruption/interruption.ts';
import { decide, type Policy } from '../interruption/policy.ts';
import type { FleetNode, FleetNodes } from '../kubernetes/cluster.ts';
import { DueWork } from './due-work.ts';
import { carries, hookOf, isToDrain } from './fleet-facts.ts';

/** A message that the queue still has comes again by itself within this; what is older is taken up from the Node. */
export const patienceMs = 120_000;

/**
 * What another replica marks a node for while this one looks on is that one's work: whether it is still there nobody can
 * tell, for a drain writes nothing to the Node until it has ended. By now most drains are over, so that the Node tells that
 * nothing is left; and a queue as NTH documents it dropped the message minutes ago, so that nobody will bring it if that
 * replica has gone. Where it works on, as for pods that a budget holds, both do from now on, which is harmless. Of a Spot
 * notice nothing is left by then, for its machine has ended.
 */
const othersPatienceMs = 600_000;

/** A machine that was to end so long ago has ended, or lives on. */
const machineEndMs = 60_000;

/** What is to be taken up. */
export interface Left {
  readonly node: string;
  readonly interruption: Interruption;
  readonly hook: LifecycleHook | undefined;
  /** The node was drained for it, or is only to be marked: at most the hook is left to do. */
  readonly isHandled: boolean;
}

/** Somebody is at work on it, or it is being undone. */
type IsInHand = (interruptionId: string) => boolean;

/** What nodes are marked for, or could not be marked for, and will be taken up if nobody else does it until then. */
export class LeftWork {
  readonly #policy: Policy;
  readonly #modules: { readonly clock: Clock; readonly nodes: FleetNodes };
  readonly #due = new DueWork();

  constructor(policy: Policy, modules: { readonly clock: Clock; readonly nodes: FleetNodes }) {
    this.#policy = policy;
    this.#modules = modules;
  }

  /** When the next is due; Infinity where there is none. */
  get nextAt(): Instant {
    return this.#due.nextAt;
  }

  /** A node that an earlier process has marked, or another replica before this one began. */
  inherit(node: FleetNode, isInHand: IsInHand): void {
    this.#add(node, node.interruptions, patienceMs, isInHand);
  }

  /**
   * Another replica may have marked the node. What it had been marked for before is known: the Node says no more that it was
   * drained for that once something new is on it.
   */
  lookOn(now: FleetNode, before: FleetNode | undefined, isInHand: IsInHand): void {
    const decided = now.interruptions.map((it) => ({ it, decision: decide(it, this.#policy) }));
    const toDrain = decided.filter(({ decision }) => decision.response === 'drain');
    for (const { it, decision } of toDrain) {
      const isDone = !hookOf(it) && !isToDrain(now, decision, this.#modules.clock.now());
      if (isDone) this.#due.delete(it.id);
    }
    const added = toDrain.map(({ it }) => it).filter(({ id }) => !carries(before, id));
    this.#add(now, added, othersPatienceMs, isInHand);
  }

  /** Ours, which was not done. */
  putOff(node: string, interruption: Interruption, forMs: number): void {
    const { clock, nodes } = this.#modules;
    const { id } = interruption;
    // A machine that comes back may have done so, and have been unmarked, by the time.
    const isOnNode = (comesBack(interruption) && !isStop(interruption)) || carries(nodes.byName(node), id);
    this.#due.set(id, { node, at: clock.now() + forMs, unmarked: isOnNode ? undefined : interruption });
  }

  delete(interruptionId: string): void {
    this.#due.delete(interruptionId);
  }

  /** Hands over what is due, unless somebody has dealt with it. */
  *take(isInHand: IsInHand): Generator<Left> {
    const { clock, nodes } = this.#modules;
    const now = clock.now();
    for (const [id, { node: name, unmarked }] of this.#due.take(now)) {
      const node = nodes.byName(name);
      const onNode = node?.interruptions.find((it) => it.id === id);
      const interruption = onNode ?? unmarked;
      if (!interruption || isInHand(id)) continue;
      const decision = decide(interruption, this.#policy);
      const { deadline, deadlineIsMachineEnd } = decision;
      if (deadlineIsMachineEnd && deadline !== undefined && now > deadline + machineEndMs) continue;
      const hook = hookOf(interruption);
      const isHandled = node !== undefined && onNode !== undefined && !isToDrain(node, decision, now);
      if (!isHandled || hook) yield { node: name, interruption, hook, isHandled };
    }
  }

  /** @param forMs from when it was first seen until it is taken up, unless it waits for its time */
  #add(node: FleetNode, interruptions: readonly Interruption[], forMs: number, isInHand: IsInHand): void {
    const now = this.#modules.clock.now();
    for (const interruption of interruptions) {
      const { id, kind, seenAt } = interruption;
      if (isInHand(id) || this.#due.has(id)) continue;
      const decision = decide(interruption, this.#policy);
      // A replica with another policy may act on it.
      if (decision.response === 'ignore') continue;
      if (!hookOf(interruption) && !isToDrain(node, decision, now)) continue;
      // What waits for its time is waited for by every replica: nobody can tell which will be there then.
      const isWaiting = kind === 'SCHEDULED_EVENT' && decision.drainAt > -Infinity;
      this.#due.set(id, { node: node.name, at: isWaiting ? 0 : seenAt + forMs });
    }
  }
}
