import { Alarm } from '../alarm.ts';
import { notNeeded } from '../not-needed.ts';
import type { Clock } from '../clock.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { Cluster, PodChange } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import { isPushback } from '../pushback.ts';
import type { Ticket } from './admission.ts';
import { DaemonSets } from './daemon-sets.ts';
import { KubeletCheck } from './kubelet-check.ts';
import { planDrain, urgencyOf, type DrainGoal, type DrainPlan, type DrainPolicy } from './plan.ts';
import { PlanWarnings } from './plan-warnings.ts';
import { PodBoard } from './pod-board.ts';
import { PodProgressNews, type PodProgress } from './pod-progress.ts';
import { podRecords, type DrainReport } from './report.ts';
import { TaskGroup } from './task-group.ts';
import { Turns } from './turns.ts';
import { VolumeWait } from './volume-wait.ts';

export interface NodeDrainOptions {
  readonly node: string;
  readonly policy: DrainPolicy;
  readonly goal: DrainGoal;
  /** When it was asked for, which the report tells. @default when it begins */
  readonly askedAt?: Instant | undefined;
}

export interface DrainModules {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'evictionsRefused'>;
  readonly onPods?: ((pods: readonly PodProgress[]) => void) | undefined;
  /** Its leave to begin, where it had to wait for one; given back when others may begin. */
  readonly ticket?: Ticket | undefined;
}

/** After a list that failed. */
const shortestBackOffMs = 100;
const longestBackOffMs = 5_000;

/**
 * One drain of one node: list the pods, plan, ask each pod when its turn has come, follow them by WATCH until they
 * are gone, and take in those that land meanwhile. Ends when all are gone or at `endBy`, with a report either way.
 */
export class NodeDrain {
  readonly #options: NodeDrainOptions;
  readonly #modules: DrainModules;
  readonly #board = new PodBoard();
  readonly #daemonSets: DaemonSets;
  readonly #turns: Turns;
  readonly #kubelet: KubeletCheck;
  readonly #volumes: VolumeWait;
  readonly #ended = new AbortController();
  readonly #tasks = new TaskGroup();
  readonly #news: PodProgressNews;
  readonly #warnings: PlanWarnings;
  #goal: DrainGoal;
  #plan: DrainPlan = { leaving: [], staying: [], allAtOnce: false };
  #changed = Promise.withResolvers<void>();
  #isListed = false;
  #checksRunning = 0;
  #trouble: string | undefined;
  #ticket: Ticket | undefined;

