import type { Clock } from './clock.ts';
import { jsonFormat, plainFormat } from './log-format.ts';

/** Fields every part uses where it has them: `node`, `interruption_id`, `kind`, `phase`, `pod`, `error`. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to each of its records. */
  child(fields: LogFields): Logger;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LoggerOptions {
  /** NTH's `json-logging`. @default false */
  readonly json: boolean;
  /** NTH's `log-level`: records below it are dropped. @default 'info' */
  readonly level: LogLevel;
  /** NTH's `log-format-version`: 1 writes the field `monitor_type` under its older name `event_type`. @default 1 */
  readonly formatVersion: number;
}

/** Where lines go: process.stdout and process.stderr, or a test's array. */
export interface LogSink {
  write(line: string): unknown;
}

export interface LoggerModules {
  readonly clock: Clock;
  readonly stdout: LogSink;
  readonly stderr: LogSink;
}

const severity: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** NTH's two log formats. An error in a field is told by its message and its causes; its stack at level debug only. */
export function createLogger(options: LoggerOptions, modules: LoggerModules): Logger {
  return new LineLogger(options, modules, {});
}

/** A class, for each node of hundreds has loggers of its own. */
class LineLogger implements Logger {
  readonly #options: LoggerOptions;
  readonly #modules: LoggerModules;
  readonly #fields: LogFields;

  constructor(options: LoggerOptions, modules: LoggerModules, fields: LogFields) {
    this.#options = options;
    this.#modules = modules;
    this.#fields = fields;
  }

  debug(message: string, fields?: LogFields): void {
    this.#write('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#write('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields);
  }

  child(fields: LogFields): Logger {
    return new LineLogger(this.#options, this.#modules, { ...this.#fields, ...fields });
  }

  #write(level: LogLevel, message: string, more: LogFields = {}): void {
    const options = this.#options;
    if (severity[level] < severity[options.level]) return;
    const { clock, stderr, stdout } = this.#modules;
    const fields = versioned(options, { ...this.#fields, ...more, ...stackField(options, more['error']) });
    const format = options.json ? jsonFormat : plainFormat;
    // NTH writes all its JSON to stderr, but sorts plain lines by level.
    const sink = options.json || severity[level] >= severity.warn ? stderr : stdout;
    sink.write(`${format({ level, timeMs: clock.now(), message, fields })}\n`);
  }
}

function stackField(options: LoggerOptions, error: unknown): LogFields {
  return options.level === 'debug' && error instanceof Error ? { stack: error.stack } : {};
}

function versioned(options: LoggerOptions, fields: LogFields): LogFields {
  if (options.formatVersion !== 1 || !('monitor_type' in fields)) return fields;
  const { monitor_type: monitorType, ...others } = fields;
  return { event_type: monitorType, ...others };
}
