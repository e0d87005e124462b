import type { Clock } from '../clock.ts';
import { NodeDrain } from '../drain/drain-node.ts';
import type { DrainPolicy } from '../drain/plan.ts';
import { continued, type DrainReport } from '../drain/report.ts';
import type { Delivery, Outcome } from '../interruption/delivery.ts';
import type { Instant } from '../interruption/interruption.ts';
import { Ledger } from '../interruption/ledger.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import { Mandate, type MandateOptions } from './mandate.ts';
import { NodeMarking } from './node-marking.ts';
import { rehearse } from './rehearsal.ts';
import { WorkflowStory } from './workflow-story.ts';

export interface NodeWorkflowOptions extends MandateOptions {
  readonly drain: DrainPolicy;
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
  readonly #mandate: Mandate;
  #drain: NodeDrain | undefined;
  #hasEnded = false;

  constructor(node: string, options: NodeWorkflowOptions, modules: NodeWorkflowModules) {
    this.node = node;
    this.#options = options;
    this.#logger = modules.logger.child({ node });
    this.#modules = { ...modules, logger: this.#logger };
    this.#mandate = new Mandate(options, { ...modules, ledger: this.#ledger });
    this.#story = new WorkflowStory(node, this.#ledger, this.#modules);
    this.#marking = new NodeMarking(
      {
        node,
        marks: () => this.#mandate.marks,
        onAttempt: (succeeded) => {
          this.#story.markAttempted(succeeded, this.#mandate.decision.response);
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
    this.#drain?.moveGoal(this.#mandate.goal);
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

  /** @returns undefined where what was to be done has not been, and may still be */
  async #work(signal: AbortSignal): Promise<Outcome | undefined> {
    if (this.#options.dryRun) return this.#rehearse(signal);
    // The marking never ends by itself: it is here for its errors.
    return Promise.race([this.#act(signal), this.#marking.run(signal)]);
  }

  async #rehearse(signal: AbortSignal): Promise<Outcome> {
    const { drain: policy } = this.#options;
    let revision: number;
    do {
      ({ revision } = this.#ledger);
      const { response } = this.#mandate.decision;
      await rehearse({ node: this.node, response, policy, story: this.#story.fields }, this.#modules, signal);
      // What joined meanwhile is rehearsed as well.
    } while (revision !== this.#ledger.revision);
    this.#hasEnded = true;
    return 'dry-run';
  }

  async #act(signal: AbortSignal): Promise<Outcome | undefined> {
    while (this.#mandate.decision.response === 'mark') {
      const { lastChance } = this.#mandate;
      if (this.#marking.isUpToDate || this.#isPast(lastChance)) return this.#concludeMark();
      await this.#marking.change(lastChance, signal);
    }
    let before: DrainReport | undefined;
    for (;;) {
      await this.#untilMarked(signal);
      const report = continued(before, await this.#drainNode(signal));
      const end = await this.#finish(report, signal);
      if (end !== 'again') return end;
      before = report;
    }
  }

  async #untilMarked(signal: AbortSignal): Promise<void> {
    const until = this.#modules.clock.now() + waitForMarkMs;
    while (!this.#marking.isUpToDate && !this.#isPast(until)) await this.#marking.change(until, signal);
  }

  /** @returns 'again' where the node was drained before it was marked: pods may have landed on it meanwhile */
  async #finish(report: DrainReport, signal: AbortSignal): Promise<Outcome | 'again' | undefined> {
    const until = this.#modules.clock.now() + waitForMarkMs;
    while (!this.#marking.isUpToDate && !this.#isPast(until)) await this.#marking.change(until, signal);
    const isUnmarked = (): boolean => this.#marking.trouble !== undefined;
    if (!report.complete || !isUnmarked()) return this.#concludeDrain(report);
    while (!this.#isPast(this.#mandate.goal.endBy)) {
      await this.#marking.change(this.#mandate.goal.endBy, signal);
      if (!isUnmarked()) return 'again';
    }
    return this.#concludeDrain(report);
  }

  #isPast(instant: Instant | undefined): boolean {
    return instant !== undefined && this.#modules.clock.now() >= instant;
  }

  async #drainNode(signal: AbortSignal): Promise<DrainReport> {
    this.#enter('draining');
    this.#story.drainBegins(this.#mandate.decision.deadline);
    this.#drain = new NodeDrain(
      { node: this.node, policy: this.#options.drain, goal: this.#mandate.goal },
      this.#modules,
    );
    return this.#drain.run(signal);
  }

  #concludeMark(): Outcome | undefined {
    this.#hasEnded = true;
    if (this.#marking.isUpToDate) {
      this.#story.marked();
      return 'marked';
    }
    const isMachineEnd = this.#mandate.isMachineEnd;
    this.#story.notMarked(this.#marking.trouble, isMachineEnd);
    return isMachineEnd ? 'deadline-passed' : undefined;
  }

  #concludeDrain(report: DrainReport): Outcome | undefined {
    this.#hasEnded = true;
    const isMachineEnd = this.#mandate.isMachineEnd;
    const { trouble } = this.#marking;
    const whole =
      trouble === undefined
        ? report
        : { ...report, complete: false, trouble: report.trouble ?? `the node is not marked: ${trouble}` };
    this.#story.drainEnded(whole, isMachineEnd);
    if (whole.complete) return 'drained';
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
