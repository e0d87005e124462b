import { runesOf } from './runes.ts';
/** What is wrong with a template, or with what it does to its data, and where. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;

  constructor(problem: string, source: string, offset: number, options?: ErrorOptions) {
    const before = source.slice(0, offset);
    const lineStart = before.lastIndexOf('\n') + 1;
    const line = before.split('\n').length;
    const column = runesOf(before.slice(lineStart)).length + 1;
    super(`line ${line}, column ${column}: ${problem}`, options);
    this.line = line;
    this.column = column;
  }
}

/** A function or method did not like what it was given; the evaluator adds where that was. */
export class GoError extends Error {
  override readonly name = 'GoError';
}
