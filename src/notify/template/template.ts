import { checkFields } from './field-check.ts';
import { Evaluator } from './evaluator.ts';
import { whyNoFunction, type Functions } from './functions/all.ts';
import type { ParsedTemplate } from './nodes.ts';
import { parse } from './parser.ts';
import { TemplateError } from './template-error.ts';
import type { Type } from './types.ts';
import type { Value } from './values.ts';
import type { Zone } from './zone.ts';

export interface TemplateModules {
  readonly functions: Functions;
  readonly localZone: Zone;
}

/** A Go template (https://pkg.go.dev/text/template) with sprig's functions. */
export class Template {
  readonly #parsed: ParsedTemplate;
  readonly #modules: TemplateModules;

  /**
   * @param type of the data: a field that it has not is refused now, wherever in the template it is named
   * @throws TemplateError
   */
  constructor(source: string, type: Type | undefined, modules: TemplateModules) {
    this.#modules = modules;
    this.#parsed = guarded(source, () => {
      const parsed = parse(source, (name) => whyNoFunction(name, modules.functions));
      if (type) checkFields(parsed, type, modules.functions);
      return parsed;
    });
  }

  /** @throws TemplateError */
  execute(data: Value): string {
    const { source } = this.#parsed;
    return guarded(source, () => new Evaluator(this.#parsed, data, this.#modules).run());
  }

  /** Whether a field of this name is asked for anywhere, or the whole of the data. */
  mentions(field: string): boolean {
    const { source } = this.#parsed;
    return source.includes(field) || /[{(\s](?:[.$]|\.InterruptionEvent)[\s)}|]/.test(source);
  }
}

function guarded<T>(source: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    // The stack's end: nesting that nobody writes by hand.
    if (!(error instanceof RangeError)) throw error;
    throw new TemplateError(error.message, source, 0, { cause: error });
  }
}
