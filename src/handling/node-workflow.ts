import { notNeeded } from '../not-needed.ts';
import type { DrainReport } from '../drain/report.ts';
import type { Cancellation, Delivery, Outcome } from '../interruption/delivery.ts';
import { giveBack } from './give-back.ts';
import { rehearse } from './rehearsal.ts';
import { WorkflowParts, type WorkflowPartsModules, type WorkflowPartsOptions } from './workflow-parts.ts';

export interface NodeWorkflowOptions extends WorkflowPartsOptions {
  /** What waits for its time is settled once it is on the Node, for its source may not wait as long. @default false */
  readonly settlesWhatWaits?: boolean;
}

export type NodeWorkflowModules = WorkflowPartsModules;

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
  readonly #parts: WorkflowParts;
  /** What was given back before the end. */
  #settled: Promise<unknown> | undefined;

  constructor(
    which: { readonly node: string; readonly id: number },
    options: NodeWorkflowOptions,
    modules: NodeWorkflowModules,
  ) {
    this.node = which.node;
    this.#options = options;
    this.#parts = new WorkflowParts(which, options, modules);
  }

  /** Something new for this node. false: too late, the workflow has ended and a new one is needed. */
  join(item: Delivery | Cancellation): boolean {
    const { change, drains, ending, ledger, marking, telling } = this.#parts;
    if (ending.hasEnded) return false;
    if (item.type === 'interruption') {
      ledger.enter(item);
      telling.tell({ type: 'received', interruption: item.interruption, source: item.source });
    } else {
      ledger.cancel(item);
      telling.tell({ type: 'cancelled', cancellation: item });
    }
    marking.request();
    change.tell();
    drains.reconsider();
    return true;
  }

  /**
   * Runs once, to the end.
   * @param stopping ends what only waits; a drain goes on
   * @param killing ends the work where it stands; what was lent is released
   */
  async run(stopping: AbortSignal, killing: AbortSignal): Promise<void> {
    const { change, ending, logger, telling } = this.#parts;
    const ended = new AbortController();
    const kill = (): void => ended.abort(killing.reason);
    const stop = (): void => change.tell();
    killing.addEventListener('abort', kill, { once: true });
    stopping.addEventListener('abort', stop, { once: true });
    try {
      let outcome: Outcome | undefined;
      let hasFailed = false;
      try {
        killing.throwIfAborted();
        outcome = await (this.#options.dryRun ? this.#rehearse(ended.signal) : this.#work(stopping, ended));
      } catch (error) {
        hasFailed = true;
        if (!killing.aborted) {
          logger.error('The work on the node failed and is tried again', { error });
          telling.tell({ type: 'failed', error });
        }
      }
      ending.end();
      telling.enter('settling');
      await Promise.all([this.#settled, giveBack(this.node, outcome, hasFailed, this.#parts)]);
      telling.tell({ type: 'ended', outcome });
      // The marking is still at work: it tells the node that it is drained, and lets volumes go where that is asked.
      if (outcome === 'drained') await ending.untilMarked(ended.signal, lastWordMs);
    } catch (error) {
      if (!killing.aborted) throw error;
    } finally {
      killing.removeEventListener('abort', kill);
      stopping.removeEventListener('abort', stop);
      ended.abort(notNeeded);
      telling.end();
    }
  }

  async #rehearse(signal: AbortSignal): Promise<Outcome> {
    const { ending, ledger, telling } = this.#parts;
    let known: number;
    do {
      known = ledger.interruptions.length;
      await rehearse({ node: this.node, policy: this.#options.drain }, this.#parts, signal);
      // What joined meanwhile is rehearsed as well.
    } while (known !== ledger.interruptions.length);
    ending.end();
    telling.tell({ type: 'attempted', outcome: 'dry-run', report: undefined, troubles: [] });
    return 'dry-run';
  }

  /** @returns undefined where what was to be done has not been, and may still be */
  async #work(stopping: AbortSignal, ended: AbortController): Promise<Outcome | undefined> {
    const { change, clock, drains, ending, mandate, marking } = this.#parts;
    const { signal } = ended;
    marking.begin(signal, (error) => ended.abort(error));
    let before: DrainReport | undefined;
    for (;;) {
      const { response, drainAt } = mandate.decision;
      if (response === 'drain' && drainAt <= clock.now()) {
        const report = await drains.run(before, stopping, signal);
        if (report === 'not-begun') return undefined;
        const end = report && (await ending.finish(report, signal));
        if (end && end !== 'again') return end === 'failed' ? undefined : end;
        before = report;
      } else if (response === 'drain') {
        await ending.untilMarked(signal);
        this.#settleWhatWaits();
        // The next start takes it up: what to wait for is on the Node, and AWS still shows it.
        if (stopping.aborted) return undefined;
        await this.#wait(signal);
      } else {
        const { lastChance } = mandate;
        if (marking.isUpToDate || ending.isPast(lastChance)) return ending.concludeMark();
        if (stopping.aborted) {
          return (await ending.untilMarked(signal)) ? ending.concludeMark() : undefined;
        }
        await change.within((lastChance ?? Infinity) - clock.now(), clock, signal);
      }
    }
  }

  /** Until the drain's time, or until something has changed. */
  async #wait(signal: AbortSignal): Promise<void> {
    const { change, clock, ending, mandate, story, telling } = this.#parts;
    // What has joined while the node was marked may not wait.
    const { response, drainAt } = mandate.decision;
    if (response !== 'drain' || ending.isPast(drainAt)) return;
    telling.enter('waiting');
    story.waitsUntil(drainAt);
    await change.within(drainAt - clock.now(), clock, signal);
  }

  /** Waited for by nobody but the end: a queue that can't be reached must not hold up what joins meanwhile. */
  #settleWhatWaits(): void {
    if (this.#options.settlesWhatWaits !== true || !this.#parts.marking.isUpToDate) return;
    const settling = giveBack(this.node, 'marked', false, this.#parts);
    this.#settled = Promise.all([this.#settled, settling]);
  }
}
