import { Alarm } from '../alarm.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { PodChange } from '../kubernetes/cluster.ts';
import { isPushback } from '../pushback.ts';
import type { Ticket } from './admission.ts';
import { DrainParts, type DrainModules, type DrainPartsOptions } from './drain-parts.ts';
import { planDrain, type DrainGoal } from './plan.ts';
import { podRecords, type DrainReport } from './report.ts';

export interface NodeDrainOptions extends DrainPartsOptions {
  /** When it was asked for, which the report tells. @default when it begins */
  readonly askedAt?: Instant | undefined;
  /** Its leave to begin, where it had to wait for one; given back when others may begin. */
  readonly ticket?: Ticket | undefined;
}

/** A timer knows nothing of a clock that is set forward: the drain looks at it as often as this. */
const longestSleepMs = 10_000;

/** After a list that failed. */
const shortestBackOffMs = 100;
const longestBackOffMs = 5_000;

/**
 * One drain of one node: list the pods, plan, ask each pod when its turn has come, follow them by WATCH until they
 * are gone, and take in those that land meanwhile. Ends when all are gone or at `endBy`, with a report either way.
 */
export class NodeDrain {
  readonly #parts: DrainParts;
  readonly #askedAt: Instant;
  #isListed = false;
  #isBroken = false;
  #checksRunning = 0;
  #trouble: string | undefined;
  #ticket: Ticket | undefined;

  constructor(options: NodeDrainOptions, modules: DrainModules) {
    this.#parts = new DrainParts(options, modules);
    this.#askedAt = options.askedAt ?? modules.clock.now();
    this.#ticket = options.ticket;
  }

  /**
   * Another interruption has joined, or one of several is over: go on towards this.
   * @returns false where it has come to its end
   */
  moveGoal(goal: DrainGoal): boolean {
    if (this.#parts.ended.aborted) return false;
    this.#parts.goal = goal;
    this.#replan();
    this.#parts.turns.goalMoved();
    this.#parts.wake();
    return true;
  }

  /** There is no more reason for it: whoever was not asked is left alone. */
  breakOff(): void {
    this.#isBroken = true;
    this.#end();
  }

  /**
   * Runs once.
   * @returns undefined where it was broken off
   * @throws the signal's reason; an error of our own, should there be one
   */
  async run(signal: AbortSignal): Promise<DrainReport | undefined> {
    const { ended, tasks, volumes } = this.#parts;
    const end = (): void => this.#end();
    signal.addEventListener('abort', end, { once: true });
    try {
      signal.throwIfAborted();
      this.#parts.spawn(this.#follow());
      await this.#until(() => this.#isDone);
      if (this.#isDone && volumes.isNeeded) {
        this.#parts.spawn(volumes.follow(ended, () => this.#parts.wake()));
        // Others may land meanwhile.
        await this.#until(() => volumes.isDone && this.#isDone);
      }
    } finally {
      signal.removeEventListener('abort', end);
      this.#end();
      await tasks.ended();
    }
    signal.throwIfAborted();
    return this.#isBroken ? undefined : this.#report();
  }

  get #isDone(): boolean {
    const { board, turns } = this.#parts;
    return this.#isListed && this.#checksRunning === 0 && !turns.isAsking && board.isEmpty;
  }

