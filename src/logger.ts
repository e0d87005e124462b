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
