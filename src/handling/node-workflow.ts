import { notNeeded } from '../not-needed.ts';
import type { DrainReport } from '../drain/report.ts';
import type { Cancellation, Delivery, Outcome } from '../interruption/delivery.ts';
import { isOtherInstance } from '../interruption/interruption.ts';
import { giveBack } from './give-back.ts';
import { isElsewhere, type Machine } from './machine.ts';
import { rehearse } from './rehearsal.ts';
import { WorkflowParts, type WorkflowPartsModules, type WorkflowPartsOptions } from './workflow-parts.ts';

export interface NodeWorkflowOptions extends WorkflowPartsOptions {
  /** What waits for its time is settled once it is on the Node, for its source may not wait as long. @default false */
  readonly settlesWhatWaits?: boolean;
}

export type NodeWorkflowModules = WorkflowPartsModules;

/** A timer stands still while the machine sleeps: what waits for hours looks at the clock as often as this. */
const longestSleepMs = 60_000;

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
 * Invariant: all that joined is given back once, and not before the work for it has ended. Where its machine has gone,
 * and another one has the name of its node, there is nothing left to do and it is settled; where its machine has another
 * node now, it is released to be brought there.
 */
export class NodeWorkflow {
  readonly node: string;
  readonly #options: NodeWorkflowOptions;
  readonly #parts: WorkflowParts;
  /** Aborted when nothing is done to the node any more. */
  readonly #ended = new AbortController();
  /** What was given back before the end. */
  #settled: Promise<unknown> | undefined;
  /** The last of the marks by which something is undone. */
  #undoing = 0;
  #uid: string | undefined;
  #hasInstanceId = false;

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
    const { change, drains, ending, ledger, mandate, marking, telling } = this.#parts;
    if (ending.hasEnded) return false;
    let hasJoined = false;
    if (item.type === 'interruption') {
      // Another reason to drain the node has a grace period of its own.
      if (ledger.interruptions.every(({ id }) => id !== item.interruption.id)) {
        hasJoined = mandate.renewGrace(item.interruption);
      }
      ledger.enter(item);
      telling.tell({ type: 'received', interruption: item.interruption, source: item.source });
    } else {
      ledger.cancel(item);
      telling.tell({ type: 'cancelled', cancellation: item });
    }
    const request = marking.request();
    if (item.type === 'cancellation') this.#undoing = request;
    change.tell();
    drains.reconsider(hasJoined);
    return true;
  }

  /** What its Node is now: it may have been registered anew, even by another machine of the same name. */
  nodeIs({ uid, instanceId }: Machine): void {
    if (uid === this.#uid) return;
    const { ending, ledger, marking } = this.#parts;
    const isNew = this.#uid !== undefined;
    const meant = ledger.interruptions.map(({ where }) => where);
    // Its provider id, which tells whose it is, may be set a moment later.
    if (isNew && instanceId === undefined && this.#hasInstanceId) return;
    this.#uid = uid;
    this.#hasInstanceId = instanceId !== undefined;
    if (ending.hasEnded) return;
    if (isOtherInstance(instanceId, meant)) this.#lapse();
    else if (isNew) marking.request();
  }

  /** The machine is not this node any more: nothing may be done by the node's name from now on. */
  #lapse(): void {
    const { change, drains, ending, mandate } = this.#parts;
    if (ending.hasEnded) return;
    mandate.lapse();
    ending.end();
    drains.reconsider(false);
    change.tell();
  }

  /**
   * A later workflow of its node is told that something is over: of what this one, which has ended, is still to write, so
   * much is out of date.
   */
  giveWay(cancellation: Cancellation): void {
    const { ledger, marking } = this.#parts;
    ledger.strike(cancellation);
    const isAllOver = ledger.interruptions.length === 0;
    if (isAllOver || !marking.startOver()) this.#ended.abort(notNeeded);
  }

  /**
   * Runs once, to the end.
   * @param stopping ends what only waits; a drain goes on
   * @param killing ends the work where it stands; what was lent is released
   */
  async run(stopping: AbortSignal, killing: AbortSignal): Promise<void> {
    const { change, ending, logger, mandate, telling } = this.#parts;
    const ended = this.#ended;
    const kill = (): void => ended.abort(killing.reason);
    const stop = (): void => change.tell();
    killing.addEventListener('abort', kill, { once: true });
    stopping.addEventListener('abort', stop, { once: true });
    try {
      let outcome: Outcome | undefined;
      try {
        killing.throwIfAborted();
        outcome = await (this.#options.dryRun ? this.#rehearse(ended.signal) : this.#work(stopping));
      } catch (error) {
        if (!mandate.hasLapsed && !killing.aborted) {
          logger.error('The work on the node failed and is tried again', { error });
          telling.tell({ type: 'failed', error });
        }
      }
      ending.end();
      if (mandate.hasLapsed) {
        ended.abort(notNeeded);
        outcome ??= await this.#concludeLapse(killing);
      }
      telling.enter('settling');
      await Promise.all([this.#settled, giveBack(this.node, outcome, this.#isUndone, this.#parts)]);
      telling.tell({ type: 'ended', outcome });
      // The marking is still at work: it tells the node that it is drained, and lets volumes go where that is asked.
      if (outcome === 'drained') await ending.untilMarked(ended.signal, lastWordMs);
    } catch (error) {
      if (!killing.aborted && error !== notNeeded) throw error;
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
  async #work(stopping: AbortSignal): Promise<Outcome | undefined> {
    const { change, clock, drains, ending, mandate, marking } = this.#parts;
    const { signal } = this.#ended;
    marking.begin(
      signal,
      (error) => this.#ended.abort(error),
      () => this.#lapse(),
    );
    let before: DrainReport | undefined;
    let hasWaited = false;
    for (;;) {
      const { response, drainAt } = mandate.decision;
      if (mandate.hasLapsed) return undefined;
      if (response === 'drain' && drainAt <= clock.now() && hasWaited) {
        hasWaited = false;
        await this.#lookAgain(signal);
      } else if (response === 'drain' && drainAt <= clock.now()) {
        const report = await drains.run(before, stopping, signal);
        if (report === 'not-begun') return undefined;
        const end = report && (await ending.finish(report, drains, stopping, signal));
        if (end && end !== 'again' && end !== 'anew') return end === 'failed' ? undefined : end;
        before = end === 'anew' ? undefined : report;
      } else if (response === 'drain') {
        await ending.untilMarked(signal);
        // What has joined while the node was marked may not wait.
        if (!this.#isToWait) continue;
        before = undefined;
        this.#settleWhatWaits();
        // The next start takes it up: what to wait for is on the Node, and AWS still shows it.
        if (stopping.aborted) return undefined;
        hasWaited = true;
        await this.#wait(signal);
      } else {
        const { lastChance } = mandate;
        if (marking.isUpToDate || ending.isPast(lastChance)) return ending.concludeMark();
        if (stopping.aborted) {
          if (!(await ending.untilMarked(signal))) return undefined;
          // By what has joined meanwhile, if anything.
          continue;
        }
        await change.within((lastChance ?? Infinity) - clock.now(), clock, signal);
      }
    }
  }

  /** @returns undefined where its machine has another node now, or may have */
  async #concludeLapse(killing: AbortSignal): Promise<Outcome | undefined> {
    const { ledger, machines, story } = this.#parts;
    const meant = ledger.interruptions.map(({ where }) => where);
    const isUnknown = (await machines?.refresh(killing).catch(() => false)) === false;
    if (isUnknown || isElsewhere(this.node, meant, machines)) {
      story.movedOn();
      return undefined;
    }
    story.replaced(machines?.byName(this.node)?.instanceId);
    return 'ignored';
  }

  get #isToWait(): boolean {
    const { response, drainAt } = this.#parts.mandate.decision;
    return response === 'drain' && !this.#parts.ending.isPast(drainAt);
  }

  /** What was done for interruptions that are over is not there any more. */
  get #isUndone(): boolean {
    const { mandate, marking } = this.#parts;
    return mandate.hasLapsed || marking.holds(this.#undoing);
  }

  /** Until the drain's time, or until something has changed. */
  async #wait(signal: AbortSignal): Promise<void> {
    const { change, clock, mandate, story, telling } = this.#parts;
    const { drainAt } = mandate.decision;
    if (telling.phase !== 'waiting') telling.enter('waiting');
    story.waitsUntil(drainAt);
    await change.within(Math.min(drainAt - clock.now(), longestSleepMs), clock, signal);
  }

  /** While it waited another replica may have been told that it is over, or of a new time. */
  async #lookAgain(signal: AbortSignal): Promise<void> {
    const { ending, machines, marking } = this.#parts;
    if (!machines || machines.isCurrent) return;
    // A mark reads the Node, and what that tells joins before the mark has ended.
    marking.request();
    await ending.untilMarked(signal);
  }

  /** Waited for by nobody but the end: a queue that can't be reached must not hold up what joins meanwhile. */
  #settleWhatWaits(): void {
    if (this.#options.settlesWhatWaits !== true || !this.#parts.marking.isOnNode) return;
    const settling = giveBack(this.node, 'marked', true, this.#parts);
    // Nothing is kept of those before: there is one each minute.
    this.#settled = Promise.all([this.#settled, settling]).then(() => undefined);
  }
}
