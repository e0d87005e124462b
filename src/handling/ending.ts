import type { Clock } from '../clock.ts';
import type { DrainReport } from '../drain/report.ts';
import type { Outcome } from '../interruption/delivery.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { Ledger } from '../interruption/ledger.ts';
import type { Change } from './change.ts';
import { waitForMarkMs } from './drains.ts';
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

  /** @returns 'again' where the node was drained before it was marked: pods may have landed on it meanwhile */
  async finish(report: DrainReport, signal: AbortSignal): Promise<Outcome | 'again' | 'failed'> {
    await this.untilMarked(signal);
    const { change, clock, mandate, marking } = this.#modules;
    const { endBy } = mandate.goal;
    let isMarked = marking.trouble === undefined;
    if (!report.complete || isMarked) return this.#concludeDrain(report);
    while (!isMarked && !this.isPast(endBy)) {
      await change.within((endBy ?? Infinity) - clock.now(), clock, signal);
      isMarked = marking.trouble === undefined;
    }
    return isMarked ? 'again' : this.#concludeDrain(report);
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
      if (isOver) story.unmarked();
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
