import type { Clock } from '../clock.ts';
import type { Admission } from '../drain/admission.ts';
import type { Cancellation, Delivery, Outcome, ReleaseReason, Source } from '../interruption/delivery.ts';
import {
  interruptionKinds,
  isOtherInstance,
  type Interruption,
  type NodeLocation,
} from '../interruption/interruption.ts';
import { decide } from '../interruption/policy.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import { unlessAborted } from '../unless-aborted.ts';
import type { Lender } from './give-back.ts';
import type { Launches } from './launches.ts';
import { nodeNow, type Machines } from './machine.ts';
import { NodeActions } from './node-actions.ts';
import { NodeWorkflow, type NodeWorkflowModules, type NodeWorkflowOptions } from './node-workflow.ts';
import type { NodeRecords } from './node-records.ts';
import type { Workers } from './workers.ts';
import type { WorkflowObserver } from './workflow-observer.ts';

export interface IntakeModules {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly sources: readonly Source[];
  /** What nodes carry from before; a source as well. */
  readonly records: NodeRecords;
  /** Finds the node of a delivery that does not name it. @default none is found */
  readonly locate?: (where: NodeLocation, signal: AbortSignal) => Promise<Place>;
  /** @default a Node is taken for the machine that it was */
  readonly machines?: Machines;
  /** @default launched instances are nobody's business */
  readonly launches?: Launches;
  /** @default drains don't take turns */
  readonly workers?: Workers;
  /** @default drains begin at once */
  readonly admission?: Admission;
  /** Told what happens to each node. @default nobody */
  readonly observers?: readonly WorkflowObserver[];
  /** Told of launched instances, which are no workflow's. */
  readonly onLaunch?: (node: string, interruption: Interruption) => void;
  /** The trace that a workflow is, for log lines and metrics. @default none */
  readonly traceIdOf?: (workflowId: number) => string | undefined;
}

/** Where a delivery belongs: to a node, or back to its source. */
export type Place =
  | { readonly node: string }
  | { readonly settle: Outcome }
  /** `mayJoin`: its machine is new, and its node may be one of this cluster yet. */
  | { readonly release: ReleaseReason; readonly mayJoin?: boolean };

/** Pulls from every source and brings what it is lent to its node's workflow: one workflow a node at a time. */
export class Intake implements Lender {
  readonly #options: NodeWorkflowOptions;
  readonly #modules: IntakeModules;
  /** Of all workflows. */
  readonly #shared: NodeWorkflowModules;
  readonly #sources: ReadonlyMap<string, Source>;
  readonly #workflows = new Map<string, NodeWorkflow>();
  /** Those that have ended, but may still write what has come of their work, by nodes that have another one since. */
  readonly #earlier = new Map<string, readonly NodeWorkflow[]>();
  readonly #running = new Set<Promise<void>>();
  #workflowsStarted = 0;

  constructor(options: NodeWorkflowOptions, modules: IntakeModules) {
    this.#options = options;
    this.#modules = modules;
    this.#shared = { observers: [], ...modules, actions: new NodeActions(modules), lender: this };
    const { launches, records, sources } = modules;
    const all: readonly Source[] = [...sources, records, ...(launches ? [launches] : [])];
    this.#sources = new Map(all.map((source) => [source.name, source]));
    // So that an increase shows the first one too.
    for (const { name: source } of modules.sources) {
      for (const kind of interruptionKinds) modules.metrics.interruptions.inc({ kind, source }, 0);
    }
  }

