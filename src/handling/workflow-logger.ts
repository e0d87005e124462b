import type { Ledger } from '../interruption/ledger.ts';
import type { LogFields, Logger } from '../logger.ts';
import type { Phase } from './workflow-observer.ts';

/** A logger whose every line says which interruptions it is about, and how far the workflow has come by then. */
export class WorkflowLogger implements Logger {
  readonly #logger: Logger;
  readonly #ledger: Ledger;
  readonly #phase: () => Phase;

  constructor(logger: Logger, ledger: Ledger, phase: () => Phase) {
    this.#logger = logger;
    this.#ledger = ledger;
    this.#phase = phase;
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
    return new WorkflowLogger(this.#logger.child(fields), this.#ledger, this.#phase);
  }

  #about(fields: LogFields | undefined): LogFields {
    return { ...interruptionFields(this.#ledger), phase: this.#phase(), ...fields };
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
