import type { Clock } from '../clock.ts';
import type { DrainPolicy } from '../drain/plan.ts';
import { continued, type DrainReport } from '../drain/report.ts';
import type { Cancellation, Delivery, Outcome } from '../interruption/delivery.ts';
import type { Instant } from '../interruption/interruption.ts';
import { Ledger } from '../interruption/ledger.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import { Change } from './change.ts';
import { DrainAttempt } from './drain-attempt.ts';
import { giveBack, type GiveBackModules } from './give-back.ts';
import { Mandate, type MandateOptions } from './mandate.ts';
import type { NodeActions } from './node-actions.ts';
import { NodeMarking } from './node-marking.ts';
import { rehearse } from './rehearsal.ts';
import type { Phase, WorkflowObserver } from './workflow-observer.ts';
import { WorkflowStory } from './workflow-story.ts';
import { WorkflowTelling } from './workflow-telling.ts';
import type { Workers } from './workers.ts';

export interface NodeWorkflowOptions extends MandateOptions {
  readonly drain: DrainPolicy;
  readonly dryRun: boolean;
  /** The node is one of many, and its Node goes with its machine: that it is gone is no trouble. @default false */
  readonly nodeMayVanish?: boolean;
  /** What waits for its time is settled once it is on the Node, for its source may not wait as long. @default false */
  readonly settlesWhatWaits?: boolean;
}

export interface NodeWorkflowModules extends GiveBackModules {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly metrics: Metrics;
  readonly actions: NodeActions;
  readonly observers: readonly WorkflowObserver[];
  /** @default the drain waits for no turn */
  readonly workers?: Workers | undefined;
  /** The trace that a workflow is, for log lines and metrics. */
  readonly traceIdOf?: ((workflowId: number) => string | undefined) | undefined;
}

