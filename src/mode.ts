import type { IntakeModules } from './handling/intake.ts';
import type { NodeWorkflowOptions } from './handling/node-workflow.ts';
import type { WorkflowObserver } from './handling/workflow-observer.ts';
import type { Cluster } from './kubernetes/cluster.ts';
import type { InstanceFacts } from './instance-facts.ts';
import type { KnownNodes } from './kubernetes/nodes.ts';

/** What differs between a daemon that watches its own node and one that reads a queue for all. */
export interface Mode {
  /** Undefined: nodes are read when they are asked for. */
  readonly knownNodes: KnownNodes | undefined;
  readonly workflow: Pick<NodeWorkflowOptions, 'nodeMayVanish' | 'settlesWhatWaits'>;
  /** Who this instance is. */
  instance(signal: AbortSignal): Promise<InstanceFacts>;
  intake(cluster: Cluster): ModeIntake;
  /** What goes on beside the intake, until the signal is aborted. Never throws. */
  run(signal: AbortSignal): Promise<void>;
  close(): void;
}

export interface ModeIntake extends Pick<
  IntakeModules,
  'sources' | 'records' | 'locate' | 'machines' | 'launches' | 'workers' | 'admission'
> {
  readonly observers: readonly WorkflowObserver[];
}
