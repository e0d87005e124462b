import type { Instant } from '../interruption/interruption.ts';
import type { Cluster, PodChange, PodView } from '../kubernetes/cluster.ts';
import { askPod, type AskingModules } from './ask-pod.ts';
import { DaemonSets } from './daemon-sets.ts';
import { planDrain, type DrainPolicy } from './plan.ts';
import { PodBoard, type LeavingPod } from './pod-board.ts';
import type { DrainReport } from './report.ts';

/** Until when a drain goes on. May move while it runs, when another interruption joins. */
export interface DrainGoal {
  /** When the pods should be gone for AWS's sake. */
  readonly deadline: Instant | undefined;
  /** When this drain gives up: the deadline, or the node's grace period where that ends first. */
  readonly endBy: Instant | undefined;
}

export interface DrainModules extends AskingModules {
  readonly cluster: Cluster;
}

/** Where the pods can't be listed, that is tried again after 100 ms, then twice as long each time, up to 5 s. */
const shortestBackOffMs = 100;
const longestBackOffMs = 5_000;

/** Drains without a deadline stand behind all that have one. */
const noDeadlineUrgency = Number.MAX_SAFE_INTEGER - 1;

/**
 * One drain of one node: list the pods, ask all that leave, follow them by WATCH until they are gone, and ask
 * those that land meanwhile. Ends when they are gone or at `endBy`, with a report either way.
 */
export class NodeDrain {
  readonly #node: string;
  readonly #policy: DrainPolicy;
  readonly #modules: DrainModules;
  readonly #board = new PodBoard();
  readonly #daemonSets: DaemonSets;
  readonly #tasks = new Set<Promise<void>>();
  readonly #ended = new AbortController();
  #goal: DrainGoal;
  #changed = Promise.withResolvers<void>();
  #isListed = false;
  #checksRunning = 0;
  #trouble: string | undefined;
  #failure: Error | undefined;

  constructor(
    options: { readonly node: string; readonly policy: DrainPolicy; readonly goal: DrainGoal },
    modules: DrainModules,
  ) {
    this.#node = options.node;
    this.#policy = options.policy;
    this.#goal = options.goal;
    this.#modules = modules;
    this.#daemonSets = new DaemonSets(modules.cluster);
  }

  /** Another interruption has joined: go on with an earlier deadline. */
  moveGoal(goal: DrainGoal): void {
    this.#goal = goal;
    this.#replan();
    this.#wake();
  }

  /** Runs once. @throws the signal's reason where the drain is broken off; an error of our own, should there be one */
  async run(signal: AbortSignal): Promise<DrainReport> {
    const { clock } = this.#modules;
    const startedAt = clock.now();
    const breakOff = (): void => {
      this.#end();
    };
    signal.addEventListener('abort', breakOff, { once: true });
    try {
      signal.throwIfAborted();
      this.#spawn(this.#follow());
      await this.#untilDone();
    } finally {
      signal.removeEventListener('abort', breakOff);
      this.#end();
      await Promise.all(this.#tasks);
    }
    signal.throwIfAborted();
    if (this.#failure) throw this.#failure;
    return {
      node: this.#node,
      startedAt,
      endedAt: clock.now(),
      endBy: this.#goal.endBy,
      complete: this.#isDone && !this.#board.isSpoilt,
      pods: this.#board.records(),
      trouble: this.#trouble,
    };
  }

  get #isDone(): boolean {
    return this.#isListed && this.#checksRunning === 0 && this.#board.isEmpty;
  }

  get #urgency(): Instant {
    return this.#goal.deadline ?? noDeadlineUrgency;
  }

  async #untilDone(): Promise<void> {
    const { clock } = this.#modules;
    while (!this.#isDone && !this.#ended.signal.aborted) {
      const { endBy } = this.#goal;
      if (endBy !== undefined && clock.now() >= endBy) return;
      this.#changed = Promise.withResolvers();
      const timer = new AbortController();
      const timeUp = endBy === undefined ? undefined : clock.sleep(endBy - clock.now(), timer.signal);
      await Promise.race([this.#changed.promise, timeUp?.catch(() => {})].filter((it) => it !== undefined));
      timer.abort();
    }
  }

  /** Lists until that succeeds, then keeps the board true to the node. */
  async #follow(): Promise<void> {
    const { clock, cluster, logger } = this.#modules;
    const { signal } = this.#ended;
    for (let backOffMs = shortestBackOffMs; ; backOffMs = Math.min(longestBackOffMs, backOffMs * 2)) {
      try {
        const { pods, version } = await cluster.podsOn(this.#node, this.#urgency, signal);
        this.#trouble = undefined;
        this.#isListed = true;
        this.#observe({ type: 'all', pods });
        for await (const change of cluster.podChangesOn(this.#node, version, this.#urgency, signal)) {
          this.#observe(change);
        }
      } catch (error) {
        if (signal.aborted) return;
        const text = error instanceof Error ? error.message : String(error);
        if (this.#trouble === undefined)
          logger.warn('Cannot list the pods of the node, trying again', { error });
        this.#trouble = text;
        await clock.sleep(backOffMs, signal);
      }
    }
  }

  #observe(change: PodChange): void {
    if (this.#board.observe(change, this.#modules.clock.now())) this.#replan();
    this.#wake();
  }

  #replan(): void {
    if (this.#ended.signal.aborted) return;
    const pods = this.#board.present;
    const plan = planDrain(pods, this.#policy, this.#daemonSets.deleted, this.#goal.deadline);
    for (const pod of this.#board.plan(plan)) this.#spawn(this.#ask(pod));
    this.#checkDaemonSets(pods);
  }

  async #ask(pod: LeavingPod): Promise<void> {
    const end = await askPod(pod, () => this.#urgency, this.#modules);
    if (end === 'gone') this.#board.gone(pod.planned.pod.uid, this.#modules.clock.now());
    this.#wake();
  }

  /** Off the hot path: whether the DaemonSets of the pods that would stay still exist. */
  #checkDaemonSets(pods: readonly PodView[]): void {
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

  #wake(): void {
    this.#changed.resolve();
  }

  #end(): void {
    this.#ended.abort();
    for (const pod of this.#board.leaving.values()) {
      pod.asking.abort();
      pod.backOff?.abort();
    }
    this.#wake();
  }

  /** Tasks end by themselves, or by the abort that ends the drain. */
  #spawn(task: Promise<void>): void {
    const ended = task
      .catch((error: unknown) => {
        if (this.#ended.signal.aborted) return;
        // A pod that left while its eviction was under way.
        if (error instanceof Error && error.name === 'AbortError') return;
        this.#failure = error instanceof Error ? error : new Error(String(error));
        this.#end();
      })
      .finally(() => {
        this.#tasks.delete(ended);
      });
    this.#tasks.add(ended);
  }
}
