import type { Clock } from '../clock.ts';
import { NodeDrain } from '../drain/drain-node.ts';
import type { DrainGoal, DrainPolicy } from '../drain/plan.ts';
import type { DrainReport } from '../drain/report.ts';
import type { Cancellation, Delivery, Outcome } from '../interruption/delivery.ts';
import type { Instant } from '../interruption/interruption.ts';
import { Ledger } from '../interruption/ledger.ts';
import { decide, strongest, type Decision, type Policy } from '../interruption/policy.ts';
import type { Cluster, Marks } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import { Change } from './change.ts';
import { NodeMarking } from './node-marking.ts';
import { rehearse } from './rehearsal.ts';
import { WorkflowStory } from './workflow-story.ts';

export interface NodeWorkflowOptions {
  readonly policy: Policy;
  readonly drain: DrainPolicy;
  readonly dryRun: boolean;
  /** NTH's `enable-out-of-service-taint`. */
  readonly outOfServiceTaint: boolean;
}

export interface NodeWorkflowModules {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Gives back to its source, for good. */
  readonly settle: (item: Delivery | Cancellation, outcome: Outcome) => Promise<void>;
  /** Gives back to its source, to come again. */
  readonly release: (item: Delivery | Cancellation) => Promise<void>;
}

export type Phase = 'received' | 'waiting' | 'draining' | 'settling';

/** Evictions begin when the node is marked, or after this: a mark that fails never blocks the drain. */
const waitForMarkMs = 3_000;

/** A deadline that is past, or all but, still gets this long: the machine evidently lives. */
const lastChanceMs = 30_000;

/** What the node is told at the very end is given up after this; nothing depends on it. */
const lastWordMs = 30_000;

/**
 * What happens to one node, from the first signal to the settling of all that joined:
 *
 *                signal joins (earliest deadline, strongest response)
 *               ┌───────────────┐
 *   received ───┴─> marked ─────> draining ──> drained, or the machine's end has passed ──> settled
 *                    │ │  ^         │ └──────> not drained in time ──> released (the source delivers again)
 *                    │ │  └─ waits for its time (where the drain begins before an announced start)
 *                    │ └─> settled (where the response is to mark only)
 *                    └──────┬───────┘
 *                           └─> the last signal is cancelled ──> unmarked ──> settled
 *
 * Invariant: all that joined is given back once, and not before the work for it has ended.
 */
export class NodeWorkflow {
  readonly node: string;
  readonly #options: NodeWorkflowOptions;
  readonly #modules: NodeWorkflowModules;
  readonly #logger: Logger;
  readonly #story: WorkflowStory;
  readonly #marking: NodeMarking;
  readonly #ledger = new Ledger();
  readonly #change = new Change();
  #phase: Phase = 'received';
  #drain:
    | { readonly startedAt: Instant; readonly job: NodeDrain; readonly broken: AbortController }
    | undefined;
  #isDrained = false;
  #hasEnded = false;

