import { type OptionName, optionNames, schema } from './schema.ts';
import type { Settings } from './settings.ts';
import { withoutCredentials } from './urls.ts';

/** The options whose value is not their default. */
export function changedOptions(settings: Settings): readonly OptionName[] {
  return optionNames.filter((name) => schema[name].only !== 'flag' && settings.differsFromDefault(name));
}

/** Every option with its value, for the one log record at start-up; without secrets. */
export function effectiveConfig(settings: Settings): Readonly<Record<string, unknown>> {
  const printed = optionNames.filter((name) => schema[name].only !== 'flag');
  return Object.fromEntries(printed.map((name) => [name, printable(settings, name)]));
}

function printable(settings: Settings, name: OptionName): unknown {
  const value = settings.get(name);
  const { format, sensitive, effectiveOnlyWhenSet } = schema[name];
  if (effectiveOnlyWhenSet === true && !settings.isSet(name)) return null;
  if (!settings.differsFromDefault(name)) return value;
  if (sensitive === true && format !== 'proxy-url') return '(redacted)';
  return typeof value === 'string' && format.endsWith('-url') ? withoutCredentials(value) : value;
}
