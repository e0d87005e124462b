import type { Value } from './values.ts';

/** A template's variables: the last of a name counts. */
export class Scope {
  readonly #variables: { readonly name: string; value: Value }[];

  constructor(dollar: Value) {
    this.#variables = [{ name: '$', value: dollar }];
  }

  get(name: string): Value {
    return this.#variables.findLast((variable) => variable.name === name)?.value;
  }

  /** Of one that is there. */
  set(name: string, value: Value): void {
    const known = this.#variables.findLast((variable) => variable.name === name);
    if (known) known.value = value;
  }

  declare(name: string, value: Value): void {
    this.#variables.push({ name, value });
  }

  /** What is declared meanwhile is forgotten. */
  within<T>(work: () => T): T {
    const known = this.#variables.length;
    const result = work();
    this.#variables.length = known;
    return result;
  }
}
