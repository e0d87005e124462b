import type { DrainPolicy } from '../drain/plan.ts';
import { continued, type DrainReport } from '../drain/report.ts';
import type { DrainModules } from '../drain/drain-node.ts';
import type { Change } from './change.ts';
import { DrainAttempt } from './drain-attempt.ts';
import type { Mandate } from './mandate.ts';
import type { Place, Workers } from './workers.ts';
import type { WorkflowStory } from './workflow-story.ts';
import type { WorkflowTelling } from './workflow-telling.ts';

export interface DrainsOptions {
  readonly node: string;
  readonly policy: DrainPolicy;
  /** What comes between a drain's turn and its first request. */
  readonly prepare: (signal: AbortSignal) => Promise<void>;
}

export interface DrainsModules extends Omit<DrainModules, 'onPods'> {
  readonly mandate: Mandate;
  /** Tells that the mandate may have changed. */
  readonly change: Change;
  /** Resolves when what only waits is to end. */
  readonly stopped: Promise<void>;
  readonly story: WorkflowStory;
  readonly telling: WorkflowTelling;
  readonly workers?: Workers | undefined;
}

/** The drains of one workflow, one after the other, each in its turn. */
export class Drains {
  readonly #options: DrainsOptions;
  readonly #modules: DrainsModules;
  #attempt: DrainAttempt | undefined;

  constructor(options: DrainsOptions, modules: DrainsModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** The mandate may have changed. */
  reconsider(): void {
    const { mandate } = this.#modules;
    if (mandate.decision.response === 'drain') this.#attempt?.moveGoal(mandate.goal);
    else this.#attempt?.breakOff();
  }

  /**
   * A drain that can wait takes turns with others. One with a deadline can't, nor one that is given a deadline.
   * @param before what earlier drains of this workflow have done
   * @returns undefined where there is no more reason for it, 'not-begun' where it is to stop before its turn has come
   */
  async run(
    before: DrainReport | undefined,
    stopping: AbortSignal,
    signal: AbortSignal,
  ): Promise<DrainReport | 'not-begun' | undefined> {
    const { change, mandate, stopped, workers } = this.#modules;
    let place: Place | undefined;
    try {
      for (;;) {
        const { response, deadline } = mandate.decision;
        if (response !== 'drain') return undefined;
        if (workers === undefined || place?.isItsTurn === true || deadline !== undefined) {
          return await this.#drain(before, signal);
        }
        place ??= workers.enter();
        if (place.isItsTurn) continue;
        if (stopping.aborted) return 'not-begun';
        await Promise.race([place.turn, change.next(signal), stopped]);
      }
    } finally {
      place?.leave();
    }
  }

  async #drain(before: DrainReport | undefined, signal: AbortSignal): Promise<DrainReport | undefined> {
    const { mandate, story, telling } = this.#modules;
    const { node, policy, prepare } = this.#options;
    await prepare(signal);
    // It may have been called off while the node was marked.
    if (mandate.decision.response !== 'drain') return undefined;
    if (!before) mandate.begin();
    story.drainBegins(mandate.decision.deadline);
    this.#attempt = new DrainAttempt(
      { node, policy, goal: mandate.goal },
      {
        ...this.#modules,
        onPods: telling.isHeard ? (pods) => telling.tell({ type: 'pods', pods }) : undefined,
      },
    );
    try {
      const report = await this.#attempt.run(signal);
      if (!report) story.drainBroken();
      return report && continued(before, report);
    } finally {
      this.#attempt = undefined;
    }
  }
}
