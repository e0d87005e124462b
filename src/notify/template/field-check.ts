import type { Functions } from './functions/all.ts';
import type { Command, Node, Operand, ParsedTemplate, Pipeline } from './nodes.ts';
import { TemplateError } from './template-error.ts';
import { findField, findMethod, intType, stringType, type Type } from './types.ts';

/** undefined: it is not known before the template runs. */
type Known = Type | undefined;

/**
 * Go notices an unknown field when it comes to it; a notification that fails is one that nobody gets, so this looks
 * at every branch beforehand. What can't be known it leaves to the run. @throws TemplateError
 */
export function checkFields(template: ParsedTemplate, type: Type, functions: Functions): void {
  new FieldCheck(template, functions).walk(template.body, type, new Map([['$', type]]));
}

type Variables = Map<string, Known>;

class FieldCheck {
  readonly #template: ParsedTemplate;
  readonly #functions: Functions;
  /** By name and type, so that a template that calls itself is looked at once. */
  readonly #checked = new Set<string>();

  constructor(template: ParsedTemplate, functions: Functions) {
    this.#template = template;
    this.#functions = functions;
  }

  walk(nodes: readonly Node[], dot: Known, variables: Variables): void {
    for (const node of nodes) this.#walk(node, dot, variables);
  }

  #walk(node: Node, dot: Known, variables: Variables): void {
    switch (node.type) {
      case 'action':
        this.#pipeline(node.pipeline, dot, variables);
        return;
      case 'if':
      case 'with':
      case 'range': {
        const inner = new Map(variables);
        const type = this.#pipeline(node.pipeline, dot, inner);
        if (node.type === 'range') this.#declareItems(node.pipeline, type, inner);
        const bodyDot = node.type === 'if' ? dot : node.type === 'with' ? type : itemOf(type);
        this.walk(node.body, bodyDot, new Map(inner));
        this.walk(node.otherwise, dot, new Map(inner));
        return;
      }
      case 'template':
        this.#template_(node, dot, variables);
        return;
      case 'text':
      case 'break':
      case 'continue':
    }
  }

  #declareItems({ variables: names, assigns }: Pipeline, type: Known, variables: Variables): void {
    const [first, second] = names;
    const key = type?.kind === 'slice' ? intType : type?.kind === 'map' ? stringType : undefined;
    const set = (name: string, known: Known): unknown => variables.set(name, assigns ? undefined : known);
    if (first !== undefined) set(first, second === undefined ? itemOf(type) : key);
    if (second !== undefined) set(second, itemOf(type));
  }

  #template_(
    { name, pipeline, at }: Node & { readonly type: 'template' },
    dot: Known,
    variables: Variables,
  ): void {
    const type = pipeline && this.#pipeline(pipeline, dot, variables);
    const body = this.#template.named.get(name);
    if (!body) this.#fail(`template ${JSON.stringify(name)} not defined`, at);
    const key = `${name} ${type?.name ?? ''}`;
    if (this.#checked.has(key)) return;
    this.#checked.add(key);
    this.walk(body, type, new Map([['$', type]]));
  }

  #pipeline({ commands, variables: names, assigns }: Pipeline, dot: Known, variables: Variables): Known {
    let type: Known;
    for (const [index, command] of commands.entries()) {
      type = this.#command(command, index > 0, dot, variables);
    }
    // What is assigned in a branch may be of another type than what was declared.
    for (const name of names) variables.set(name, assigns ? undefined : type);
    return type;
  }

  #command({ words }: Command, isPiped: boolean, dot: Known, variables: Variables): Known {
    const [first, ...args] = words;
    for (const arg of args) this.#operand(arg, dot, variables);
    if (first.type === 'function') this.#checkCount(first, args.length + Number(isPiped));
    return this.#operand(first, dot, variables);
  }

  #checkCount({ name, at }: Operand & { readonly type: 'function' }, count: number): void {
    const found = this.#functions.get(name);
    if (!found) return;
    const { parameters, rest } = found;
    if (rest ? count >= parameters.length : count === parameters.length) return;
    const wanted = `${rest ? 'at least ' : ''}${parameters.length}`;
    this.#fail(`wrong number of args for ${name}: want ${wanted} got ${count}`, at);
  }

  #operand(operand: Operand, dot: Known, variables: Variables): Known {
    switch (operand.type) {
      case 'dot':
        return dot;
      case 'field':
        return this.#members(dot, operand.names, operand.at);
      case 'variable':
        return this.#members(variables.get(operand.name), operand.names, operand.at);
      case 'chain':
        return this.#members(this.#operand(operand.of, dot, variables), operand.names, operand.at);
      case 'pipeline':
        return this.#pipeline(operand, dot, variables);
      case 'string':
        return stringType;
      case 'bool':
      case 'number':
      case 'nil':
      case 'function':
        return undefined;
    }
  }

  #members(type: Known, names: readonly string[], at: number): Known {
    let known = type;
    for (const name of names) {
      if (known === undefined || known.kind === 'interface') return undefined;
      const found = findMethod(known, name) ?? findField(known, name);
      if (found) known = found.type;
      else if (known.kind === 'map') known = known.elem;
      else this.#fail(`can't evaluate field ${name} in type ${known.name}`, at);
    }
    return known;
  }

  #fail(problem: string, at: number): never {
    throw new TemplateError(problem, this.#template.source, at);
  }
}

function itemOf(type: Known): Known {
  if (type?.kind === 'slice' || type?.kind === 'map') return type.elem;
  return type?.kind === 'int' ? type : undefined;
}
