import type { Clock } from '../clock.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { Ledger } from '../interruption/ledger.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import type { Mandate } from './mandate.ts';
import type { Phase, WorkflowNews, WorkflowObserver } from './workflow-observer.ts';

export interface WorkflowTellingModules {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ledger: Ledger;
  readonly mandate: Mandate;
  readonly metrics: Pick<Metrics, 'workflows'>;
  readonly observers: readonly WorkflowObserver[];
}

const none: readonly WorkflowObserver[] = Object.freeze([]);

export interface WorkflowTellingOptions {
  readonly id: number;
  readonly node: string;
  readonly dryRun: boolean;
}

/** How far one workflow has come, which it tells with all other news to all who observe. */
export class WorkflowTelling {
  readonly #options: WorkflowTellingOptions;
  readonly #modules: WorkflowTellingModules;
  readonly #startedAt: Instant;
  #blamed: readonly WorkflowObserver[] = none;
  #phase: Phase = 'received';

  constructor(options: WorkflowTellingOptions, modules: WorkflowTellingModules) {
    this.#options = options;
    this.#modules = modules;
    this.#startedAt = modules.clock.now();
    modules.metrics.workflows.inc({ phase: this.#phase });
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Somebody listens: what costs something to find out is worth it. */
  get isHeard(): boolean {
    return this.#modules.observers.length > 0;
  }

  enter(phase: Phase): void {
    const { workflows } = this.#modules.metrics;
    workflows.dec({ phase: this.#phase });
    workflows.inc({ phase });
    this.#phase = phase;
    this.tell({ type: 'phase', phase });
  }

  /** Nothing more will be told. */
  end(): void {
    this.#modules.metrics.workflows.dec({ phase: this.#phase });
  }

  tell(news: WorkflowNews): void {
    if (!this.isHeard) return;
    const { id, node, dryRun } = this.#options;
    const { clock, ledger, mandate, observers } = this.#modules;
    const { response, deadline, deadlineIsMachineEnd } = mandate.decision;
    const { interruptions, cancellations } = ledger;
    const workflow = {
      id,
      node,
      dryRun,
      startedAt: this.#startedAt,
      phase: this.#phase,
      interruptions,
      cancellations,
      response,
      deadline,
      deadlineIsMachineEnd,
    };
    const at = clock.now();
    for (const observer of observers) {
      try {
        observer.observe(news, workflow, at);
      } catch (error) {
        this.#blame(observer, error);
      }
    }
  }

  #blame(observer: WorkflowObserver, error: unknown): void {
    if (this.#blamed.includes(observer)) return;
    this.#blamed = [...this.#blamed, observer];
    this.#modules.logger.error('Cannot tell what happens to the node, the work goes on', {
      observer: observer.name,
      error,
    });
  }
}
