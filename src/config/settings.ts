import convict from 'convict';
import { errorText } from '../error-text.ts';
import { formats } from './formats.ts';
import { type Given, quoted } from './layer.ts';
import { type OptionName, optionNames, type OptionValues, schema } from './schema.ts';

/**
 * The options after all sources were put together: a value for each, and a finding for whatever was wrong with it.
 * An option whose value can't be used has its default here and its problem there, so that rules about several options
 * can still be looked at, and all that is wrong is reported at once.
 */
export class Settings {
  readonly problems: string[] = [];
  readonly warnings: string[] = [];
  readonly #given: Map<OptionName, Given>;
  readonly #values: OptionValues;
  readonly #defaults: OptionValues;
  readonly #refused = new Set<OptionName>();

  constructor(given: ReadonlyMap<OptionName, Given>) {
    this.#given = new Map(given);
    convict.addFormats({ ...formats });
    // No arguments and no environment: what convict would make of them is read in flags.ts and environment.ts.
    const settings = convict<OptionValues>(schema as unknown as convict.Schema<OptionValues>, {
      args: [],
      env: {},
    });
    this.#defaults = settings.getProperties();
    for (const [name, { text }] of this.#given) settings.set<string>(name, text);
    this.#values = settings.getProperties();
    for (const name of optionNames) this.#validate(name);
  }

  get<Name extends OptionName>(name: Name): OptionValues[Name] {
    return this.#values[name];
  }

  /** Somebody gave the option a value that can be used, maybe its default. */
  isSet(name: OptionName): boolean {
    return this.#given.has(name) && !this.#refused.has(name);
  }

  /** A problem was reported for the option. */
  isRefused(name: OptionName): boolean {
    return this.#refused.has(name);
  }

  differsFromDefault(name: OptionName): boolean {
    return JSON.stringify(this.#values[name]) !== JSON.stringify(this.#defaults[name]);
  }

  /** Where the value came from, for messages. */
  origin(name: OptionName): string {
    return this.#given.get(name)?.origin ?? 'default';
  }

  /** Puts another value in the place of the one that was given. */
  replace<Name extends OptionName>(name: Name, value: OptionValues[Name]): void {
    this.#values[name] = value;
  }

  /** Gives an option the value, and the origin, of another. */
  inherit(name: OptionName, from: OptionName): void {
    const given = this.#given.get(from);
    if (given !== undefined) this.#given.set(name, given);
    Object.assign(this.#values, { [name]: this.#values[from] });
  }

  /** Reports that the value can't be used; `expected` ends the sentence "expected ...". */
  refuse(name: OptionName, expected: string): void {
    this.#refused.add(name);
    const text = this.#given.get(name)?.text ?? String(schema[name].default);
    const shown = schema[name].sensitive === true ? 'the value given' : quoted(text);
    this.problems.push(`Cannot set ${name} to ${shown} (${this.origin(name)}): expected ${expected}`);
  }

  /** Reports that the option has no value; `because` says why it needs one. */
  refuseMissing(name: OptionName, because = ''): void {
    this.#refused.add(name);
    const variable = schema[name].env === undefined ? '' : ` or environment ${schema[name].env}`;
    this.problems.push(`Cannot start without ${name}: expected flag --${name}${variable}${because}`);
  }

  // Convict's own validate() puts all messages into one string; asking the same formats one by one
  // lets each problem tell where its value came from.
  #validate(name: OptionName): void {
    const option = schema[name];
    try {
      formats[option.format].validate(this.#values[name], option);
    } catch (error) {
      this.refuse(name, errorText(error));
      Object.assign(this.#values, { [name]: this.#defaults[name] });
    }
  }
}