  constructor(options: NodeDrainOptions, modules: DrainModules) {
    this.#options = options;
    this.#modules = modules;
    this.#goal = options.goal;
    this.#ticket = modules.ticket;
    const urgency = (): Instant => this.#urgency;
    this.#daemonSets = new DaemonSets(modules.cluster);
    this.#warnings = new PlanWarnings(options, modules);
    this.#volumes = new VolumeWait(options, { ...modules, urgency });
    const shared = { ...modules, board: this.#board };
    this.#kubelet = new KubeletCheck(options, shared);
    this.#turns = new Turns(
      { policy: options.policy, goal: () => this.#goal, urgency },
      { ...shared, ended: this.#ended.signal, spawn: (task) => this.#spawn(task), wake: () => this.#wake() },
    );
    this.#news = new PodProgressNews((pod) => this.#turns.budgetsOf(pod), shared);
  }

  /** Another interruption has joined, or one of several is over: go on towards this. */
  moveGoal(goal: DrainGoal): void {
    this.#goal = goal;
    this.#replan();
    this.#turns.shorten();
    this.#wake();
  }

  /** Runs once. @throws the signal's reason where the drain is broken off; an error of our own, should there be one */
  async run(signal: AbortSignal): Promise<DrainReport> {
    const startedAt = this.#options.askedAt ?? this.#modules.clock.now();
    const breakOff = (): void => {
      this.#end();
    };
    signal.addEventListener('abort', breakOff, { once: true });
    try {
      signal.throwIfAborted();
      this.#spawn(this.#follow());
      await this.#until(() => this.#isDone);
      if (this.#isDone && this.#volumes.isNeeded(this.#board)) {
        this.#spawn(this.#volumes.follow(this.#ended.signal, () => this.#wake()));
        await this.#until(() => this.#volumes.isDone);
      }
    } finally {
      signal.removeEventListener('abort', breakOff);
      this.#end();
      await this.#tasks.ended();
    }
    signal.throwIfAborted();
    return this.#report(startedAt);
  }

  get #isDone(): boolean {
    return this.#isListed && this.#checksRunning === 0 && !this.#turns.isAsking && this.#board.isEmpty;
  }

  get #urgency(): Instant {
    return urgencyOf(this.#goal);
  }

  /** Until it is so, until `endBy`, or until the drain is broken off; meanwhile pods whose turn comes are asked. */
  async #until(isSo: () => boolean): Promise<void> {
    const { clock } = this.#modules;
    const alarm = new Alarm(clock, () => {
      this.#wake();
    });
    try {
      for (;;) {
        this.#tasks.throwIfFailed();
        this.#turns.begin(this.#plan);
        this.#news.tell();
        this.#letOthersBegin();
        const endBy = this.#goal.endBy ?? Infinity;
        if (isSo() || this.#kubelet.isGone || this.#ended.signal.aborted || clock.now() >= endBy) return;
        if (this.#kubelet.isDue) this.#spawn(this.#kubelet.look(this.#ended.signal));
        this.#changed = Promise.withResolvers();
        alarm.set(Math.min(endBy, this.#turns.next, this.#kubelet.next, this.#ticket?.until ?? Infinity));
        await this.#changed.promise;
      }
    } finally {
      alarm.stop();
    }
  }

  /** Lists until that succeeds, then keeps the board true to the node. */
  async #follow(): Promise<void> {
    const { clock, cluster, logger } = this.#modules;
    const { node } = this.#options;
    const { signal } = this.#ended;
    let backOffMs = shortestBackOffMs;
    for (;;) {
      try {
        for await (const change of cluster.podChangesOn(node, this.#urgency, signal)) {
          if (change.type === 'all') {
            this.#trouble = undefined;
            this.#isListed = true;
            backOffMs = shortestBackOffMs;
          }
          this.#observe(change);
        }
      } catch (error) {
        signal.throwIfAborted();
        if (this.#trouble === undefined) {
          logger.warn('Cannot list the pods of the node, trying again', { error });
        }
        this.#trouble = error instanceof Error ? error.message : String(error);
        if (isPushback(error)) continue;
        await clock.sleep(backOffMs, signal);
        backOffMs = Math.min(longestBackOffMs, backOffMs * 2);
      }
    }
  }

  /** Once each pod whose turn has come has been answered, or has been waited for long enough. */
  #letOthersBegin(): void {
    if (!this.#ticket) return;
    const isOver = this.#modules.clock.now() >= this.#ticket.until;
    const { unanswered } = this.#board;
    if (isOver || (this.#isListed && unanswered === 0)) {
      this.#ticket.leave();
      this.#ticket = undefined;
    } else {
      this.#ticket.waitsFor(unanswered);
    }
  }

  #observe(change: PodChange): void {
    if (this.#board.observe(change, this.#modules.clock.now())) this.#replan();
    this.#wake();
  }

  #replan(): void {
    if (this.#ended.signal.aborted || !this.#isListed) return;
    const pods = this.#board.present;
    const { policy } = this.#options;
    this.#plan = planDrain(pods, policy, this.#goal, this.#daemonSets.deleted, this.#modules.clock.now());
    this.#board.plan(this.#plan);
    this.#warnings.tell(this.#plan, pods);
    // Behind the evictions, which are what is urgent.
    for (const check of this.#daemonSets.check(pods, this.#urgency + 1, this.#ended.signal)) {
      this.#checksRunning += 1;
      this.#spawn(this.#takeIn(check));
    }
  }

  async #takeIn(check: Promise<boolean>): Promise<void> {
    const isDeleted = await check;
    this.#checksRunning -= 1;
    if (isDeleted) this.#replan();
    this.#wake();
  }

  #report(startedAt: Instant): DrainReport {
    this.#news.tell();
    return {
      node: this.#options.node,
      startedAt,
      endedAt: this.#modules.clock.now(),
      deadline: this.#goal.deadline,
      endBy: this.#goal.endBy,
      complete: this.#isDone && !this.#board.isSpoilt,
      pods: podRecords(this.#board, (pod) => this.#turns.budgetReason(pod)),
      volumesAttached: this.#volumes.attached,
      trouble: this.#kubelet.isGone
        ? 'the node is not ready: its kubelet does not answer, and only it can end pods'
        : this.#trouble,
    };
  }

  #wake(): void {
    this.#changed.resolve();
  }

  #end(): void {
    this.#ended.abort(notNeeded);
    this.#board.stopAsking();
    this.#ticket?.leave();
    this.#ticket = undefined;
    this.#wake();
  }

  #spawn(task: Promise<void>): void {
    this.#tasks.add(task, () => {
      this.#wake();
    });
  }
}
