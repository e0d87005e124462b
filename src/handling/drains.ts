import type { Admission, Ticket } from '../drain/admission.ts';
import { NodeDrain } from '../drain/drain-node.ts';
import type { DrainModules } from '../drain/drain-parts.ts';
import type { PodProgress } from '../drain/pod-progress.ts';
import { urgencyOf, type DrainPolicy } from '../drain/plan.ts';
import { continued, type DrainReport } from '../drain/report.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { Change } from './change.ts';
import type { Mandate } from './mandate.ts';
import type { NodeMarking } from './node-marking.ts';
import type { Place, Workers } from './workers.ts';
import type { WorkflowStory } from './workflow-story.ts';
import type { WorkflowTelling } from './workflow-telling.ts';

export interface DrainsOptions {
  readonly node: string;
  readonly drain: DrainPolicy;
}

export interface DrainsModules extends DrainModules {
  /** @default each drain begins at once */
  readonly admission: Admission | undefined;
  readonly mandate: Mandate;
  readonly marking: NodeMarking;
  /** Tells that the mandate, or how far the marking is, may have changed, or that what only waits is to end. */
  readonly change: Change;
  readonly story: WorkflowStory;
  readonly telling: WorkflowTelling;
  /** @default drains don't take turns */
  readonly workers: Workers | undefined;
}

/** Evictions begin when the node is marked, or after this: a mark that fails never blocks the drain. */
export const waitForMarkMs = 3_000;

/** The drains of one workflow, one after the other, each in its turn. */
export class Drains {
  readonly #options: DrainsOptions;
  readonly #modules: DrainsModules;
  #running: NodeDrain | undefined;
  #hasBegunMarked = false;
  #hasWaitedForMarks = false;
  #isOutdated = false;

  constructor(options: DrainsOptions, modules: DrainsModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** The node carried its marks when the last drain began: what landed since tolerates them. */
  get hasBegunMarked(): boolean {
    return this.#hasBegunMarked;
  }

  /** Nothing has been done yet for what has joined since the last drain ended. */
  get isOutdated(): boolean {
    return this.#isOutdated;
  }

  /**
   * The mandate may have changed.
   * @param hasJoined something for which the node is to be drained has joined
   */
  reconsider(hasJoined: boolean): void {
    const { mandate } = this.#modules;
    if (!this.#isWanted()) {
      // By the time of the next drain the marks may have been taken off.
      this.#hasWaitedForMarks = false;
      this.#running?.breakOff();
    } else if (!(this.#running?.moveGoal(mandate.goal) ?? false) && hasJoined) this.#isOutdated = true;
  }

  /**
   * Waits for its turn, then, the first and the first after one was called off, for the marks, then for its leave to begin,
   * and drains. A drain that can wait takes turns with others; one with a deadline can't, nor one that is given a deadline.
   *
   * All of it is one function, since hundreds of drains wait in a burst and each function in mid-way is half a KB.
   * @param before what earlier drains of this workflow have done
   * @returns undefined where there is no more reason for it, 'not-begun' where it is to stop before its turn has come
   */
  async run(
    before: DrainReport | undefined,
    stopping: AbortSignal,
    signal: AbortSignal,
  ): Promise<DrainReport | 'not-begun' | undefined> {
    const { admission, change, clock, mandate, marking, story, telling, workers } = this.#modules;
    const tell = (): void => change.tell();
    let place: Place | undefined;
    let ticket: Ticket | undefined;
    try {
      if (workers && this.#canWait()) place = workers.enter(tell);
      while (this.#isToWaitFor(place)) {
        if (stopping.aborted) return 'not-begun';
        await change.next(signal);
      }
      if (!this.#isWanted()) return undefined;
      const markBy = clock.now() + (this.#hasWaitedForMarks ? 0 : waitForMarkMs);
      this.#hasWaitedForMarks = true;
      while (!marking.isUpToDate && clock.now() < markBy) {
        await change.within(markBy - clock.now(), clock, signal);
      }
      telling.enter('draining');
      if (!this.#isWanted()) return undefined;
      if (!before) mandate.begin();
      this.#hasBegunMarked = marking.trouble === undefined;
      story.drainBegins(mandate.decision.deadline, before?.complete === true);
      const askedAt = clock.now();
      let urgency = urgencyOf(mandate.goal);
      ticket = admission?.enter(urgency, tell);
      while (ticket?.isIn === false && this.#isWanted()) {
        const { goal } = mandate;
        const { endBy = Infinity } = goal;
        if (endBy <= clock.now()) {
          ticket.leave();
          ticket = undefined;
          break;
        }
        if (urgency !== urgencyOf(goal)) {
          urgency = urgencyOf(goal);
          ticket.leave();
          ticket = admission?.enter(urgency, tell);
        } else await change.within(endBy - clock.now(), clock, signal);
      }
      if (!this.#isWanted()) return this.#breakOff();
      const report = await this.#drain(askedAt, ticket, signal);
      return report ? continued(before, report) : this.#breakOff();
    } finally {
      ticket?.leave();
      place?.leave();
      this.#running = undefined;
    }
  }

  #drain(
    askedAt: Instant,
    ticket: Ticket | undefined,
    signal: AbortSignal,
  ): Promise<DrainReport | undefined> {
    const { mandate, telling } = this.#modules;
    const { node, drain: policy } = this.#options;
    const onPods = telling.isHeard
      ? (pods: readonly PodProgress[]): void => telling.tell({ type: 'pods', pods })
      : undefined;
    const options = { node, policy, goal: mandate.goal, askedAt, ticket, onPods };
    this.#running = new NodeDrain(options, this.#modules);
    this.#isOutdated = false;
    return this.#running.run(signal);
  }

  /** It may have been called off, or put off, while something was waited for. */
  #isWanted(): boolean {
    const { clock, mandate } = this.#modules;
    const { response, drainAt } = mandate.decision;
    return response === 'drain' && drainAt <= clock.now();
  }

  #canWait(): boolean {
    return this.#isWanted() && this.#modules.mandate.decision.deadline === undefined;
  }

  #isToWaitFor(place: Place | undefined): boolean {
    return place?.isItsTurn === false && this.#canWait();
  }

  #breakOff(): undefined {
    this.#modules.story.drainBroken();
  }
}
