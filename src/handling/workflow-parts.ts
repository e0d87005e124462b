import type { Clock } from '../clock.ts';
import type { Admission } from '../drain/admission.ts';
import type { DrainPolicy } from '../drain/plan.ts';
import { Ledger } from '../interruption/ledger.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import { Change } from './change.ts';
import { Drains, type DrainsModules } from './drains.ts';
import { Ending, type EndingModules } from './ending.ts';
import type { GiveBackModules, Lender } from './give-back.ts';
import { Mandate, type MandateOptions } from './mandate.ts';
import type { NodeActions } from './node-actions.ts';
import type { Machines } from './machine.ts';
import { NodeMarking, type NodeMarkingModules } from './node-marking.ts';
import type { WorkflowObserver } from './workflow-observer.ts';
import { WorkflowLogger, type WorkflowLoggerModules } from './workflow-logger.ts';
import { WorkflowStory, type WorkflowStoryModules } from './workflow-story.ts';
import { WorkflowTelling, type WorkflowTellingModules } from './workflow-telling.ts';
import type { Workers } from './workers.ts';

export interface WorkflowPartsOptions extends MandateOptions {
  readonly drain: DrainPolicy;
  readonly dryRun: boolean;
  /** The node is one of many, and its Node goes with its machine: that it is gone is no trouble. @default false */
  readonly nodeMayVanish?: boolean;
}

/** What all workflows share. */
export interface WorkflowPartsModules {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly lender: Lender;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly actions: NodeActions;
  readonly observers: readonly WorkflowObserver[];
  /** @default a Node is taken for the machine that it was */
  readonly machines?: Machines | undefined;
  /** @default the drain waits for no turn */
  readonly workers?: Workers | undefined;
  /** @default the drain begins at once */
  readonly admission?: Admission | undefined;
  /** The trace that a workflow is, for log lines and metrics. */
  readonly traceIdOf?: ((workflowId: number) => string | undefined) | undefined;
}

type PartModules = DrainsModules &
  EndingModules &
  GiveBackModules &
  NodeMarkingModules &
  WorkflowLoggerModules &
  WorkflowStoryModules &
  WorkflowTellingModules;

/**
 * The parts of one workflow, wired together. Each of them is given this very object, since a burst is hundreds of
 * workflows, and a copy for each part of each of them would be more than the parts.
 */
export class WorkflowParts implements PartModules {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly lender: Lender;
  readonly metrics: Metrics;
  readonly actions: NodeActions;
  readonly observers: readonly WorkflowObserver[];
  readonly machines: Machines | undefined;
  readonly workers: Workers | undefined;
  readonly admission: Admission | undefined;
  readonly change = new Change();
  readonly ledger = new Ledger();
  readonly logger: Logger;
  readonly mandate: Mandate;
  readonly telling: WorkflowTelling;
  readonly story: WorkflowStory;
  readonly marking: NodeMarking;
  readonly ending: Ending;
  readonly drains: Drains;

  constructor(
    { node, id }: { readonly node: string; readonly id: number },
    options: WorkflowPartsOptions,
    modules: WorkflowPartsModules,
  ) {
    this.clock = modules.clock;
    this.cluster = modules.cluster;
    this.lender = modules.lender;
    this.metrics = modules.metrics;
    this.actions = modules.actions;
    this.observers = modules.observers;
    this.machines = modules.machines;
    this.workers = modules.workers;
    this.admission = modules.admission;
    const traceId = modules.traceIdOf?.(id);
    const logger = modules.logger.child(traceId === undefined ? { node } : { node, trace_id: traceId });
    this.logger = new WorkflowLogger(logger, this);
    this.mandate = new Mandate(options, this);
    this.telling = new WorkflowTelling({ id, node, dryRun: options.dryRun }, this);
    this.story = new WorkflowStory({ node, traceId }, this);
    this.marking = new NodeMarking({ node, mayVanish: options.nodeMayVanish ?? false }, this);
    this.ending = new Ending(this);
    this.drains = new Drains({ node, drain: options.drain }, this);
  }
}
