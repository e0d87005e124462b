import type { Clock } from '../clock.ts';
import type { Cancellation, Delivery, Source } from '../interruption/delivery.ts';
import { decide } from '../interruption/policy.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import { NodeActions } from './node-actions.ts';
import { NodeWorkflow, type NodeWorkflowOptions } from './node-workflow.ts';
import type { OwnNode } from './own-node.ts';
import type { WorkflowObserver } from './workflow-observer.ts';

export interface IntakeModules {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly sources: readonly Source[];
  /** What this node carries from before; a source as well. */
  readonly ownNode: OwnNode;
  /** Told what happens to each node. @default nobody */
  readonly observers?: readonly WorkflowObserver[];
  /** The trace that a workflow is, for log lines and metrics. @default none */
  readonly traceIdOf?: (workflowId: number) => string | undefined;
}

/** Pulls from every source and brings what it is lent to its node's workflow: one workflow a node at a time. */
export class Intake {
  readonly #options: NodeWorkflowOptions;
  readonly #modules: IntakeModules;
  readonly #sources: ReadonlyMap<string, Source>;
  readonly #actions: NodeActions;
  readonly #workflows = new Map<string, NodeWorkflow>();
  readonly #running = new Set<Promise<void>>();
  #workflowsStarted = 0;

  constructor(options: NodeWorkflowOptions, modules: IntakeModules) {
    this.#options = options;
    this.#modules = modules;
    this.#actions = new NodeActions(modules);
    this.#sources = new Map([...modules.sources, modules.ownNode].map((source) => [source.name, source]));
  }

  /**
   * @param stopping ends the pulling; what runs goes on
   * @param killing ends both
   * @returns when both have come to their end
   */
  async run(stopping: AbortSignal, killing: AbortSignal): Promise<void> {
    const intake = AbortSignal.any([stopping, killing]);
    try {
      await Promise.all(
        [...this.#sources.values()].map(async (source) => {
          for await (const item of source.deliveries(intake)) this.#take(source, item, intake, killing);
        }),
      );
    } finally {
      while (this.#running.size > 0) await Promise.all(this.#running);
    }
  }

  #take(source: Source, item: Delivery | Cancellation, intake: AbortSignal, killing: AbortSignal): void {
    // Maintenance may have come to pass while AWS still shows it, which only the Node tells; it has time to wait.
    // Everything else begins at once.
    const asksNode = item.type === 'cancellation' || item.interruption.kind === 'SCHEDULED_EVENT';
    const read = asksNode && source !== this.#modules.ownNode ? this.#untilRead(intake) : undefined;
    if (read)
      this.#keep(
        read.then((isRead) => (isRead ? this.#bring(source, item, intake, killing) : source.release(item))),
      );
    else this.#keep(this.#bring(source, item, intake, killing));
  }

  /** @returns whether the Node was read before the end of the intake */
  #untilRead(intake: AbortSignal): Promise<boolean> {
    const { ownNode } = this.#modules;
    return new Promise((resolve) => {
      const giveUp = (): void => {
        resolve(false);
      };
      if (intake.aborted) giveUp();
      intake.addEventListener('abort', giveUp, { once: true });
      void ownNode.ready.then(() => {
        intake.removeEventListener('abort', giveUp);
        resolve(true);
      });
    });
  }

  async #bring(
    source: Source,
    item: Delivery | Cancellation,
    intake: AbortSignal,
    killing: AbortSignal,
  ): Promise<void> {
    const node = item.type === 'interruption' ? item.interruption.where.nodeName : item.where.nodeName;
    if (item.type === 'interruption' ? !this.#isToDo(source, item) : !this.#isToUndo(item)) {
      await source.settle(item, 'ignored');
      return;
    }
    if (node === undefined) {
      this.#modules.logger.error('Cannot tell which node is interrupted', { source: source.name });
      await source.release(item);
      return;
    }
    if (!this.#workflows.get(node)?.join(item)) this.#start(node, item, intake, killing);
  }

  #isToDo(source: Source, { interruption }: Delivery): boolean {
    const { metrics, ownNode } = this.#modules;
    if (decide(interruption, this.#options.policy).response === 'ignore') return false;
    if (ownNode.isDone(interruption.id)) return false;
    // What comes again, or was known to an earlier process, is counted once.
    if (!ownNode.isMarkedFor(interruption.id)) {
      metrics.interruptions.inc({ kind: interruption.kind, source: source.name });
    }
    if (!this.#options.dryRun) ownNode.track(interruption);
    return true;
  }

  #isToUndo({ interruptionId, why }: Cancellation): boolean {
    const { logger, ownNode } = this.#modules;
    const isMarked = ownNode.isMarkedFor(interruptionId);
    if (isMarked && this.#options.dryRun) {
      logger.info('Node would have been uncordoned and unmarked, but dry-run flag was set', {
        interruption_id: interruptionId,
        why,
      });
    }
    return isMarked && !this.#options.dryRun;
  }

  #start(node: string, item: Delivery | Cancellation, intake: AbortSignal, killing: AbortSignal): void {
    this.#workflowsStarted += 1;
    const workflow = new NodeWorkflow({ node, id: this.#workflowsStarted }, this.#options, {
      observers: [],
      ...this.#modules,
      actions: this.#actions,
      settle: async (it, outcome) => {
        if (it.type === 'cancellation') this.#modules.ownNode.forget(it.interruptionId);
        await this.#sourceOf(it).settle(it, outcome);
      },
      release: (it) => this.#sourceOf(it).release(it),
    });
    workflow.join(item);
    this.#workflows.set(node, workflow);
    this.#keep(
      workflow.run(intake, killing).finally(() => {
        if (this.#workflows.get(node) === workflow) this.#workflows.delete(node);
      }),
    );
  }

  #sourceOf({ source: name }: Delivery | Cancellation): Source {
    const source = this.#sources.get(name);
    if (!source) throw new Error(`Cannot give back what the unknown source "${name}" lent`);
    return source;
  }

  #keep(work: Promise<void>): void {
    const kept = work
      .catch((error: unknown) => {
        this.#modules.logger.error('Cannot deal with an interruption', { error });
      })
      .finally(() => {
        this.#running.delete(kept);
      });
    this.#running.add(kept);
  }
}
