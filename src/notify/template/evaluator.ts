import { isAssignable, literalFor } from './arguments.ts';
import type { TemplateFunction } from './function.ts';
import type { Functions } from './functions/all.ts';
import { memberOf, methodOf } from './members.ts';
import type { Command, Node, Operand, ParsedTemplate, Pipeline } from './nodes.ts';
import { Scope } from './scope.ts';
import { GoError, TemplateError } from './template-error.ts';
import { anyType, type Type } from './types.ts';
import { GoInt, GoList, GoMap, int, isTrue, typeOf, type Value } from './values.ts';
import { printed } from './value-text.ts';
import type { Zone } from './zone.ts';

/** A template that does more than this has run away: a message of a megabyte is no message. */
const mostSteps = 200_000;
const longestOutput = 1024 * 1024;
/** Templates that call each other, themselves perhaps. */
const deepest = 100;

export interface EvaluatorModules {
  readonly functions: Functions;
  readonly localZone: Zone;
}

type Jump = 'break' | 'continue' | undefined;

/** There is no value before a pipeline's first command; what is no value may be one. */
const none = Symbol('nothing is piped in');
type Piped = Value | typeof none;

/** Runs a template once. */
export class Evaluator {
  readonly #template: ParsedTemplate;
  readonly #modules: EvaluatorModules;
  #output = '';
  #steps = 0;
  #depth = 0;
  #scope: Scope;

  constructor(template: ParsedTemplate, data: Value, modules: EvaluatorModules) {
    this.#template = template;
    this.#modules = modules;
    this.#scope = new Scope(data);
  }