  /** Until it is so, until `endBy`, or until the drain is broken off; meanwhile pods whose turn comes are asked. */
  async #until(isSo: () => boolean): Promise<void> {
    const parts = this.#parts;
    const { clock, ended, kubelet, news, tasks, turns, volumes } = parts;
    const alarm = new Alarm(clock, () => parts.wake());
    try {
      for (;;) {
        tasks.throwIfFailed();
        turns.begin();
        news.tell();
        this.#letOthersBegin();
        const endBy = parts.goal.endBy ?? Infinity;
        if (isSo() || kubelet.isInVain || ended.aborted || clock.now() >= endBy) return;
        if (kubelet.isDue) parts.spawn(kubelet.look(ended));
        const changed = parts.changed();
        const ticketUntil = this.#ticket?.until ?? Infinity;
        const next = Math.min(endBy, turns.next, kubelet.next, volumes.next, ticketUntil);
        alarm.set(Math.min(next, clock.now() + longestSleepMs));
        await changed;
      }
    } finally {
      alarm.stop();
    }
  }

  /** Lists until that succeeds, then keeps the board true to the node. */
  async #follow(): Promise<void> {
    const parts = this.#parts;
    const { clock, cluster, ended, logger, node } = parts;
    let backOffMs = shortestBackOffMs;
    for (;;) {
      try {
        const take = (change: PodChange): void => {
          if (change.type === 'all') backOffMs = shortestBackOffMs;
          this.#take(change);
        };
        await cluster.followPods(node, parts.urgency, take, ended);
      } catch (error) {
        ended.throwIfAborted();
        if (this.#trouble === undefined) {
          logger.warn('Cannot list the pods of the node, trying again', { error });
        }
        this.#trouble = error instanceof Error ? error.message : String(error);
        if (isPushback(error)) continue;
        await clock.sleep(backOffMs, ended);
        backOffMs = Math.min(longestBackOffMs, backOffMs * 2);
      }
    }
  }

  /** Others are told of their pods by the same watch: an error of our own ends this drain, and nothing else. */
  #take(change: PodChange): void {
    const { board, clock, tasks } = this.#parts;
    try {
      if (change.type === 'all') {
        this.#trouble = undefined;
        this.#isListed = true;
      }
      if (board.observe(change, clock.now())) this.#replan();
    } catch (error) {
      tasks.fail(error);
    }
    this.#parts.wake();
  }

  /** Once each pod whose turn has come has been answered, or has been waited for long enough. */
  #letOthersBegin(): void {
    if (!this.#ticket) return;
    const { board, clock } = this.#parts;
    const isOver = clock.now() >= this.#ticket.until;
    const { unanswered } = board;
    if (isOver || (this.#isListed && unanswered === 0)) {
      this.#ticket.leave();
      this.#ticket = undefined;
    } else {
      this.#ticket.waitsFor(unanswered);
    }
  }

  #replan(): void {
    const { board, clock, daemonSets, ended, goal, policy, urgency, warnings } = this.#parts;
    if (ended.aborted || !this.#isListed) return;
    const pods = board.present;
    const plan = planDrain(pods, policy, goal, daemonSets.deleted, clock.now(), (pod) => board.roundsOf(pod));
    board.plan(plan);
    warnings.tell(plan, pods);
    // Behind the evictions, which are what is urgent.
    for (const check of daemonSets.check(pods, urgency + 1, ended)) {
      this.#checksRunning += 1;
      this.#parts.spawn(this.#takeIn(check));
    }
  }

  async #takeIn(check: Promise<boolean>): Promise<void> {
    const isDeleted = await check;
    this.#checksRunning -= 1;
    if (isDeleted) this.#replan();
  }

  #report(): DrainReport {
    const { board, clock, goal, news, node, turns, volumes } = this.#parts;
    news.tell();
    const complete = this.#isDone && !board.isSpoilt;
    return {
      node,
      startedAt: this.#askedAt,
      endedAt: clock.now(),
      deadline: goal.deadline,
      endBy: goal.endBy,
      complete,
      pods: podRecords(board, (pod) => turns.budgetReason(pod)),
      volumesAttached: volumes.attached,
      trouble: complete ? undefined : this.#whatIsInTheWay,
    };
  }

  get #whatIsInTheWay(): string | undefined {
    if (this.#parts.kubelet.isGone) {
      return 'the node is not ready: its kubelet does not answer, and only it can end pods';
    }
    return (
      this.#trouble ?? (this.#checksRunning > 0 ? 'the API server has not told of DaemonSets' : undefined)
    );
  }

  #end(): void {
    this.#parts.end();
    this.#ticket?.leave();
    this.#ticket = undefined;
  }
}
