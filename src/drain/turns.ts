import type { Instant } from '../interruption/interruption.ts';
import { notNeeded } from '../not-needed.ts';
import type { BudgetView } from '../kubernetes/cluster.ts';
import { BudgetWatch, type FreerBudget } from './budget-watch.ts';
import { budgetsOf } from './budgets.ts';
import { escalatesAt, isDue, type DrainGoal, type DrainPlan, type DrainPolicy } from './plan.ts';
import { PodAsking, type PodAskingModules } from './pod-asking.ts';
import { PodShortening } from './pod-shortening.ts';
import type { LeavingPod, PodBoard } from './pod-board.ts';

export interface TurnsOptions {
  readonly policy: DrainPolicy;
  readonly goal: () => DrainGoal;
  readonly urgency: () => Instant;
}

export interface TurnsModules extends PodAskingModules {
  readonly board: PodBoard;
  /** The end of the drain. */
  readonly ended: AbortSignal;
  /** Lets a task of the drain run. */
  readonly spawn: (task: Promise<void>) => void;
  /** Makes the drain look at its pods. */
  readonly wake: () => void;
}

/** A pod that is gone while it is being asked: how long its answer is waited for. */
const answerOfGoneMs = 1_000;

/** Of many troubles of a server, and of a pod with two budgets. */
const doubtfulStatus = 500;

/** Asks each pod when its turn has come, and again when a budget that held it allows more. */
export class Turns {
  readonly #options: TurnsOptions;
  readonly #modules: TurnsModules;
  readonly #budgets: BudgetWatch;
  readonly #asking: PodAsking;
  readonly #shortening: PodShortening;
  #running = 0;
  /** When an eviction may have hung for too long. */
  #nextGiveUp = Infinity;

  constructor(options: TurnsOptions, modules: TurnsModules) {
    this.#options = options;
    this.#modules = modules;
    this.#budgets = new BudgetWatch(
      {
        onAllowed: (freer) => {
          for (const budget of freer) this.#askAgain(budget);
        },
      },
      { ...modules, urgency: options.urgency },
    );
    this.#asking = new PodAsking(
      {
        ...options,
        onRefused: (pod) => {
          this.#noteRefused(pod);
        },
        isPaidFor: (pod) => this.#budgets.isPaidFor(pod.planned.pod),
      },
      modules,
    );
    this.#shortening = new PodShortening(options, modules);
  }

  /** Pods are being asked. */
  get isAsking(): boolean {
    return this.#running > 0;
  }

  /** When the next pod that waits for its turn, or for an answer, must be asked at the latest. */
  get next(): Instant {
    const { board, clock } = this.#modules;
    const now = clock.now();
    const goal = this.#options.goal();
    this.#nextGiveUp = Infinity;
    let next = Infinity;
    for (const pod of board.leaving.values()) {
      if (pod.isTerminating || pod.goneAt !== undefined) continue;
      if (!pod.isBegun) {
        next = Math.min(next, pod.planned.askBy ?? Infinity);
        continue;
      }
      const at = escalatesAt(pod.planned, goal);
      if (at > now) this.#nextGiveUp = Math.min(this.#nextGiveUp, at);
    }
    return Math.min(next, this.#nextGiveUp);
  }

  /** The budgets that a pod falls under, where they are known. */
  budgetsOf(pod: LeavingPod): readonly BudgetView[] {
    return this.#budgets.of(pod.planned.pod);
  }

  /** Why budgets hold a pod, where that is known. */
  budgetReason(pod: LeavingPod): string | undefined {
    return this.#budgets.reason(pod.planned.pod);
  }

  /**
   * Asks every pod whose turn has come; in the plan's order, which is the order of the lane. Those that have been
   * given more time than there is are asked once more.
   */
  begin(plan: DrainPlan): void {
    const { board, clock, ended, spawn } = this.#modules;
    if (ended.aborted) return;
    const { tiersLeft } = board;
    const now = clock.now();
    for (const { pod: planned } of plan.leaving) {
      const pod = board.leaving.get(planned.uid);
      if (!pod || !waits(pod) || !isDue(pod.planned, plan, tiersLeft, now)) continue;
      pod.isBegun = true;
      this.#running += 1;
      spawn(
        this.#ask(pod).finally(() => {
          this.#running -= 1;
        }),
      );
    }
    if (now >= this.#nextGiveUp) {
      for (const pod of board.leaving.values()) if (this.#asking.isHanging(pod)) this.#asking.giveUp(pod);
    }
    if (board.takeNewEnds()) this.shorten();
  }

  async #ask(pod: LeavingPod): Promise<void> {
    const { board, clock, ended, spawn } = this.#modules;
    // The answer tells whether it was us, and a request cut off costs a connection. But the API server holds one for
    // a successor of the same name for 10 s, which nobody needs to know.
    pod.onGone = () => {
      spawn(clock.sleep(answerOfGoneMs, ended).then(() => pod.asking.abort(notNeeded)));
    };
    const end = await this.#asking.ask(pod).finally(() => {
      pod.onGone = undefined;
    });
    if (end === 'gone') board.gone(pod.planned.pod.uid, clock.now());
  }

  /** Pods that shut down with more time than there is: somebody else asked them, or an earlier end has come since. */
  shorten(): void {
    const { board, spawn } = this.#modules;
    // Where an earlier end has come, an eviction may hang for too long already.
    this.#nextGiveUp = 0;
    for (const pod of board.leaving.values()) {
      if (this.#shortening.isTooSlow(pod)) spawn(this.#shortening.shorten(pod));
    }
  }

  #noteRefused(pod: LeavingPod): void {
    const { ended, spawn, wake } = this.#modules;
    wake();
    if (!mayBeHeldByBudget(pod)) return;
    const watch = this.#budgets.watch(pod.planned.pod.namespace, ended);
    if (watch) spawn(watch);
  }

  /** As many as it lets go, for the others would be refused again. */
  #askAgain({ budget, allows }: FreerBudget): void {
    let left = allows;
    for (const pod of this.#modules.board.leaving.values()) {
      if (left <= 0) return;
      if (pod.isTerminating || pod.goneAt !== undefined || !mayBeHeldByBudget(pod)) continue;
      if (budgetsOf(pod.view, [budget]).length === 0) continue;
      this.#asking.askAgain(pod);
      left -= 1;
    }
  }
}

/** Two budgets on one pod are told by a 500 that only the budgets themselves explain. */
function mayBeHeldByBudget({ refusal }: LeavingPod): boolean {
  return refusal?.cause === 'budget' || refusal?.status === doubtfulStatus;
}

function waits(pod: LeavingPod): boolean {
  return !pod.isBegun && !pod.isTerminating && pod.goneAt === undefined;
}