  /** @throws TemplateError */
  run(): string {
    this.#walkAll(this.#template.body, this.#scope.get('$'));
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
    this.#step(node.at);
    switch (node.type) {
      case 'text':
        this.#write(node.text, node.at);
        return undefined;
      case 'action': {
        const value = this.#pipeline(node.pipeline, dot);
        if (node.pipeline.variables.length === 0) this.#write(printed(value), node.at);
        return undefined;
      }
      case 'if':
      case 'with': {
        return this.#scope.within(() => {
          const value = this.#pipeline(node.pipeline, dot);
          if (!isTrue(value)) return this.#walkAll(node.otherwise, dot);
          return this.#walkAll(node.body, node.type === 'with' ? value : dot);
        });
      }
      case 'range':
        return this.#scope.within(() => this.#range(node, dot));
      case 'template':
        this.#call(node.name, node.pipeline && this.#pipeline(node.pipeline, dot), node.at);
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
    const value = this.#pipeline(pipeline, dot);
    const { variables } = pipeline;
    let isEmpty = true;
    for (const [key, item] of this.#itemsOf(value, variables.length, at)) {
      isEmpty = false;
      this.#step(at);
      const jump = this.#scope.within(() => {
        const [first, second] = variables;
        if (first !== undefined) this.#scope.set(first, second === undefined ? item : key);
        if (second !== undefined) this.#scope.set(second, item);
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
      if (variables > 1) this.#fail(`can't use ${value.value} to iterate over more than one variable`, at);
      for (let next = 0n; next < value.value; next += 1n) yield [undefined, new GoInt(value.type, next)];
    } else {
      this.#fail(`range can't iterate over ${printed(value)}`, at);
    }
  }

  /** Nothing but `$` is known in another template. */
  #call(name: string, dot: Value, at: number): void {
    const body = this.#template.named.get(name);
    if (!body) this.#fail(`template ${JSON.stringify(name)} not defined`, at);
    if (this.#depth >= deepest) this.#fail(`templates call each other more than ${deepest} deep`, at);
    const outer = this.#scope;
    this.#scope = new Scope(dot);
    this.#depth += 1;
    this.#walkAll(body, dot);
    this.#depth -= 1;
    this.#scope = outer;
  }

  #pipeline({ commands, variables, assigns }: Pipeline, dot: Value): Value {
    let value: Piped = none;
    for (const command of commands) value = unwrapped(this.#command(command, dot, value));
    const result: Value = value === none ? undefined : value;
    for (const name of variables) {
      if (assigns) this.#scope.set(name, result);
      else this.#scope.declare(name, result);
    }
    return result;
  }

  #command({ words }: Command, dot: Value, piped: Piped): Value {
    const [first, ...args] = words;
    if (first.type === 'function') return this.#function(first.name, first.at, args, dot, piped);
    if (first.type === 'field' || first.type === 'variable' || first.type === 'chain')
      return this.#chain(first, dot, args, piped);
    if (first.type === 'nil') this.#fail('nil is not a command', first.at);
    if (args.length > 0 || piped !== none) this.#fail(`can't give argument to non-function`, first.at);
    return this.#operand(first, dot);
  }

  /** By itself, where no type is asked for. */
  #operand(operand: Operand, dot: Value): Value {
    switch (operand.type) {
      case 'bool':
      case 'string':
        return operand.value;
      case 'number':
        if (operand.isFloat) return operand.float;
        return int(operand.integer ?? 0n);
      case 'nil':
        return undefined;
      case 'dot':
        return dot;
      case 'field':
      case 'variable':
      case 'chain':
        return this.#chain(operand, dot, [], none);
      case 'function':
        return this.#function(operand.name, operand.at, [], dot, none);
      case 'pipeline':
        return this.#pipeline(operand, dot);
    }
  }

  /** `.A.B`: arguments are for the last name, which must then be a method. */
  #chain(
    operand: Operand & { readonly type: 'field' | 'variable' | 'chain' },
    dot: Value,
    args: readonly Operand[],
    piped: Piped,
  ): Value {
    const { at, names } = operand;
    let value = dot;
    if (operand.type === 'variable') value = this.#scope.get(operand.name);
    if (operand.type === 'chain') value = this.#operand(operand.of, dot);
    const hasArguments = args.length > 0 || piped !== none;
    if (names.length === 0 && hasArguments) this.#fail(`can't give argument to non-function`, at);
    for (const [index, name] of names.entries()) {
      const isLast = index === names.length - 1;
      value = this.#member(value, name, at, isLast ? args : [], isLast ? piped : none, dot);
    }
    return value;
  }

  #member(value: Value, name: string, at: number, args: readonly Operand[], piped: Piped, dot: Value): Value {
    this.#step(at);
    const method = methodOf(value, name, this.#modules.localZone);
    if (method) {
      const { parameters, call: run } = method;
      return this.#run({ parameters, rest: undefined, run }, name, at, args, dot, piped);
    }
    const member = this.#guard(at, '', () => memberOf(value, name));
    if (args.length > 0 || piped !== none) {
      this.#fail(`${name} has arguments but cannot be invoked as function`, at);
    }
    return member;
  }

  #function(name: string, at: number, args: readonly Operand[], dot: Value, piped: Piped): Value {
    this.#step(at);
    if (name === 'and' || name === 'or') return this.#logic(name, at, args, dot, piped);
    const found = this.#modules.functions.get(name);
    if (!found) this.#fail(`function ${JSON.stringify(name)} not defined`, at);
    return this.#run(found, name, at, args, dot, piped);
  }

  /** Looks at no more arguments than it must. */
  #logic(name: 'and' | 'or', at: number, args: readonly Operand[], dot: Value, piped: Piped): Value {
    if (args.length === 0 && piped === none) {
      this.#fail(`wrong number of args for ${name}: want at least 1 got 0`, at);
    }
    let value: Value;
    for (const arg of args) {
      value = unwrapped(this.#operand(arg, dot));
      if (isTrue(value) === (name === 'or')) return value;
    }
    return piped === none ? value : piped;
  }

  #run(
    { parameters, rest, run }: TemplateFunction,
    name: string,
    at: number,
    args: readonly Operand[],
    dot: Value,
    piped: Piped,
  ): Value {
    const count = args.length + (piped === none ? 0 : 1);
    if (rest ? count < parameters.length : count !== parameters.length) {
      const wanted = `${rest ? 'at least ' : ''}${parameters.length}`;
      this.#fail(`wrong number of args for ${name}: want ${wanted} got ${count}`, at);
    }
    const typeAt = (index: number): Type => parameters[index] ?? rest ?? anyType;
    const values = args.map((arg, index) => this.#argument(arg, typeAt(index), dot));
    if (piped !== none) values.push(this.#fitting(piped, typeAt(args.length), at));
    const result = this.#guard(at, `error calling ${name}: `, () => run(values));
    if (typeof result === 'string' && result.length > longestOutput)
      this.#fail(`${name} makes a text of more than ${longestOutput} characters`, at);
    return result;
  }

  #argument(operand: Operand, type: Type, dot: Value): Value {
    const literal = literalFor(operand, type);
    if (literal.type === 'value') return literal.value;
    if (literal.type === 'problem') return this.#fail(literal.problem, operand.at);
    return this.#fitting(unwrapped(this.#operand(operand, dot)), type, operand.at);
  }

  #fitting(value: Value, type: Type, at: number): Value {
    if (isAssignable(value, type)) {
      // A nil map is a map without entries.
      return value === undefined && type.kind === 'map' ? new GoMap(type, new Map(), true) : value;
    }
    const given = typeOf(value);
    return this.#fail(
      given === undefined
        ? `invalid value; expected ${type.name}`
        : `wrong type for value; expected ${type.name}; got ${given.name}`,
      at,
    );
  }

  #write(text: string, at: number): void {
    this.#output += text;
    if (this.#output.length > longestOutput)
      this.#fail(`the template writes more than ${longestOutput} characters`, at);
  }

  #step(at: number): void {
    this.#steps += 1;
    if (this.#steps > mostSteps) this.#fail(`the template does not end within ${mostSteps} steps`, at);
  }

  #guard<T>(at: number, prefix: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      // RangeError: a text, list or stack larger than there can be.
      if (!(error instanceof GoError) && !(error instanceof RangeError)) throw error;
      throw new TemplateError(prefix + error.message, this.#template.source, at, { cause: error });
    }
  }

  #fail(problem: string, at: number): never {
    throw new TemplateError(problem, this.#template.source, at);
  }
}

/** A nil that something held is no value once it has been taken out. */
function unwrapped(value: Value): Value {
  return value ?? undefined;
}
