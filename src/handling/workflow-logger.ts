import type { Ledger } from '../interruption/ledger.ts';
import type { LogFields, Logger } from '../logger.ts';
import type { Phase } from './workflow-observer.ts';

/** A logger whose every line says which interruptions it is about, and how far the workflow has come by then. */
export function workflowLogger(logger: Logger, ledger: Ledger, phase: () => Phase): Logger {
  const about = (fields: LogFields | undefined): LogFields => ({
    ...interruptionFields(ledger),
    phase: phase(),
    ...fields,
  });
  return {
    debug: (message, fields) => logger.debug(message, about(fields)),
    info: (message, fields) => logger.info(message, about(fields)),
    warn: (message, fields) => logger.warn(message, about(fields)),
    error: (message, fields) => logger.error(message, about(fields)),
    child: (fields) => workflowLogger(logger.child(fields), ledger, phase),
  };
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