  /**
   * @param stopping ends the pulling; what runs goes on
   * @param killing ends both
   * @returns when both have come to their end
   */
  async run(stopping: AbortSignal, killing: AbortSignal): Promise<void> {
    const intake = AbortSignal.any([stopping, killing]);
    const end = this.#modules.machines?.onChange(({ type, node }) => {
      if (type === 'present') this.#workflows.get(node.name)?.nodeIs(node);
    });
    try {
      await Promise.all(
        [...this.#sources.values()].map(async (source) => {
          for await (const item of source.deliveries(intake)) this.#take(source, item, intake, killing);
        }),
      );
    } finally {
      while (this.#running.size > 0) await Promise.all(this.#running);
      end?.();
    }
  }

  #take(source: Source, item: Delivery | Cancellation, intake: AbortSignal, killing: AbortSignal): void {
    // Maintenance may have come to pass while AWS still shows it, and what is called off may be what another replica has
    // marked the node for: only the Node tells, and both have time to wait. Everything else begins at once.
    const asksNode = item.type === 'cancellation' || item.interruption.kind === 'SCHEDULED_EVENT';
    const read = asksNode && source !== this.#modules.records ? this.#untilRead(intake) : undefined;
    if (read)
      this.#keep(
        read.then((isRead) => (isRead ? this.#bring(source, item, intake, killing) : source.release(item))),
      );
    else this.#keep(this.#bring(source, item, intake, killing));
  }

  /** @returns whether the Node was read before the end of the intake, and is known as it is now */
  async #untilRead(intake: AbortSignal): Promise<boolean> {
    const { machines, records } = this.#modules;
    try {
      await unlessAborted(records.ready, intake);
      return (await machines?.refresh(intake)) ?? true;
    } catch (error) {
      if (!intake.aborted) throw error;
      return false;
    }
  }

  async #bring(
    source: Source,
    item: Delivery | Cancellation,
    intake: AbortSignal,
    killing: AbortSignal,
  ): Promise<void> {
    // Also of a kind that is not acted on here: another cluster that reads the same source may act on it.
    const place = await this.#placeOf(source, item, intake);
    if ('settle' in place) await source.settle(item, place.settle);
    else if ('release' in place) {
      if (place.mayJoin === true) this.#modules.launches?.expect(item);
      await source.release(item, place.release);
    } else if (this.#isIgnored(item)) await source.settle(item, 'ignored');
    else await this.#bringTo(place.node, source, item, intake, killing);
  }

  async #bringTo(
    node: string,
    source: Source,
    item: Delivery | Cancellation,
    intake: AbortSignal,
    killing: AbortSignal,
  ): Promise<void> {
    const { launches } = this.#modules;
    if (item.type === 'interruption' && item.interruption.kind === 'ASG_LAUNCH_LIFECYCLE') {
      this.#count(source, item);
      this.#modules.onLaunch?.(node, item.interruption);
      await (launches ? launches.follow(node, item, source, intake) : source.settle(item, 'ignored'));
    } else if (item.type === 'interruption' ? this.#isToDo(node, source, item) : this.#isToUndo(node, item)) {
      this.#enter(node, item, intake, killing);
    } else {
      await source.settle(item, 'ignored');
    }
  }

  #isIgnored(item: Delivery | Cancellation): boolean {
    if (item.type === 'cancellation') return false;
    const { interruption } = item;
    // Nothing goes away when an instance is launched: it is no matter of policy.
    if (interruption.kind === 'ASG_LAUNCH_LIFECYCLE') return this.#modules.launches === undefined;
    return decide(interruption, this.#options.policy).response === 'ignore';
  }

  async #placeOf(source: Source, item: Delivery | Cancellation, intake: AbortSignal): Promise<Place> {
    const where = item.type === 'interruption' ? item.interruption.where : item.where;
    const { locate, logger, machines } = this.#modules;
    if (where.nodeName !== undefined) {
      // Its machine may have another one since.
      const node = nodeNow(where, machines) ?? where.nodeName;
      const instanceId = machines?.byName(node)?.instanceId;
      if (!isOtherInstance(instanceId, [where])) return { node };
      logger.info('There is nothing to do for an interruption', {
        ...where,
        why: `its node's name is that of another instance now, ${instanceId}`,
      });
      return { settle: 'ignored' };
    }
    if (!locate) {
      logger.error('Cannot tell which node is interrupted', { source: source.name });
      return { release: 'unfinished' };
    }
    try {
      return await locate(where, intake);
    } catch (error) {
      if (!intake.aborted) logger.error('Cannot look up the node of an interruption', { ...where, error });
      return { release: 'unfinished' };
    }
  }

  #isToDo(node: string, source: Source, delivery: Delivery): boolean {
    const { logger, records } = this.#modules;
    const { interruption } = delivery;
    if (records.isDone(node, interruption)) {
      logger.debug('There is nothing to do for an interruption', {
        node,
        interruption_id: interruption.id,
        kind: interruption.kind,
        why: 'it is over: the node was drained for it, it was called off, or its machine has started or rebooted since',
      });
      return false;
    }
    // What comes again, or was known to an earlier process, is counted once.
    if (!records.isMarkedFor(node, interruption.id)) this.#count(source, delivery);
    if (!this.#options.dryRun) records.track(node, interruption);
    return true;
  }

  #count(source: Source, { interruption }: Delivery): void {
    this.#modules.metrics.interruptions.inc({ kind: interruption.kind, source: source.name });
  }

  #isToUndo(node: string, { interruptionId, why, toldAt }: Cancellation): boolean {
    const { logger, records } = this.#modules;
    if (toldAt !== undefined && !this.#options.dryRun) records.calledOff?.(interruptionId, toldAt);
    const isMarked = records.isMarkedFor(node, interruptionId, toldAt);
    if (!isMarked) {
      const why = 'the node is not marked for it, or AWS has told of it anew since';
      logger.debug('There is nothing to undo', { node, interruption_id: interruptionId, why });
    }
    if (isMarked && this.#options.dryRun) {
      logger.info('Node would have been uncordoned and unmarked, but dry-run flag was set', {
        interruption_id: interruptionId,
        why,
      });
    }
    if (isMarked && !this.#options.dryRun) records.undoing?.(interruptionId);
    return isMarked && !this.#options.dryRun;
  }

  #enter(node: string, item: Delivery | Cancellation, intake: AbortSignal, killing: AbortSignal): void {
    const workflow = this.#workflows.get(node);
    const hasJoined = workflow?.join(item) ?? false;
    if (workflow && !hasJoined) this.#earlier.set(node, [...(this.#earlier.get(node) ?? []), workflow]);
    // What is called off must not be written down once more. Other news wait for nothing that is written meanwhile.
    if (item.type === 'cancellation') for (const it of this.#earlier.get(node) ?? []) it.giveWay(item);
    if (!hasJoined) this.#start(node, item, intake, killing);
  }

  #start(node: string, item: Delivery | Cancellation, intake: AbortSignal, killing: AbortSignal): void {
    this.#workflowsStarted += 1;
    const workflow = new NodeWorkflow({ node, id: this.#workflowsStarted }, this.#options, this.#shared);
    const machine = this.#modules.machines?.byName(node);
    workflow.join(item);
    if (machine) workflow.nodeIs(machine);
    this.#workflows.set(node, workflow);
    this.#keep(workflow.run(intake, killing), () => this.#leave(node, workflow));
  }

  #leave(node: string, workflow: NodeWorkflow): void {
    if (this.#workflows.get(node) === workflow) this.#workflows.delete(node);
    const earlier = this.#earlier.get(node)?.filter((it) => it !== workflow) ?? [];
    if (earlier.length > 0) this.#earlier.set(node, earlier);
    else this.#earlier.delete(node);
  }

  async settle(node: string, item: Delivery | Cancellation, outcome: Outcome): Promise<void> {
    if (item.type === 'cancellation') this.#modules.records.forget(node, item.interruptionId, item.toldAt);
    await this.#sourceOf(item).settle(item, outcome);
  }

  async release(node: string, item: Delivery | Cancellation): Promise<void> {
    const { records } = this.#modules;
    if (item.source !== records.name) {
      if (item.type === 'interruption') records.unfinished?.(node, item.interruption);
      else records.notUndone?.(node, item);
    }
    await this.#sourceOf(item).release(item);
  }

  async takeUpAgain(node: string, interruption: Interruption): Promise<void> {
    const { records } = this.#modules;
    const where = { ...interruption.where, nodeName: node };
    await records.release({
      type: 'interruption',
      interruption: { ...interruption, where },
      source: records.name,
      handle: undefined,
    });
  }

  #sourceOf({ source: name }: Delivery | Cancellation): Source {
    const source = this.#sources.get(name);
    if (!source) throw new Error(`Cannot give back what the unknown source "${name}" lent`);
    return source;
  }

  /** @param onEnd called when it has ended, however */
  #keep(work: Promise<void>, onEnd?: () => void): void {
    const end = (): void => {
      this.#running.delete(kept);
      onEnd?.();
    };
    const kept = work.then(end, (error: unknown) => {
      this.#modules.logger.error('Cannot deal with an interruption', { error });
      end();
    });
    this.#running.add(kept);
  }
}
