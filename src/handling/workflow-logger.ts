import type { Ledger } from '../interruption/ledger.ts';
import type { LogFields, Logger } from '../logger.ts';
import type { WorkflowTelling } from './workflow-telling.ts';

export interface WorkflowLoggerModules {
  readonly ledger: Ledger;
  readonly telling: Pick<WorkflowTelling, 'phase'>;
}

/** A logger whose every line says which interruptions it is about, and how far the workflow has come by then. */
export class WorkflowLogger implements Logger {
  readonly #logger: Logger;
  readonly #modules: WorkflowLoggerModules;

  constructor(logger: Logger, modules: WorkflowLoggerModules) {
    this.#logger = logger;
    this.#modules = modules;
  }

  debug(message: string, fields?: LogFields): void {
    this.#logger.debug(message, this.#about(fields));
  }

  info(message: string, fields?: LogFields): void {
    this.#logger.info(message, this.#about(fields));
  }

  warn(message: string, fields?: LogFields): void {
    this.#logger.warn(message, this.#about(fields));
  }

  error(message: string, fields?: LogFields): void {
    this.#logger.error(message, this.#about(fields));
  }

  child(fields: LogFields): Logger {
    return new WorkflowLogger(this.#logger.child(fields), this.#modules);
  }

  #about(fields: LogFields | undefined): LogFields {
    const { ledger, telling } = this.#modules;
    return { ...interruptionFields(ledger), phase: telling.phase, ...fields };
  }
}

function interruptionFields({ interruptions, cancellations }: Ledger): LogFields {
  if (interruptions.length === 0) {
    return { interruption_id: cancellations.map((it) => it.interruptionId).join(',') };
  }
  return {
    interruption_id: interruptions.map((it) => it.id).join(','),
    kind: interruptions.map((it) => it.kind).join(','),
  };
}
