import type { Clock } from '../clock.ts';
import { NodeDrain, type DrainGoal } from '../drain/drain-node.ts';
import type { DrainPolicy } from '../drain/plan.ts';
import type { DrainReport } from '../drain/report.ts';
import type { Delivery, Outcome } from '../interruption/delivery.ts';
import type { Instant } from '../interruption/interruption.ts';
import { Ledger } from '../interruption/ledger.ts';
import { decide, strongest, type Decision, type Policy } from '../interruption/policy.ts';
import type { Cluster, Marks } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import { NodeMarking } from './node-marking.ts';
import { rehearse } from './rehearsal.ts';
import { WorkflowStory } from './workflow-story.ts';

export interface NodeWorkflowOptions {
  readonly policy: Policy;
  readonly drain: DrainPolicy;
  /** How long one drain may take; undefined = as long as the deadline allows. */
  readonly nodeGracePeriodMs: number | undefined;
  readonly dryRun: boolean;
}

export interface NodeWorkflowModules {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Gives a delivery back to its source, for good. */
  readonly settle: (delivery: Delivery, outcome: Outcome) => Promise<void>;
  /** Gives a delivery back to its source, to come again. */
  readonly release: (delivery: Delivery) => Promise<void>;
}

export type Phase = 'received' | 'draining' | 'settling';

/** Evictions begin when the node is marked, or after this: a mark that fails never blocks the drain. */
const waitForMarkMs = 3_000;

/** A deadline that is past, or all but, still gets this long: the machine evidently lives. */
const lastChanceMs = 30_000;

/**
 * What happens to one node, from the first signal to the settling of all that joined:
 *
 *                signal joins (earliest deadline, strongest response)
 *               ┌───────────────┐
 *   received ───┴─> marked ─────> draining ──> drained, or the machine's end has passed ──> settled
 *                      │              └──────> not drained in time ──> released (the source delivers again)
 *                      └─> settled (where the response is to mark only)
 *
 * Invariant: every delivery that joined is given back once, and not before the work for it has ended.
 */
export class NodeWorkflow {
  readonly node: string;
  readonly #options: NodeWorkflowOptions;
  readonly #modules: NodeWorkflowModules;
  readonly #logger: Logger;
  readonly #story: WorkflowStory;
  readonly #marking: NodeMarking;
  readonly #ledger = new Ledger();
  #phase: Phase = 'received';
  #drain: { readonly startedAt: Instant; readonly job: NodeDrain } | undefined;
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
        marks: () => this.#marks,
        onAttempt: (succeeded) => {
          this.#story.markAttempted(succeeded);
        },
      },
      this.#modules,
    );
    modules.metrics.workflows.inc({ phase: this.#phase });
  }

  /** Another signal for this node. false: too late, the workflow has ended and a new one is needed. */
  join(delivery: Delivery): boolean {
    if (this.#hasEnded) return false;
    this.#ledger.enter(delivery);
    this.#marking.request();
    this.#drain?.job.moveGoal(this.#goal(this.#drain.startedAt));
    return true;
  }

  /**
   * Runs once, to the end.
   * @param killing ends the work where it stands; the deliveries are released
   */
  async run(killing: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const kill = (): void => {
      ended.abort(killing.reason);
    };
    killing.addEventListener('abort', kill, { once: true });
    let outcome: Outcome | undefined;
    try {
      killing.throwIfAborted();
      outcome = await this.#work(ended.signal);
    } catch (error) {
      if (!killing.aborted) this.#logger.error('The work on the node failed and is tried again', { error });
    }
    this.#hasEnded = true;
    killing.removeEventListener('abort', kill);
    ended.abort();
    this.#enter('settling');
    await this.#giveBack(outcome);
    this.#modules.metrics.workflows.dec({ phase: this.#phase });
  }

  #decide(): Decision {
    return strongest(this.#ledger.interruptions.map((it) => decide(it, this.#options.policy)));
  }

  get #marks(): Marks {
    return {
      interruptions: this.#ledger.interruptions.map((interruption) => ({
        interruption,
        deadline: decide(interruption, this.#options.policy).deadline,
      })),
      forDrain: this.#decide().response === 'drain',
    };
  }

  /** @returns undefined where the node was to be drained, has not been, and may still be */
  async #work(signal: AbortSignal): Promise<Outcome | undefined> {
    if (this.#options.dryRun) {
      const { drain: policy } = this.#options;
      const { response } = this.#decide();
      await rehearse({ node: this.node, response, policy, story: this.#story.fields }, this.#modules, signal);
      return 'dry-run';
    }
    const marking = this.#marking.run(signal).catch(() => {});
    if (this.#decide().response === 'mark') {
      await Promise.race([this.#marking.upToDate(), marking]);
      signal.throwIfAborted();
      // What joined meanwhile may have asked for more than a mark.
      if (this.#decide().response === 'mark') {
        this.#hasEnded = true;
        this.#story.marked();
        return 'marked';
      }
    }
    await this.#untilMarked(signal);
    const report = await this.#drainNode(signal);
    await this.#untilMarked(signal);
    return this.#conclude(report);
  }

  async #untilMarked(signal: AbortSignal): Promise<void> {
    if (this.#marking.isUpToDate) return;
    const timer = new AbortController();
    const timeUp = this.#modules.clock.sleep(waitForMarkMs, timer.signal).catch(() => {});
    await Promise.race([this.#marking.upToDate(), timeUp]);
    timer.abort();
    signal.throwIfAborted();
  }

  #goal(startedAt: Instant): DrainGoal {
    const { nodeGracePeriodMs } = this.#options;
    const { deadline } = this.#decide();
    const ends = [
      ...(deadline === undefined ? [] : [Math.max(deadline, startedAt + lastChanceMs)]),
      ...(nodeGracePeriodMs === undefined ? [] : [startedAt + nodeGracePeriodMs]),
    ];
    return { deadline, endBy: ends.length === 0 ? undefined : Math.min(...ends) };
  }

  async #drainNode(signal: AbortSignal): Promise<DrainReport> {
    const startedAt = this.#modules.clock.now();
    this.#enter('draining');
    this.#story.drainBegins(this.#decide().deadline);
    const job = new NodeDrain(
      { node: this.node, policy: this.#options.drain, goal: this.#goal(startedAt) },
      this.#modules,
    );
    this.#drain = { startedAt, job };
    return job.run(signal);
  }

  #conclude(report: DrainReport): Outcome | undefined {
    this.#hasEnded = true;
    const { deadline, deadlineIsMachineEnd } = this.#decide();
    const isMachineEnd =
      deadlineIsMachineEnd && deadline !== undefined && this.#modules.clock.now() >= deadline;
    this.#story.drainEnded(report, isMachineEnd);
    if (report.complete) return 'drained';
    return isMachineEnd ? 'deadline-passed' : undefined;
  }

  async #giveBack(outcome: Outcome | undefined): Promise<void> {
    for (const delivery of this.#ledger.takeAll()) {
      try {
        if (outcome === undefined) await this.#modules.release(delivery);
        else await this.#modules.settle(delivery, outcome);
      } catch (error) {
        this.#logger.error('Cannot give a delivery back to its source', {
          interruption_id: delivery.interruption.id,
          error,
        });
      }
    }
  }

  #enter(phase: Phase): void {
    const { workflows } = this.#modules.metrics;
    workflows.dec({ phase: this.#phase });
    workflows.inc({ phase });
    this.#phase = phase;
  }
}
