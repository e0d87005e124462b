import { Scope } from './scope.ts';
import { GoError, TemplateError } from './template-error.ts';
import type { Value } from './values.ts';

/** A template that does more than this has run away: a message of a megabyte is no message. */
const mostSteps = 200_000;
export const longestText = 1024 * 1024;

/** One run of a template: what it knows, and how far it may go. */
export class Run {
  readonly #source: string;
  scope: Scope;
  #steps = 0;

  constructor(source: string, data: Value) {
    this.#source = source;
    this.scope = new Scope(data);
  }

  /** @throws TemplateError where there have been too many */
  step(at: number): void {
    this.#steps += 1;
    if (this.#steps > mostSteps) this.fail(`the template does not end within ${mostSteps} steps`, at);
  }

  /** Adds the place to what a function says. @throws TemplateError */
  guard<T>(at: number, prefix: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      // RangeError: a text, list or stack larger than there can be.
      if (!(error instanceof GoError) && !(error instanceof RangeError)) throw error;
      throw new TemplateError(prefix + error.message, this.#source, at, { cause: error });
    }
  }

  fail(problem: string, at: number): never {
    throw new TemplateError(problem, this.#source, at);
  }
}
