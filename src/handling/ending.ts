import type { Clock } from '../clock.ts';
import type { DrainReport } from '../drain/report.ts';
import type { Outcome } from '../interruption/delivery.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { Ledger } from '../interruption/ledger.ts';
import type { Change } from './change.ts';
import { waitForMarkMs, type Drains } from './drains.ts';
import type { Mandate } from './mandate.ts';
import type { NodeMarking } from './node-marking.ts';
import type { WorkflowStory } from './workflow-story.ts';

export interface EndingModules {
  readonly clock: Clock;
  /** Tells that the mandate, or how far the marking is, may have changed. */
  readonly change: Change;
  readonly ledger: Ledger;
  readonly mandate: Mandate;
  readonly marking: NodeMarking;
  readonly story: WorkflowStory;
}

/** Pods land on a node that can't be marked until its machine ends: they are looked for as often as this. */
const lookAgainMs = 5_000;

/** A drain that takes less is not begun at once after one that has failed. */
const shortestDrainMs = 1_000;

/** How a workflow's work comes to its end. Nothing joins a workflow any more as soon as it has ended. */
export class Ending {
  readonly #modules: EndingModules;
  #hasEnded = false;

  constructor(modules: EndingModules) {
    this.#modules = modules;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  end(): void {
    this.#hasEnded = true;
  }

  /** @returns whether the node carries its marks */
  async untilMarked(signal: AbortSignal, limitMs = waitForMarkMs): Promise<boolean> {
    const { change, clock, marking } = this.#modules;
    const until = clock.now() + limitMs;
    while (!marking.isUpToDate && !this.isPast(until)) {
      await change.within(until - clock.now(), clock, signal);
    }
    return marking.isUpToDate;
  }

  /**
   * @returns 'again' where there may be more to drain: pods may have landed on a node that was drained before it was
   * marked, or an interruption have joined for which nothing was done; 'anew' where its end, which was told, was not the
   * machine's
   */
  async finish(
    report: DrainReport,
    drains: Pick<Drains, 'hasBegunMarked' | 'isOutdated'>,
    stopping: AbortSignal,
    signal: AbortSignal,
  ): Promise<Outcome | 'again' | 'anew' | 'failed'> {
    const { change, clock, ledger, mandate, marking } = this.#modules;
    const drainedFor = ledger.interruptions;
    const lookAgainAt = clock.now() + lookAgainMs;
    const next = this.#whatIsNext(report, drains);
    if (next) return next;
    await this.untilMarked(signal);
    const nextSince = this.#whatIsNext(report, drains);
    if (nextSince) return nextSince;
    if (!report.complete) return this.#concludeDrain(report);
    let isMarked = marking.trouble === undefined;
    if (isMarked) return drains.hasBegunMarked ? this.#concludeDrain(report) : 'again';
    while (!isMarked) {
      const { endBy = Infinity, deadlineIsMachineEnd } = mandate.goal;
      if (this.isPast(endBy) || stopping.aborted) return this.#concludeDrain(report);
      const until = deadlineIsMachineEnd ? Math.min(endBy, lookAgainAt) : endBy;
      const hasChanged = this.#hasEnded || drainedFor !== ledger.interruptions;
      if (hasChanged || this.isPast(until)) return 'again';
      await change.within(until - clock.now(), clock, signal);
      isMarked = marking.trouble === undefined;
    }
    return 'again';
  }

  /** @returns undefined where this is all that is to be drained, as far as is known */
  #whatIsNext(report: DrainReport, drains: Pick<Drains, 'isOutdated'>): 'again' | 'anew' | undefined {
    const { mandate, story } = this.#modules;
    const { response, drainAt } = mandate.decision;
    // Called off meanwhile, or put off.
    if (response !== 'drain' || !this.isPast(drainAt)) return 'again';
    if (drains.isOutdated) return 'again';
    if (report.complete) return undefined;
    if (!this.#hasTimeLeft(report)) return undefined;
    story.drainEnded(report, false);
    return 'anew';
  }

  /**
   * The node's grace period is over, and the machine's end is not: until its source brought it again, nobody would ask
   * the pods whose latest instant comes meanwhile.
   */
  #hasTimeLeft({ endBy }: DrainReport): boolean {
    const { clock, mandate } = this.#modules;
    const { deadline = 0, deadlineIsMachineEnd } = mandate.goal;
    const isAhead = deadlineIsMachineEnd && deadline - clock.now() > shortestDrainMs;
    return isAhead && this.isPast(endBy) && mandate.nodeGracePeriodMs >= shortestDrainMs;
  }

  isPast(instant: Instant | undefined): boolean {
    return instant !== undefined && this.#modules.clock.now() >= instant;
  }

  /** @returns undefined where the marks that were asked for may still be made */
  concludeMark(): Outcome | undefined {
    this.#hasEnded = true;
    const { ledger, mandate, marking, story } = this.#modules;
    const isOver = ledger.interruptions.length === 0;
    if (marking.isUpToDate) {
      if (isOver && marking.isForOthers) story.markedForOthers();
      else if (isOver) story.unmarked();
      else story.marked();
      return isOver ? 'cancelled' : 'marked';
    }
    story.notMarked(marking.trouble, mandate.isMachineEnd);
    return mandate.isMachineEnd ? 'deadline-passed' : undefined;
  }

  #concludeDrain(report: DrainReport): Outcome | 'failed' {
    this.#hasEnded = true;
    const { mandate, marking, story } = this.#modules;
    const { isMachineEnd } = mandate;
    const { trouble } = marking;
    const whole =
      trouble === undefined
        ? report
        : { ...report, complete: false, trouble: report.trouble ?? `the node is not marked: ${trouble}` };
    story.drainEnded(whole, isMachineEnd);
    if (!whole.complete) return isMachineEnd ? 'deadline-passed' : 'failed';
    mandate.fulfilled();
    marking.request();
    return 'drained';
  }
}
