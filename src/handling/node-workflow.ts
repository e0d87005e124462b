import type { Clock } from '../clock.ts';
import { notNeeded } from '../not-needed.ts';
import type { Admission } from '../drain/admission.ts';
import type { DrainPolicy } from '../drain/plan.ts';
import type { DrainReport } from '../drain/report.ts';
import type { Cancellation, Delivery, Outcome } from '../interruption/delivery.ts';
import { Ledger } from '../interruption/ledger.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import { Change } from './change.ts';
import { Drains, type DrainsModules } from './drains.ts';
import { Ending, type EndingModules } from './ending.ts';
import { giveBack, type GiveBackModules } from './give-back.ts';
import { Mandate, type MandateOptions } from './mandate.ts';
import type { NodeActions } from './node-actions.ts';
import { NodeMarking } from './node-marking.ts';
import { rehearse } from './rehearsal.ts';
import type { Phase, WorkflowObserver } from './workflow-observer.ts';
import { WorkflowLogger } from './workflow-logger.ts';
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
  /** @default the drain begins at once */
  readonly admission?: Admission | undefined;
  /** The trace that a workflow is, for log lines and metrics. */
  readonly traceIdOf?: ((workflowId: number) => string | undefined) | undefined;
}

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
  readonly #parts: EndingModules & Omit<DrainsModules, 'change' | 'stopped'>;
  readonly #drains: Drains;
  readonly #ending: Ending;
  readonly #change = new Change();
  readonly #stopped = Promise.withResolvers<void>();
  /** What was given back before the end. */
  #settled: Promise<unknown> = Promise.resolve();
  #phase: Phase = 'received';

  constructor(
    { node, id }: { readonly node: string; readonly id: number },
    options: NodeWorkflowOptions,
    modules: NodeWorkflowModules,
  ) {
    this.node = node;
    this.#options = options;
    const traceId = modules.traceIdOf?.(id);
    const logger = modules.logger.child({ node, ...(traceId !== undefined && { trace_id: traceId }) });
    this.#logger = new WorkflowLogger(logger, this.#ledger, () => this.#phase);
    this.#modules = {
      ...modules,
      logger: this.#logger,
      onSettled: (delivery, trouble) => this.#story.settled(delivery, trouble),
    };
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
        onAttempt: (trouble, wasMarked) => {
          // That the node has been drained is written down, but is no action on it.
          if (this.#mandate.isFulfilled) return;
          this.#story.markAttempted(trouble, wasMarked, this.#mandate.decision.response);
        },
      },
      this.#modules,
    );
    this.#parts = {
      ...this.#modules,
      ledger: this.#ledger,
      mandate: this.#mandate,
      marking: this.#marking,
      story: this.#story,
      telling: this.#telling,
    };
    this.#ending = new Ending(this.#parts);
    const prepare = async (signal: AbortSignal): Promise<void> => {
      await this.#ending.untilMarked(signal);
      this.#enter('draining');
    };
    const [change, stopped] = [this.#change, this.#stopped.promise];
    this.#drains = new Drains({ node, policy: options.drain, prepare }, { ...this.#parts, change, stopped });
    modules.metrics.workflows.inc({ phase: this.#phase });
  }

  /** Something new for this node. false: too late, the workflow has ended and a new one is needed. */
  join(item: Delivery | Cancellation): boolean {
    if (this.#ending.hasEnded) return false;
    if (item.type === 'interruption') {
      this.#ledger.enter(item);
      this.#telling.tell({ type: 'received', interruption: item.interruption, source: item.source });
    } else {
      this.#ledger.cancel(item);
      this.#telling.tell({ type: 'cancelled', cancellation: item });
    }
    this.#marking.request();
    this.#change.tell();
    this.#drains.reconsider();
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
      this.#ending.end();
      this.#enter('settling');
      await Promise.all([this.#settled, giveBack(this.#ledger, outcome, hasFailed, this.#modules)]);
      this.#telling.tell({ type: 'ended', outcome });
      // The marking is still at work: it tells the node that it is drained, and lets volumes go where that is asked.
      if (outcome === 'drained') await this.#ending.untilMarked(ended.signal, lastWordMs);
    } catch (error) {
      if (!killing.aborted) throw error;
    } finally {
      killing.removeEventListener('abort', kill);
      stopping.removeEventListener('abort', stop);
      ended.abort(notNeeded);
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
    let known: number;
    do {
      known = this.#ledger.interruptions.length;
      await rehearse({ node: this.node, policy: this.#options.drain }, this.#parts, signal);
      // What joined meanwhile is rehearsed as well.
    } while (known !== this.#ledger.interruptions.length);
    this.#ending.end();
    this.#telling.tell({ type: 'attempted', outcome: 'dry-run', report: undefined, troubles: [] });
    return 'dry-run';
  }

  async #act(stopping: AbortSignal, signal: AbortSignal): Promise<Outcome | undefined> {
    let before: DrainReport | undefined;
    for (;;) {
      const { response, drainAt } = this.#mandate.decision;
      if (response === 'drain' && drainAt <= this.#modules.clock.now()) {
        const report = await this.#drains.run(before, stopping, signal);
        if (report === 'not-begun') return undefined;
        const end = report && (await this.#ending.finish(report, signal));
        if (end && end !== 'again') return end === 'failed' ? undefined : end;
        before = report;
      } else if (response === 'drain') {
        await this.#ending.untilMarked(signal);
        this.#settleWhatWaits();
        // The next start takes it up: what to wait for is on the Node, and AWS still shows it.
        if (stopping.aborted) return undefined;
        await this.#wait(signal);
      } else {
        const { lastChance } = this.#mandate;
        if (this.#marking.isUpToDate || this.#ending.isPast(lastChance)) return this.#ending.concludeMark();
        if (stopping.aborted) {
          return (await this.#ending.untilMarked(signal)) ? this.#ending.concludeMark() : undefined;
        }
        await Promise.race([this.#marking.change(lastChance, signal), this.#stopped.promise]);
      }
    }
  }

  async #wait(signal: AbortSignal): Promise<void> {
    // What has joined while the node was marked may not wait.
    const { response, drainAt } = this.#mandate.decision;
    if (response !== 'drain' || this.#ending.isPast(drainAt)) return;
    this.#enter('waiting');
    this.#story.waitsUntil(drainAt);
    const { clock } = this.#modules;
    await Promise.race([
      this.#change.within(drainAt - clock.now(), clock, signal),
      this.#stopped.promise,
      ...(this.#marking.isUpToDate ? [] : [this.#marking.change(drainAt, signal)]),
    ]);
  }

  /** Waited for by nobody but the end: a queue that can't be reached must not hold up what joins meanwhile. */
  #settleWhatWaits(): void {
    if (this.#options.settlesWhatWaits !== true || !this.#marking.isUpToDate) return;
    const settling = giveBack(this.#ledger, 'marked', false, this.#modules);
    this.#settled = Promise.all([this.#settled, settling]);
  }

  #enter(phase: Phase): void {
    const { workflows } = this.#modules.metrics;
    workflows.dec({ phase: this.#phase });
    workflows.inc({ phase });
    this.#phase = phase;
    this.#telling.tell({ type: 'phase', phase });
  }
}
