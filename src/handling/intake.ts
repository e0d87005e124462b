import type { Clock } from '../clock.ts';
import type { Cancellation, Delivery, Outcome, Source } from '../interruption/delivery.ts';
import { decide } from '../interruption/policy.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import { NodeWorkflow, type NodeWorkflowOptions } from './node-workflow.ts';

export interface IntakeModules {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly sources: readonly Source[];
}

/** Pulls from every source and brings each delivery to its node's workflow: one workflow a node at a time. */
export class Intake {
  readonly #options: NodeWorkflowOptions;
  readonly #modules: IntakeModules;
  readonly #workflows = new Map<string, NodeWorkflow>();
  readonly #running = new Set<Promise<void>>();

  constructor(options: NodeWorkflowOptions, modules: IntakeModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /**
   * @param stopping ends the pulling; what runs goes on
   * @param killing ends both
   * @returns when both have come to their end
   */
  async run(stopping: AbortSignal, killing: AbortSignal): Promise<void> {
    const intake = AbortSignal.any([stopping, killing]);
    try {
      await Promise.all(this.#modules.sources.map((source) => this.#pull(source, intake, killing)));
    } finally {
      await Promise.all(this.#running);
    }
  }

  async #pull(source: Source, intake: AbortSignal, killing: AbortSignal): Promise<void> {
    const { logger } = this.#modules;
    for await (const item of source.deliveries(intake)) {
      try {
        await this.#take(source, item, killing);
      } catch (error) {
        // One delivery that can't be given back must not end the intake of all others.
        logger.error('Cannot take a delivery in', { source: source.name, error });
      }
    }
  }

  async #take(source: Source, item: Delivery | Cancellation, killing: AbortSignal): Promise<void> {
    if (item.type === 'cancellation') {
      await source.settle(item, 'cancelled');
      return;
    }
    const { interruption } = item;
    const { metrics, logger } = this.#modules;
    if (decide(interruption, this.#options.policy).response === 'ignore') {
      await source.settle(item, 'ignored');
      return;
    }
    const node = interruption.where.nodeName;
    if (node === undefined) {
      logger.error('Cannot tell which node is interrupted', { interruption_id: interruption.id });
      await source.release(item);
      return;
    }
    metrics.interruptions.inc({ kind: interruption.kind, source: source.name });
    if (this.#workflows.get(node)?.join(item)) return;
    this.#start(node, item, killing);
  }

  #start(node: string, delivery: Delivery, killing: AbortSignal): void {
    const { sources } = this.#modules;
    const sourceOf = ({ source: name }: Delivery): Source => {
      const source = sources.find((it) => it.name === name);
      if (!source) throw new Error(`Cannot give back a delivery of the unknown source "${name}"`);
      return source;
    };
    const workflow = new NodeWorkflow(node, this.#options, {
      ...this.#modules,
      settle: (it: Delivery, outcome: Outcome) => sourceOf(it).settle(it, outcome),
      release: (it: Delivery) => sourceOf(it).release(it),
    });
    workflow.join(delivery);
    this.#workflows.set(node, workflow);
    const run = workflow.run(killing).finally(() => {
      this.#running.delete(run);
      if (this.#workflows.get(node) === workflow) this.#workflows.delete(node);
    });
    this.#running.add(run);
  }
}
