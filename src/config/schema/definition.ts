import type { FormatName } from '../formats.ts';

/** One option, in convict's words (`doc`, `format`, `default`, `env`, `sensitive`) and a few of our own. */
export interface OptionDefinition {
  /** What it does, in which unit, and why the default is what it is: printed by `--help` and docs/options.md. */
  readonly doc: string;
  readonly format: FormatName;
  readonly default: boolean | number | string;
  /** NTH's name of the variable, or one of ours, which start with `NTH_`. */
  readonly env?: string;
  /** A second spelling of the variable, read where the first is not set. */
  readonly envAlias?: string;
  /** The value is never printed. */
  readonly sensitive?: true;
  /** What an option of format `choice` can be, or what one of format `list` can hold. */
  readonly choices?: readonly string[];
  /** Bounds of a number, both inclusive; those of 32 bits where there is none. */
  readonly min?: number;
  readonly max?: number;
  /** A number outside the bounds that stands for "not set". */
  readonly none?: number;
  /** The option must have a value. */
  readonly required?: true;
  /** NTH doesn't have this option. */
  readonly ours?: true;
  /** Where it may be given, when not everywhere: by a flag, by a variable, or by either but not in the file. */
  readonly only?: 'flag' | 'environment' | 'outside-file';
  /** Deprecated: its value goes to this option, unless that is given too. */
  readonly replacedBy?: string;
  /** The default is not used: the option takes effect only where somebody set it. */
  readonly effectiveOnlyWhenSet?: true;
}

/** Options that belong together, under one heading of `--help` and docs/options.md. */
export interface Section {
  readonly title: string;
  readonly intro?: string;
  readonly options: Readonly<Record<string, OptionDefinition>>;
}

/** The environment variables of an option, the one that is looked at first in front. */
export function variablesOf({ env, envAlias }: OptionDefinition): string[] {
  return [env, envAlias].filter((variable) => variable !== undefined);
}