/** Evictions begin when the node is marked, or after this: a mark that fails never blocks the drain. */
const waitForMarkMs = 3_000;

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
  readonly #telling: WorkflowTelling;
  readonly #story: WorkflowStory;
  readonly #marking: NodeMarking;
  readonly #ledger = new Ledger();
  readonly #mandate: Mandate;
  readonly #change = new Change();
  readonly #stopped = Promise.withResolvers<void>();
  #phase: Phase = 'received';
  #drain: DrainAttempt | undefined;
  #hasEnded = false;

  constructor(
    { node, id }: { readonly node: string; readonly id: number },
    options: NodeWorkflowOptions,
    modules: NodeWorkflowModules,
  ) {
    this.node = node;
    this.#options = options;
    const traceId = modules.traceIdOf?.(id);
    this.#logger = modules.logger.child({ node, ...(traceId !== undefined && { trace_id: traceId }) });
    this.#modules = { ...modules, logger: this.#logger };
    this.#mandate = new Mandate(options, { ...modules, ledger: this.#ledger });
    this.#telling = new WorkflowTelling(
      { id, node, dryRun: options.dryRun },
      { ...this.#modules, ledger: this.#ledger, mandate: this.#mandate },
    );
    this.#story = new WorkflowStory(node, this.#ledger, {
      ...this.#modules,
      telling: this.#telling,
      traceId,
    });
    this.#marking = new NodeMarking(
      {
        node,
        mayVanish: options.nodeMayVanish ?? false,
        marks: () => this.#mandate.marks,
        onAttempt: (trouble) => {
          // That the node has been drained is written down, but is no action on it.
          if (!this.#mandate.isFulfilled) this.#story.markAttempted(trouble, this.#mandate.decision.response);
        },
      },
      this.#modules,
    );
    modules.metrics.workflows.inc({ phase: this.#phase });
  }

  /** Something new for this node. false: too late, the workflow has ended and a new one is needed. */
  join(item: Delivery | Cancellation): boolean {
    if (this.#hasEnded) return false;
    if (item.type === 'interruption') {
      this.#ledger.enter(item);
      this.#telling.tell({ type: 'received', interruption: item.interruption, source: item.source });
    } else {
      this.#ledger.cancel(item);
      this.#telling.tell({ type: 'cancelled', cancellation: item });
    }
    this.#marking.request();
    this.#change.tell();
    if (!this.#drain) return true;
    if (this.#mandate.decision.response === 'drain') this.#drain.moveGoal(this.#mandate.goal);
    else this.#drain.breakOff();
    return true;
  }

  /**
   * Runs once, to the end.
   * @param stopping ends what only waits; a drain goes on
   * @param killing ends the work where it stands; what was lent is released
   */
  async run(stopping: AbortSignal, killing: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const kill = (): void => {
      ended.abort(killing.reason);
    };
    killing.addEventListener('abort', kill, { once: true });
    const stop = (): void => {
      this.#stopped.resolve();
    };
    stopping.addEventListener('abort', stop, { once: true });
    try {
      let outcome: Outcome | undefined;
      let hasFailed = false;
      try {
        killing.throwIfAborted();
        outcome = await this.#work(stopping, ended.signal);
      } catch (error) {
        hasFailed = true;
        if (!killing.aborted) {
          this.#logger.error('The work on the node failed and is tried again', { error });
          this.#telling.tell({ type: 'failed', error });
        }
      }
      this.#hasEnded = true;
      this.#enter('settling');
      await giveBack(this.#ledger, outcome, hasFailed, this.#modules);
      this.#telling.tell({ type: 'ended', outcome });
      // The marking is still at work: it tells the node that it is drained, and lets volumes go where that is asked.
      if (outcome === 'drained') await this.#untilMarked(lastWordMs, ended.signal);
    } catch (error) {
      if (!killing.aborted) throw error;
    } finally {
      killing.removeEventListener('abort', kill);
      stopping.removeEventListener('abort', stop);
      ended.abort();
      this.#modules.metrics.workflows.dec({ phase: this.#phase });
    }
  }

  /** @returns undefined where what was to be done has not been, and may still be */
  async #work(stopping: AbortSignal, signal: AbortSignal): Promise<Outcome | undefined> {
    if (this.#options.dryRun) return this.#rehearse(signal);
    // The marking never ends by itself: it is here for its errors.
    return Promise.race([this.#act(stopping, signal), this.#marking.run(signal)]);
  }

  async #rehearse(signal: AbortSignal): Promise<Outcome> {
    const { drain: policy } = this.#options;
    let known: number;
    do {
      known = this.#ledger.interruptions.length;
      const { response } = this.#mandate.decision;
      const { goal } = this.#mandate;
      const now = this.#modules.clock.now();
      const { fields: story } = this.#story;
      await rehearse(
        { node: this.node, response, policy, goal, now, story },
        { ...this.#modules, onPods: (pods) => this.#telling.tell({ type: 'pods', pods }) },
        signal,
      );
      // What joined meanwhile is rehearsed as well.
    } while (known !== this.#ledger.interruptions.length);
    this.#hasEnded = true;
    this.#telling.tell({ type: 'attempted', outcome: 'dry-run', report: undefined, troubles: [] });
    return 'dry-run';
  }

  async #act(stopping: AbortSignal, signal: AbortSignal): Promise<Outcome | undefined> {
    let before: DrainReport | undefined;
    for (;;) {
      const { response, drainAt } = this.#mandate.decision;
      if (response === 'drain' && drainAt <= this.#modules.clock.now()) {
        const report = await this.#drainInTurn(before, stopping, signal);
        if (report === 'not-begun') return undefined;
        const end = report && (await this.#finish(report, signal));
        if (end && end !== 'again') return end === 'failed' ? undefined : end;
        before = report;
      } else if (response === 'drain') {
        await this.#untilMarked(waitForMarkMs, signal);
        await this.#settleWhatWaits();
        // The next start takes it up: what to wait for is on the Node, and AWS still shows it.
        if (stopping.aborted) return undefined;
        await this.#waitUntil(drainAt, signal);
      } else {
        const { lastChance } = this.#mandate;
        if (this.#marking.isUpToDate || this.#isPast(lastChance)) return this.#concludeMark();
        if (stopping.aborted) {
          return (await this.#untilMarked(waitForMarkMs, signal)) ? this.#concludeMark() : undefined;
        }
        await Promise.race([this.#marking.change(lastChance, signal), this.#stopped.promise]);
      }
    }
  }

  async #waitUntil(drainAt: Instant, signal: AbortSignal): Promise<void> {
    this.#enter('waiting');
    this.#story.waitsUntil(drainAt);
    const { clock } = this.#modules;
    await Promise.race([this.#change.within(drainAt - clock.now(), clock, signal), this.#stopped.promise]);
  }

  async #settleWhatWaits(): Promise<void> {
    if (this.#options.settlesWhatWaits !== true || !this.#marking.isUpToDate) return;
    await giveBack(this.#ledger, 'marked', false, this.#modules);
  }

  /**
   * A drain that can wait takes turns with others. One with a deadline can't, nor one that is given a deadline.
   * @returns undefined where there is no more reason for it
   */
  async #drainInTurn(
    before: DrainReport | undefined,
    stopping: AbortSignal,
    signal: AbortSignal,
  ): Promise<DrainReport | 'not-begun' | undefined> {
    const place = this.#modules.workers?.enter();
    try {
      for (;;) {
        const { response, deadline } = this.#mandate.decision;
        if (response !== 'drain') return undefined;
        if (place === undefined || place.isItsTurn || deadline !== undefined) {
          return await this.#drainNode(before, signal);
        }
        if (stopping.aborted) return 'not-begun';
        await Promise.race([place.turn, this.#change.next(signal), this.#stopped.promise]);
      }
    } finally {
      place?.leave();
    }
  }

  /** @returns whether the node carries its marks */
  async #untilMarked(limitMs: number, signal: AbortSignal): Promise<boolean> {
    const until = this.#modules.clock.now() + limitMs;
    while (!this.#marking.isUpToDate && !this.#isPast(until)) await this.#marking.change(until, signal);
    return this.#marking.isUpToDate;
  }

  /** @returns undefined where the drain was broken off because there is no more reason for it */
  async #drainNode(before: DrainReport | undefined, signal: AbortSignal): Promise<DrainReport | undefined> {
    await this.#untilMarked(waitForMarkMs, signal);
    if (!before) this.#mandate.begin();
    this.#enter('draining');
    this.#story.drainBegins(this.#mandate.decision.deadline);
    const options = { node: this.node, policy: this.#options.drain, goal: this.#mandate.goal };
    this.#drain = new DrainAttempt(options, {
      ...this.#modules,
      onPods: this.#telling.isHeard ? (pods) => this.#telling.tell({ type: 'pods', pods }) : undefined,
    });
    try {
      const report = await this.#drain.run(signal);
      if (!report) this.#story.drainBroken();
      return report && continued(before, report);
    } finally {
      this.#drain = undefined;
    }
  }

  /** @returns 'again' where the node was drained before it was marked: pods may have landed on it meanwhile */
  async #finish(report: DrainReport, signal: AbortSignal): Promise<Outcome | 'again' | 'failed'> {
    await this.#untilMarked(waitForMarkMs, signal);
    const { endBy } = this.#mandate.goal;
    let isMarked = this.#marking.trouble === undefined;
    if (!report.complete || isMarked) return this.#concludeDrain(report);
    while (!isMarked && !this.#isPast(endBy)) {
      await this.#marking.change(endBy, signal);
      isMarked = this.#marking.trouble === undefined;
    }
    return isMarked ? 'again' : this.#concludeDrain(report);
  }

  #isPast(instant: Instant | undefined): boolean {
    return instant !== undefined && this.#modules.clock.now() >= instant;
  }

  #concludeMark(): Outcome | undefined {
    this.#hasEnded = true;
    const isOver = this.#ledger.interruptions.length === 0;
    if (this.#marking.isUpToDate) {
      if (isOver) this.#story.unmarked();
      else this.#story.marked();
      return isOver ? 'cancelled' : 'marked';
    }
    const { isMachineEnd } = this.#mandate;
    this.#story.notMarked(this.#marking.trouble, isMachineEnd);
    return isMachineEnd ? 'deadline-passed' : undefined;
  }

  #concludeDrain(report: DrainReport): Outcome | 'failed' {
    this.#hasEnded = true;
    const { isMachineEnd } = this.#mandate;
    const { trouble } = this.#marking;
    const whole =
      trouble === undefined
        ? report
        : { ...report, complete: false, trouble: report.trouble ?? `the node is not marked: ${trouble}` };
    this.#story.drainEnded(whole, isMachineEnd);
    if (!whole.complete) return isMachineEnd ? 'deadline-passed' : 'failed';
    this.#mandate.fulfilled();
    this.#marking.request();
    return 'drained';
  }

  #enter(phase: Phase): void {
    const { workflows } = this.#modules.metrics;
    workflows.dec({ phase: this.#phase });
    workflows.inc({ phase });
    this.#phase = phase;
    this.#telling.tell({ type: 'phase', phase });
  }
}
