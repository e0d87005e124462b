import type { Instant } from '../interruption/interruption.ts';
import { notNeeded } from '../not-needed.ts';
import type { BudgetView } from '../kubernetes/cluster.ts';
import { BudgetWatch, type BudgetListener, type FreerBudget } from './budget-watch.ts';
import { budgetsOf } from './budgets.ts';
import { PodAsking, type PodAskingModules, type PodAskingOwner } from './pod-asking.ts';
import { PodShortening } from './pod-shortening.ts';
import type { LeavingPod } from './leaving-pod.ts';
import type { PodBoard } from './pod-board.ts';

export interface TurnsModules extends PodAskingModules {
  readonly board: PodBoard;
  /** Lets a task of the drain run. */
  spawn(task: Promise<void>): void;
  /** Makes the drain look at its pods. */
  wake(): void;
}

/** A pod that is gone while it is being asked: how long its answer is waited for. */
const answerOfGoneMs = 1_000;

/** Of many troubles of a server, and of a pod with two budgets. */
const doubtfulStatus = 500;

/** Asks each pod when its turn has come, and again when a budget that held it allows more. */
export class Turns implements BudgetListener, PodAskingOwner {
  readonly #modules: TurnsModules;
  readonly #budgets: BudgetWatch;
  readonly #asking: PodAsking;
  readonly #shortening: PodShortening;
  #running = 0;
  /** When an eviction may have hung for too long. */
  #nextGiveUp = Infinity;

  constructor(modules: TurnsModules) {
    this.#modules = modules;
    this.#budgets = new BudgetWatch(this, modules);
    this.#asking = new PodAsking(this, modules);
    this.#shortening = new PodShortening(modules);
  }

  /** Pods are being asked. */
  get isAsking(): boolean {
    return this.#running > 0;
  }

  /** When the next pod that waits for its turn, or for an answer, must be asked at the latest. */
  get next(): Instant {
    const { board, clock } = this.#modules;
    const now = clock.now();
    this.#nextGiveUp = Infinity;
    let next = Infinity;
    for (const pod of board.leaving.values()) {
      if (pod.isTerminating || pod.goneAt !== undefined) continue;
      if (!pod.isBegun) {
        next = Math.min(next, pod.planned.askBy ?? Infinity);
        continue;
      }
      const at = this.#asking.givenUpAt(pod);
      // Also one that is past: latest instants may have moved, or one has been given up that others wait behind.
      if (at > now || this.#asking.isHanging(pod)) this.#nextGiveUp = Math.min(this.#nextGiveUp, at);
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
  begin(): void {
    const { board, clock, ended } = this.#modules;
    if (ended.aborted) return;
    const now = clock.now();
    for (const pod of board.takeDue(now)) {
      this.#running += 1;
      this.#modules.spawn(this.#ask(pod));
    }
    if (now >= this.#nextGiveUp) this.#asking.giveUpHanging(board.leaving.values());
    if (board.takeNewEnds()) this.shorten();
  }

  /** What a refused pod waits for may not be what it is to be asked next. */
  goalMoved(): void {
    for (const pod of this.#modules.board.leaving.values()) {
      pod.backOff?.abort(notNeeded);
      if (this.#asking.isOutdated(pod)) this.#asking.giveUp(pod);
    }
    this.shorten();
  }

  async #ask(pod: LeavingPod): Promise<void> {
    const { board, clock, ended } = this.#modules;
    // The answer tells whether it was us, and a request cut off costs a connection. But the API server holds one for
    // a successor of the same name for 10 s, which nobody needs to know.
    pod.onGone = () => {
      const giveUp = (): void => pod.asking?.abort(notNeeded);
      this.#modules.spawn(clock.sleep(answerOfGoneMs, ended).then(giveUp));
    };
    try {
      const end = await this.#asking.ask(pod);
      pod.onGone = undefined;
      if (end === 'gone') board.gone(pod.planned.pod.uid, clock.now());
      if (end === 'stays') board.letStay(pod);
    } finally {
      pod.onGone = undefined;
      pod.asking = undefined;
      this.#running -= 1;
    }
  }

  /** Pods that shut down with more time than there is: somebody else asked them, or an earlier end has come since. */
  shorten(): void {
    const { board } = this.#modules;
    for (const pod of board.leaving.values()) {
      if (this.#shortening.isTooSlow(pod)) this.#modules.spawn(this.#shortening.shorten(pod));
    }
  }

  isToStay(pod: LeavingPod): boolean {
    return this.#modules.board.isToStay(pod);
  }

  isPaidFor({ planned }: LeavingPod): boolean {
    return this.#budgets.isPaidFor(planned.pod);
  }

  onRefused(pod: LeavingPod): void {
    const { ended } = this.#modules;
    this.#modules.wake();
    if (!mayBeHeldByBudget(pod)) return;
    const watch = this.#budgets.watch(pod.planned.pod.namespace, ended);
    if (watch) this.#modules.spawn(watch);
  }

  onSent(pod: LeavingPod): void {
    // Later than expected.
    if (this.#asking.givenUpAt(pod) < this.#nextGiveUp) this.#modules.wake();
  }

  onAllowed(freer: readonly FreerBudget[]): void {
    for (const budget of freer) this.#askAgain(budget);
  }

  /** As many as it lets go, for the others would be refused again. */
  #askAgain({ budget, allows }: FreerBudget): void {
    let left = allows;
    for (const pod of this.#modules.board.leaving.values()) {
      if (left <= 0) return;
      if (pod.isTerminating || pod.goneAt !== undefined || !mayBeHeldByBudget(pod)) continue;
      if (budgetsOf(pod.planned.pod, [budget]).length === 0) continue;
      this.#asking.askAgain(pod);
      left -= 1;
    }
  }
}

/** Two budgets on one pod are told by a 500 that only the budgets themselves explain. */
function mayBeHeldByBudget({ refusal }: LeavingPod): boolean {
  return refusal?.cause === 'budget' || refusal?.status === doubtfulStatus;
}
