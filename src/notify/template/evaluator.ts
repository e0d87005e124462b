import { Expressions, unwrapped, type ExpressionModules } from './expressions.ts';
import type { Node, ParsedTemplate } from './nodes.ts';
import { longestText, Run } from './run.ts';
import { Scope } from './scope.ts';
import { GoInt, GoList, GoMap, int, isTrue, type Value } from './values.ts';
import { printed } from './value-text.ts';

/** Templates that call each other, themselves perhaps. */
const deepest = 100;

type Jump = 'break' | 'continue' | undefined;

/** Runs a template once. */
export class Evaluator {
  readonly #template: ParsedTemplate;
  readonly #run: Run;
  readonly #expressions: Expressions;
  #output = '';
  #depth = 0;

  constructor(template: ParsedTemplate, data: Value, modules: ExpressionModules) {
    this.#template = template;
    this.#run = new Run(template.source, data);
    this.#expressions = new Expressions(this.#run, modules);
  }

  /** @throws TemplateError */
  run(): string {
    this.#walkAll(this.#template.body, this.#run.scope.get('$'));
    return this.#output;
  }

  #walkAll(nodes: readonly Node[], dot: Value): Jump {
    for (const node of nodes) {
      const jump = this.#walk(node, dot);
      if (jump) return jump;
    }
    return undefined;
  }

  #walk(node: Node, dot: Value): Jump {
    this.#run.step(node.at);
    switch (node.type) {
      case 'text':
        this.#write(node.text, node.at);
        return undefined;
      case 'action': {
        const value = this.#expressions.pipeline(node.pipeline, dot);
        if (node.pipeline.variables.length === 0) this.#write(printed(value), node.at);
        return undefined;
      }
      case 'if':
      case 'with': {
        return this.#run.scope.within(() => {
          const value = this.#expressions.pipeline(node.pipeline, dot);
          if (!isTrue(value)) return this.#walkAll(node.otherwise, dot);
          return this.#walkAll(node.body, node.type === 'with' ? value : dot);
        });
      }
      case 'range':
        return this.#run.scope.within(() => this.#range(node, dot));
      case 'template':
        this.#call(node.name, node.pipeline && this.#expressions.pipeline(node.pipeline, dot), node.at);
        return undefined;
      case 'break':
      case 'continue':
        return node.type;
    }
  }

  #range(
    { pipeline, body, otherwise, at }: Node & { readonly type: 'if' | 'with' | 'range' },
    dot: Value,
  ): Jump {
    const value = this.#expressions.pipeline(pipeline, dot);
    const { variables } = pipeline;
    let isEmpty = true;
    for (const [key, item] of this.#itemsOf(value, variables.length, at)) {
      isEmpty = false;
      this.#run.step(at);
      const jump = this.#run.scope.within(() => {
        const [first, second] = variables;
        if (first !== undefined) this.#run.scope.set(first, second === undefined ? item : key);
        if (second !== undefined) this.#run.scope.set(second, item);
        return this.#walkAll(body, unwrapped(item));
      });
      if (jump === 'break') break;
    }
    return isEmpty ? this.#walkAll(otherwise, dot) : undefined;
  }

  *#itemsOf(value: Value, variables: number, at: number): Generator<readonly [Value, Value]> {
    if (value === undefined || value === null) return;
    if (value instanceof GoList) {
      for (const [index, item] of value.items.entries()) yield [int(index), item];
    } else if (value instanceof GoMap) {
      yield* value.sorted;
    } else if (value instanceof GoInt) {
      if (variables > 1)
        this.#run.fail(`can't use ${value.value} to iterate over more than one variable`, at);
      for (let next = 0n; next < value.value; next += 1n) yield [undefined, new GoInt(value.type, next)];
    } else {
      this.#run.fail(`range can't iterate over ${printed(value)}`, at);
    }
  }

  /** Nothing but `$` is known in another template. */
  #call(name: string, dot: Value, at: number): void {
    const body = this.#template.named.get(name);
    if (!body) this.#run.fail(`template ${JSON.stringify(name)} not defined`, at);
    if (this.#depth >= deepest) this.#run.fail(`templates call each other more than ${deepest} deep`, at);
    const outer = this.#run.scope;
    this.#run.scope = new Scope(dot);
    this.#depth += 1;
    this.#walkAll(body, dot);
    this.#depth -= 1;
    this.#run.scope = outer;
  }

  #write(text: string, at: number): void {
    this.#output += text;
    if (this.#output.length > longestText)
      this.#run.fail(`the template writes more than ${longestText} characters`, at);
  }
}
