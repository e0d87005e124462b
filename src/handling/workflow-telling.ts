import type { Clock } from '../clock.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { Ledger } from '../interruption/ledger.ts';
import type { Logger } from '../logger.ts';
import type { Mandate } from './mandate.ts';
import type { Phase, WorkflowNews, WorkflowObserver } from './workflow-observer.ts';

export interface WorkflowTellingModules {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ledger: Ledger;
  readonly mandate: Mandate;
  readonly observers: readonly WorkflowObserver[];
}

/** Tells one workflow's news to all who observe. */
export class WorkflowTelling {
  readonly #options: { readonly id: number; readonly node: string; readonly dryRun: boolean };
  readonly #modules: WorkflowTellingModules;
  readonly #startedAt: Instant;
  readonly #blamed = new Set<WorkflowObserver>();
  #phase: Phase = 'received';

  constructor(
    options: { readonly id: number; readonly node: string; readonly dryRun: boolean },
    modules: WorkflowTellingModules,
  ) {
    this.#options = options;
    this.#modules = modules;
    this.#startedAt = modules.clock.now();
  }

  /** Somebody listens: what costs something to find out is worth it. */
  get isHeard(): boolean {
    return this.#modules.observers.length > 0;
  }

  tell(news: WorkflowNews): void {
    if (news.type === 'phase') this.#phase = news.phase;
    if (!this.isHeard) return;
    const { clock, ledger, mandate, observers } = this.#modules;
    const { response, deadline, deadlineIsMachineEnd } = mandate.decision;
    const { interruptions, cancellations } = ledger;
    const workflow = {
      ...this.#options,
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
    if (this.#blamed.has(observer)) return;
    this.#blamed.add(observer);
    this.#modules.logger.error('Cannot tell what happens to the node, the work goes on', {
      observer: observer.name,
      error,
    });
  }
}
