import type { Clock } from '../clock.ts';
import { leftBehindReasons, outcomeCounts, secondsToSpare, type DrainReport } from '../drain/report.ts';
import type { Delivery } from '../interruption/delivery.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { Ledger } from '../interruption/ledger.ts';
import type { Response } from '../interruption/policy.ts';
import type { LogFields, Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import type { NodeAction, NodeActions } from './node-actions.ts';
import type { AttemptEnd } from './workflow-observer.ts';
import type { WorkflowTelling } from './workflow-telling.ts';

export interface WorkflowStoryModules {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly actions: NodeActions;
  readonly telling: WorkflowTelling;
}

export interface WorkflowStoryOptions {
  readonly node: string;
  /** The trace that the workflow is, if it is one. */
  readonly traceId: string | undefined;
}

const machineHasEnded = "nothing: the machine's end has passed";

/** What the operator gets to see of a workflow: log lines (with NTH's texts), metrics, and what observers make of it. */
export class WorkflowStory {
  readonly #options: WorkflowStoryOptions;
  readonly #modules: WorkflowStoryModules;
  #isMarked = false;
  #waitsUntil: Instant | undefined;

  constructor(options: WorkflowStoryOptions, modules: WorkflowStoryModules) {
    this.#options = options;
    this.#modules = modules;
  }

  get fields(): LogFields {
    const { interruptions, cancellations } = this.#modules.ledger;
    if (interruptions.length === 0) {
      return { why: [...new Set(cancellations.map((it) => it.why))].join(',') };
    }
    return { reason: interruptions.map((it) => it.description.trim()).join('; ') };
  }

  /** @param trouble why it did not succeed */
  markAttempted(trouble: string | undefined, wasMarked: boolean, response: Response): void {
    const succeeded = trouble === undefined;
    const isUnmarking = this.#modules.ledger.interruptions.length === 0;
    this.#count(isUnmarking ? 'uncordon' : 'pre-drain', trouble);
    if (!succeeded && response === 'mark') this.#count('cordon', trouble);
    if (!succeeded || this.#isMarked || isUnmarking) return;
    this.#isMarked = true;
    const { interruptions } = this.#modules.ledger;
    // Of a drain that is tried again, or taken up by another process, that time is long past.
    if (this.#modules.actions.marksFirst(interruptions.map((it) => it.id)) && !wasMarked) {
      // The newest is what it was marked for: others may have been tried for long.
      const seenAt = Math.max(...interruptions.map((it) => it.seenAt));
      const seconds = (this.#modules.clock.now() - seenAt) / 1000;
      this.#modules.metrics.noticeToMark.observe(seconds, this.#trace);
    }
    this.#modules.logger.info('Node marked', this.fields);
    this.#modules.telling.tell({ type: 'marked' });
  }

  /** The node carries its marks, and that is all that was asked for. */
  marked(): void {
    this.#count('cordon', undefined);
    this.#modules.logger.info('Node successfully cordoned', this.fields);
    this.#attempted('marked');
  }

  /** Nothing but marks was asked for, and the node doesn't carry them all. */
  notMarked(trouble: string | undefined, isMachineEnd: boolean): void {
    this.#modules.logger.error('There was a problem while trying to cordon the node', {
      ...this.fields,
      trouble,
      next: isMachineEnd ? machineHasEnded : 'it is tried again while the signal lasts',
    });
    this.#attempted(isMachineEnd ? 'deadline-passed' : 'failed', [`the node is not marked: ${trouble}`]);
  }

  /** What was ours on the node is gone. */
  unmarked(): void {
    this.#modules.logger.info('Node uncordoned and unmarked: the interruption is over', this.fields);
    this.#attempted('cancelled');
  }

  /** One of several is over. */
  markedForOthers(): void {
    this.#modules.logger.info('The interruption is over; the node stays marked for others', this.fields);
  }

  waitsUntil(instant: Instant): void {
    if (this.#waitsUntil === instant) return;
    this.#waitsUntil = instant;
    this.#modules.logger.info('The drain waits for its time', {
      ...this.fields,
      drain_at: new Date(instant).toISOString(),
    });
    this.#modules.telling.tell({ type: 'waits', until: instant });
  }

  drainBroken(): void {
    this.#modules.logger.info('The drain ends, for there is no more reason for it', this.fields);
    this.#modules.telling.tell({ type: 'drain-broken-off' });
  }

  /** The Node is that of another machine now, which has the name of the one that was interrupted. */
  replaced(instanceId: string | undefined): void {
    this.#modules.logger.info('The node is another machine now, there is nothing left to do', {
      ...this.fields,
      instance_id: instanceId,
    });
  }

  /** Its machine has another Node now, or may have. */
  movedOn(): void {
    this.#modules.logger.info(
      'The interrupted machine is not this node any more, and is looked for',
      this.fields,
    );
  }

  /** @param isAgain it looks once more for pods that have landed since */
  drainBegins(deadline: Instant | undefined, isAgain: boolean): void {
    this.#modules.logger[isAgain ? 'debug' : 'info']('Requesting instance drain', {
      ...this.fields,
      deadline: deadline === undefined ? undefined : new Date(deadline).toISOString(),
    });
    this.#modules.telling.tell({ type: 'drain-began' });
  }

  drainEnded(report: DrainReport, isMachineEnd: boolean): void {
    const { logger, metrics } = this.#modules;
    const counts = outcomeCounts(report);
    for (const [outcome, count] of counts) metrics.podOutcomes.inc({ outcome }, count);
    const asked = report.pods.flatMap((pod) => pod.askedAt ?? []);
    const spare = secondsToSpare(report);
    if (asked.length > 0) {
      metrics.noticeToLastPodAsked.observe(this.#secondsSinceNotice(Math.max(...asked)), this.#trace);
    }
    if (spare !== undefined) metrics.spareTime.observe(Math.max(0, spare), this.#trace);
    const troubles = leftBehindReasons(report);
    this.#count('cordon-and-drain', report.complete ? undefined : troubles.join('; '));
    const fields = {
      ...this.fields,
      seconds: (report.endedAt - report.startedAt) / 1000,
      pods: Object.fromEntries(counts),
      seconds_to_spare: spare,
      volumes_attached: report.volumesAttached,
    };
    logger.debug('The drain in full', { pods: report.pods });
    if (report.complete) {
      metrics.noticeToDrained.observe(this.#secondsSinceNotice(report.endedAt), this.#trace);
      logger.info('Node successfully cordoned and drained', fields);
      this.#attempted('drained', [], report);
      return;
    }
    logger.error('There was a problem while trying to cordon and drain the node', {
      ...fields,
      left_behind: troubles,
      next: isMachineEnd ? machineHasEnded : 'the drain is tried again while the signal lasts',
    });
    this.#attempted(isMachineEnd ? 'deadline-passed' : 'failed', troubles, report);
  }

  /** NTH has a post-drain task for what comes from a queue: the hook is completed and the message deleted. */
  settled({ interruption }: Delivery, trouble: string | undefined): void {
    if (interruption.monitor !== 'SQS_MONITOR') return;
    this.#tellCount('post-drain', [interruption.id], trouble);
  }

  get #trace(): { readonly id: string | undefined; readonly at: Instant } {
    return { id: this.#options.traceId, at: this.#modules.clock.now() };
  }

  #secondsSinceNotice(instant: Instant): number {
    const seenAt = Math.min(instant, ...this.#modules.ledger.interruptions.map((it) => it.seenAt));
    return (instant - seenAt) / 1000;
  }

  #attempted(outcome: AttemptEnd['outcome'], troubles: readonly string[] = [], report?: DrainReport): void {
    this.#modules.telling.tell({ type: 'attempted', outcome, report, troubles });
  }

  #count(action: NodeAction, trouble: string | undefined): void {
    const { interruptions, cancellations } = this.#modules.ledger;
    const ids =
      action === 'uncordon' ? cancellations.map((it) => it.interruptionId) : interruptions.map((it) => it.id);
    this.#tellCount(action, ids, trouble);
  }

  #tellCount(action: NodeAction, ids: readonly string[], trouble: string | undefined): void {
    const succeeded = trouble === undefined;
    this.#modules.actions.count(this.#options.node, ids, action, succeeded);
    this.#modules.telling.tell({ type: 'action', action, succeeded, trouble });
  }
}
