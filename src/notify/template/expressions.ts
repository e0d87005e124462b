import { isAssignable, literalFor } from './arguments.ts';
import type { TemplateFunction } from './function.ts';
import type { Functions } from './functions/all.ts';
import { memberOf, methodOf } from './members.ts';
import type { Command, Operand, Pipeline } from './nodes.ts';
import { longestText, type Run } from './run.ts';
import { anyType, type Type } from './types.ts';
import { GoMap, int, isTrue, typeOf, type Value } from './values.ts';
import type { Zone } from './zone.ts';

export interface ExpressionModules {
  readonly functions: Functions;
  readonly localZone: Zone;
}

/** There is no value before a pipeline's first command; what is no value may be one. */
const none = Symbol('nothing is piped in');
type Piped = Value | typeof none;

/** Works out what stands between the braces. */
export class Expressions {
  readonly #run: Run;
  readonly #modules: ExpressionModules;

  constructor(run: Run, modules: ExpressionModules) {
    this.#run = run;
    this.#modules = modules;
  }

  /** @throws TemplateError */
  pipeline({ commands, variables, assigns }: Pipeline, dot: Value): Value {
    let value: Piped = none;
    for (const command of commands) value = unwrapped(this.#command(command, dot, value));
    const result: Value = value === none ? undefined : value;
    for (const name of variables) {
      if (assigns) this.#run.scope.set(name, result);
      else this.#run.scope.declare(name, result);
    }
    return result;
  }

  #command({ words }: Command, dot: Value, piped: Piped): Value {
    const [first, ...args] = words;
    if (first.type === 'function') return this.#function(first.name, first.at, args, dot, piped);
    if (first.type === 'field' || first.type === 'variable' || first.type === 'chain')
      return this.#chain(first, dot, args, piped);
    if (first.type === 'nil') this.#run.fail('nil is not a command', first.at);
    if (args.length > 0 || piped !== none) this.#run.fail(`can't give argument to non-function`, first.at);
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
        return this.pipeline(operand, dot);
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
    if (operand.type === 'variable') value = this.#run.scope.get(operand.name);
    if (operand.type === 'chain') value = this.#operand(operand.of, dot);
    const hasArguments = args.length > 0 || piped !== none;
    if (names.length === 0 && hasArguments) this.#run.fail(`can't give argument to non-function`, at);
    for (const [index, name] of names.entries()) {
      const isLast = index === names.length - 1;
      value = this.#member(value, name, at, isLast ? args : [], isLast ? piped : none, dot);
    }
    return value;
  }

  #member(value: Value, name: string, at: number, args: readonly Operand[], piped: Piped, dot: Value): Value {
    this.#run.step(at);
    const method = methodOf(value, name, this.#modules.localZone);
    if (method) {
      const { parameters, call: run } = method;
      return this.#call({ parameters, rest: undefined, run }, name, at, args, dot, piped);
    }
    const member = this.#run.guard(at, '', () => memberOf(value, name));
    if (args.length > 0 || piped !== none) {
      this.#run.fail(`${name} has arguments but cannot be invoked as function`, at);
    }
    return member;
  }

  #function(name: string, at: number, args: readonly Operand[], dot: Value, piped: Piped): Value {
    this.#run.step(at);
    if (name === 'and' || name === 'or') return this.#logic(name, at, args, dot, piped);
    const found = this.#modules.functions.get(name);
    if (!found) this.#run.fail(`function ${JSON.stringify(name)} not defined`, at);
    return this.#call(found, name, at, args, dot, piped);
  }

  /** Looks at no more arguments than it must. */
  #logic(name: 'and' | 'or', at: number, args: readonly Operand[], dot: Value, piped: Piped): Value {
    if (args.length === 0 && piped === none) {
      this.#run.fail(`wrong number of args for ${name}: want at least 1 got 0`, at);
    }
    let value: Value;
    for (const arg of args) {
      value = unwrapped(this.#operand(arg, dot));
      if (isTrue(value) === (name === 'or')) return value;
    }
    return piped === none ? value : piped;
  }

  #call(
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
      this.#run.fail(`wrong number of args for ${name}: want ${wanted} got ${count}`, at);
    }
    const typeAt = (index: number): Type => parameters[index] ?? rest ?? anyType;
    const values = args.map((arg, index) => this.#argument(arg, typeAt(index), dot));
    if (piped !== none) values.push(this.#fitting(piped, typeAt(args.length), at));
    const result = this.#run.guard(at, `error calling ${name}: `, () => run(values));
    if (typeof result === 'string' && result.length > longestText)
      this.#run.fail(`${name} makes a text of more than ${longestText} characters`, at);
    return result;
  }

  #argument(operand: Operand, type: Type, dot: Value): Value {
    const literal = literalFor(operand, type);
    if (literal.type === 'value') return literal.value;
    if (literal.type === 'problem') return this.#run.fail(literal.problem, operand.at);
    return this.#fitting(unwrapped(this.#operand(operand, dot)), type, operand.at);
  }

  #fitting(value: Value, type: Type, at: number): Value {
    if (isAssignable(value, type)) {
      // A nil map is a map without entries.
      return value === undefined && type.kind === 'map' ? new GoMap(type, new Map(), true) : value;
    }
    const given = typeOf(value);
    return this.#run.fail(
      given === undefined
        ? `invalid value; expected ${type.name}`
        : `wrong type for value; expected ${type.name}; got ${given.name}`,
      at,
    );
  }
}

/** A nil that something held is no value once it has been taken out. */
export function unwrapped(value: Value): Value {
  return value ?? undefined;
}
