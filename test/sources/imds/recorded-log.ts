import type { LogFields, Logger } from '../../../src/logger.ts';

export interface LogRecord {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger that keeps its records. */
export function recordedLog() {
  const records: LogRecord[] = [];
  const write =
    (level: LogRecord['level']) =>
    (message: string, fields: LogFields = {}): void => {
      if (level !== 'debug') records.push({ level, message, fields });
    };
  const log: Logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => log,
  };
  return { log, records, warnings: () => records.filter(({ level }) => level === 'warn') };
}