  constructor(node: string, options: NodeWorkflowOptions, modules: NodeWorkflowModules) {
    this.node = node;
    this.#options = options;
    this.#logger = modules.logger.child({ node });
    this.#modules = { ...modules, logger: this.#logger };
    this.#story = new WorkflowStory(node, this.#ledger, this.#modules);
    this.#marking = new NodeMarking(
      {
        node,
        marks: () => this.#marks(),
        onAttempt: (succeeded) => {
          // That the node has been drained is written down, but is no action on it.
          if (!this.#isDrained) this.#story.markAttempted(succeeded);
        },
      },
      this.#modules,
    );
    modules.metrics.workflows.inc({ phase: this.#phase });
  }

  /** Whether the work for this interruption is going on here. */
  concerns(interruptionId: string): boolean {
    return !this.#hasEnded && this.#ledger.interruptions.some((it) => it.id === interruptionId);
  }

  /** Something new for this node. false: too late, the workflow has ended and a new one is needed. */
  join(item: Delivery | Cancellation): boolean {
    if (this.#hasEnded) return false;
    if (item.type === 'interruption') this.#ledger.enter(item);
    else this.#ledger.cancel(item);
    this.#marking.request();
    this.#change.tell();
    if (!this.#drain) return true;
    if (this.#decide().response === 'drain') this.#drain.job.moveGoal(this.#goal(this.#drain.startedAt));
    else this.#drain.broken.abort(new Error('The interruption is over'));
    return true;
  }

  /**
   * Runs once, to the end.
   * @param killing ends the work where it stands; what was lent is released
   */
  async run(killing: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const kill = (): void => {
      ended.abort(killing.reason);
    };
    killing.addEventListener('abort', kill, { once: true });
    try {
      let outcome: Outcome | undefined;
      let hasFailed = false;
      try {
        killing.throwIfAborted();
        if (!this.#options.dryRun) void this.#marking.run(ended.signal).catch(() => {});
        outcome = await this.#work(ended.signal);
      } catch (error) {
        hasFailed = true;
        if (!killing.aborted) this.#logger.error('The work on the node failed and is tried again', { error });
      }
      this.#hasEnded = true;
      this.#enter('settling');
      await this.#giveBack(outcome, hasFailed);
      if (outcome === 'drained') await this.#untilMarked(lastWordMs, ended.signal);
    } catch (error) {
      if (!killing.aborted) throw error;
    } finally {
      killing.removeEventListener('abort', kill);
      ended.abort();
      this.#modules.metrics.workflows.dec({ phase: this.#phase });
    }
  }

  #decide(): Decision {
    return strongest(this.#ledger.interruptions.map((it) => decide(it, this.#options.policy)));
  }

  #marks(): Marks {
    const decision = this.#decide();
    const { interruptions, cancellations } = this.#ledger;
    return {
      interruptions: interruptions.map((interruption) => ({
        interruption,
        deadline: decide(interruption, this.#options.policy).deadline,
      })),
      over: cancellations.map((cancellation) => cancellation.interruptionId),
      remembersOver: cancellations.some((cancellation) => cancellation.why === 'rebooted'),
      forDrain: decision.response === 'drain',
      phase: this.#isDrained ? 'drained' : 'marked',
      outOfService: this.#isDrained && this.#options.outOfServiceTaint && decision.endsMachine,
    };
  }

  /** @returns undefined where the node was to be drained, has not been, and may still be */
  async #work(signal: AbortSignal): Promise<Outcome | undefined> {
    if (this.#options.dryRun) {
      const { drain: policy } = this.#options;
      const { response } = this.#decide();
      const now = this.#modules.clock.now();
      const goal = this.#goal(now);
      const { fields: story } = this.#story;
      await rehearse({ node: this.node, response, policy, goal, now, story }, this.#modules, signal);
      return 'dry-run';
    }
    for (;;) {
      const { response, drainAt } = this.#decide();
      if (response === 'drain' && drainAt <= this.#modules.clock.now()) {
        await this.#untilMarked(waitForMarkMs, signal);
        const report = await this.#drainNode(signal);
        if (report) return this.#conclude(report);
      } else if (response === 'drain') {
        this.#enter('waiting');
        this.#story.waitsUntil(drainAt);
        await this.#change.within(drainAt - this.#modules.clock.now(), this.#modules.clock, signal);
      } else {
        await this.#marking.upToDate(signal);
        // What joined meanwhile may have asked for more.
        if (this.#decide().response === 'drain' || !this.#marking.isUpToDate) continue;
        this.#hasEnded = true;
        const isOver = this.#ledger.interruptions.length === 0;
        if (isOver) this.#story.unmarked();
        else this.#story.marked();
        return isOver ? 'cancelled' : 'marked';
      }
    }
  }

  async #untilMarked(limitMs: number, signal: AbortSignal): Promise<void> {
    if (this.#marking.isUpToDate) return;
    const timer = new AbortController();
    const timeUp = this.#modules.clock.sleep(limitMs, timer.signal).catch(() => {});
    await Promise.race([this.#marking.upToDate(signal), timeUp]);
    timer.abort();
    signal.throwIfAborted();
  }

  #goal(startedAt: Instant): DrainGoal {
    const { deadline, deadlineIsMachineEnd, nodeGracePeriodMs, escalation } = this.#decide();
    const ends = [
      ...(deadline === undefined ? [] : [Math.max(deadline, startedAt + lastChanceMs)]),
      ...(nodeGracePeriodMs === undefined ? [] : [startedAt + nodeGracePeriodMs]),
    ];
    const endBy = ends.length === 0 ? undefined : Math.min(...ends);
    return { deadline, deadlineIsMachineEnd, endBy, escalation };
  }

  /** @returns undefined where the drain was broken off because there is no more reason for it */
  async #drainNode(signal: AbortSignal): Promise<DrainReport | undefined> {
    const startedAt = this.#modules.clock.now();
    this.#enter('draining');
    this.#story.drainBegins(this.#decide().deadline);
    const goal = this.#goal(startedAt);
    const job = new NodeDrain({ node: this.node, policy: this.#options.drain, goal }, this.#modules);
    const broken = new AbortController();
    const forward = (): void => {
      broken.abort(signal.reason);
    };
    signal.addEventListener('abort', forward, { once: true });
    this.#drain = { startedAt, job, broken };
    try {
      return await job.run(broken.signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!broken.signal.aborted) throw error;
      this.#story.drainBroken();
      return undefined;
    } finally {
      this.#drain = undefined;
      signal.removeEventListener('abort', forward);
    }
  }

  #conclude(report: DrainReport): Outcome | undefined {
    this.#hasEnded = true;
    const { deadline, deadlineIsMachineEnd } = this.#decide();
    const isMachineEnd =
      deadlineIsMachineEnd && deadline !== undefined && this.#modules.clock.now() >= deadline;
    this.#story.drainEnded(report, isMachineEnd);
    if (!report.complete) return isMachineEnd ? 'deadline-passed' : undefined;
    this.#isDrained = true;
    this.#marking.request();
    return 'drained';
  }

  async #giveBack(outcome: Outcome | undefined, hasFailed: boolean): Promise<void> {
    const { settle, release } = this.#modules;
    const { deliveries, cancelled } = this.#ledger.takeAll();
    for (const item of cancelled) {
      await this.#attempt(() => (hasFailed ? release(item) : settle(item, 'cancelled')));
    }
    for (const item of deliveries) {
      await this.#attempt(() => (outcome === undefined ? release(item) : settle(item, outcome)));
    }
  }

  async #attempt(giveBack: () => Promise<void>): Promise<void> {
    try {
      await giveBack();
    } catch (error) {
      this.#logger.error('Cannot give a delivery back to its source', { error });
    }
  }

  #enter(phase: Phase): void {
    const { workflows } = this.#modules.metrics;
    workflows.dec({ phase: this.#phase });
    workflows.inc({ phase });
    this.#phase = phase;
  }
}
