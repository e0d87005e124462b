import type { FormatValues } from './formats.ts';
import type { OptionDefinition, Section } from './schema/definition.ts';
import { drain } from './schema/drain.ts';
import { general } from './schema/general.ts';
import { imds } from './schema/imds.ts';
import { interruptions } from './schema/interruptions.ts';
import { kubernetes } from './schema/kubernetes.ts';
import { marks } from './schema/marks.ts';
import { network } from './schema/network.ts';
import { events, http, logging } from './schema/observability.ts';
import { queue } from './schema/queue.ts';
import { tracing } from './schema/tracing.ts';
import { webhook } from './schema/webhook.ts';

/** All options, in the order in which `--help` and docs/options.md have them. */
export const sections: readonly Section[] = [
  general,
  imds,
  interruptions,
  drain,
  marks,
  kubernetes,
  queue,
  webhook,
  events,
  logging,
  http,
  tracing,
  network,
];

const options = {
  ...general.options,
  ...imds.options,
  ...interruptions.options,
  ...drain.options,
  ...marks.options,
  ...kubernetes.options,
  ...queue.options,
  ...webhook.options,
  ...events.options,
  ...logging.options,
  ...http.options,
  ...tracing.options,
  ...network.options,
};

/** The name of an option: its flag without the dashes, and its key in the configuration file. */
export type OptionName = keyof typeof options;

/** The value that each option has once it was read, by its format. */
export type OptionValues = { [Name in OptionName]: FormatValues[(typeof options)[Name]['format']] };

/** The schema that convict is given; everything that is known of an option stands here. */
export const schema: Readonly<Record<OptionName, OptionDefinition & { readonly arg?: string }>> =
  withFlags(options);

export const optionNames = Object.keys(schema) as readonly OptionName[];

/** Whether a text from outside is the name of an option. */
export function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(schema, name);
}

/** The flag of an option is its name. */
function withFlags<Name extends string>(definitions: Readonly<Record<Name, OptionDefinition>>) {
  const entries = Object.entries<OptionDefinition>(definitions).map(([name, definition]) => [
    name,
    definition.only === 'environment' ? definition : { ...definition, arg: name },
  ]);
  return Object.fromEntries(entries) as Record<Name, OptionDefinition & { arg?: string }>;
}
