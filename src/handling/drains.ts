import { Alarm } from '../alarm.ts';
import { notNeeded } from '../not-needed.ts';
import type { Admission, Ticket } from '../drain/admission.ts';
import { urgencyOf, type DrainPolicy } from '../drain/plan.ts';
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

export interface DrainsModules extends Omit<DrainModules, 'onPods' | 'ticket'> {
  /** @default each drain begins at once */
  readonly admission?: Admission | undefined;
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
  /** Of a drain that waits for its leave to begin. */
  #lookAgain: (() => void) | undefined;

  constructor(options: DrainsOptions, modules: DrainsModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** The mandate may have changed. */
  reconsider(): void {
    const { mandate } = this.#modules;
    this.#lookAgain?.();
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
    const { clock, mandate, story, telling } = this.#modules;
    const { node, policy, prepare } = this.#options;
    await prepare(signal);
    if (!this.#isWanted()) return undefined;
    if (!before) mandate.begin();
    story.drainBegins(mandate.decision.deadline);
    const askedAt = clock.now();
    const ticket = await this.#admit(signal);
    try {
      if (!this.#isWanted()) return this.#breakOff();
      this.#attempt = new DrainAttempt(
        { node, policy, goal: mandate.goal, askedAt },
        {
          ...this.#modules,
          ticket,
          onPods: telling.isHeard ? (pods) => telling.tell({ type: 'pods', pods }) : undefined,
        },
      );
      const report = await this.#attempt.run(signal);
      return report ? continued(before, report) : this.#breakOff();
    } finally {
      ticket?.leave();
      this.#attempt = undefined;
    }
  }

  /** It may have been called off while something was waited for. */
  #isWanted(): boolean {
    return this.#modules.mandate.decision.response === 'drain';
  }

  #breakOff(): undefined {
    this.#modules.story.drainBroken();
  }

  /**
   * Until others have made room, or there is no more reason to wait. A drain that waits is no more than this: hundreds
   * of them do in a burst.
   * @returns undefined where nothing has to be waited for @throws the signal's reason
   */
  async #admit(signal: AbortSignal): Promise<Ticket | undefined> {
    const { admission, clock, mandate } = this.#modules;
    if (!admission) return undefined;
    while (this.#isWanted()) {
      signal.throwIfAborted();
      const { goal } = mandate;
      const { endBy = Infinity } = goal;
      if (endBy <= clock.now()) break;
      const waiting = new AbortController();
      const stop = (): void => waiting.abort(notNeeded);
      const alarm = new Alarm(clock, stop);
      alarm.set(endBy);
      this.#lookAgain = () => {
        const { deadline, endBy: end = Infinity } = mandate.goal;
        // With the same deadline it keeps its place.
        if (!this.#isWanted() || deadline !== goal.deadline || end !== endBy) stop();
      };
      signal.addEventListener('abort', stop, { once: true });
      try {
        return await admission.enter(urgencyOf(goal), waiting.signal);
      } catch {
        // It looks again: why it broke off is asked above.
      } finally {
        alarm.stop();
        this.#lookAgain = undefined;
        signal.removeEventListener('abort', stop);
      }
    }
    return undefined;
  }
}
