import type { Clock } from '../clock.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { Cluster, PodChange, PodView } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
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

export interface DrainModules {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'evictionsRefused'>;
}

/** A refused eviction is tried again after 100 ms, then twice as long each time, up to 5 s. */
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
  readonly #deletedDaemonSets = new Set<string>();
  readonly #checkedDaemonSets = new Set<string>();
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
    const plan = planDrain(pods, this.#policy, this.#deletedDaemonSets, this.#goal.deadline);
    for (const pod of this.#board.plan(plan)) this.#spawn(this.#ask(pod));
    this.#checkDaemonSets(pods);
  }

  /** Asks until the pod is asked, gone, or the drain has ended. */
  async #ask(pod: LeavingPod): Promise<void> {
    const { clock, cluster, metrics, logger } = this.#modules;
    const { signal } = pod.asking;
    const { namespace, name } = pod.planned.pod;
    for (let backOffMs = shortestBackOffMs; ; backOffMs = Math.min(longestBackOffMs, backOffMs * 2)) {
      const { gracePeriodSeconds } = pod.planned;
      const answer = await cluster.evict(pod.planned.pod, gracePeriodSeconds, this.#urgency, signal);
      if (answer.answer === 'gone') this.#board.gone(pod.planned.pod.uid, clock.now());
      if (answer.answer !== 'refused') {
        if (answer.answer === 'asked') pod.askedAt = clock.now();
        pod.isTerminating = true;
        logger.debug('Pod asked to leave', { pod: `${namespace}/${name}` });
        this.#wake();
        return;
      }
      metrics.evictionsRefused.inc({ cause: answer.cause });
      if (pod.refusal?.cause !== answer.cause) {
        logger.info('Eviction refused, trying again', {
          pod: `${namespace}/${name}`,
          cause: answer.cause,
          text: answer.text,
        });
      }
      pod.refusal = { cause: answer.cause, text: answer.text, times: (pod.refusal?.times ?? 0) + 1 };
      if (await this.#isSettledDuring(pod, backOffMs * (0.75 + Math.random() / 2))) return;
    }
  }

  /** Waits out the back-off; true as soon as the pod is on its way out, so that there is nothing to ask for. */
  async #isSettledDuring(pod: LeavingPod, ms: number): Promise<boolean> {
    if (!needsAsking(pod)) return true;
    pod.backOff = new AbortController();
    await this.#modules.clock.sleep(ms, pod.backOff.signal).catch(() => {});
    pod.backOff = undefined;
    return !needsAsking(pod);
  }

  /** Off the hot path: whether the DaemonSets of the pods that would stay still exist. */
  #checkDaemonSets(pods: readonly PodView[]): void {
    for (const { namespace, owner } of pods) {
      if (owner?.kind !== 'DaemonSet' || this.#checkedDaemonSets.has(owner.uid)) continue;
      this.#checkedDaemonSets.add(owner.uid);
      this.#checksRunning += 1;
      this.#spawn(this.#checkDaemonSet(namespace, owner.name, owner.uid));
    }
  }

  async #checkDaemonSet(namespace: string, name: string, uid: string): Promise<void> {
    const { cluster } = this.#modules;
    const { signal } = this.#ended;
    const exists = await cluster.daemonSetExists(namespace, name, this.#urgency + 1, signal);
    this.#checksRunning -= 1;
    if (!exists) {
      this.#deletedDaemonSets.add(uid);
      this.#replan();
    }
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

function needsAsking(pod: LeavingPod): boolean {
  return !pod.isTerminating && !pod.asking.signal.aborted;
}
