import type { Config, WebhookConfig } from './config.ts';
import { changedOptions, effectiveConfig } from './effective.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { type ReadFile, readConfigFile } from './file.ts';
import { readFlags } from './flags.ts';
import { helpText } from './help.ts';
import { checkKubeconfig } from './kubeconfig.ts';
import { applyRules } from './rules.ts';
import { Settings } from './settings.ts';
import { slice, webhook } from './slices.ts';

export type LoadResult =
  | {
      readonly type: 'config';
      readonly config: Config;
      /** One line each, to be logged once. */
      readonly warnings: readonly string[];
      /** Each option's value, without secrets, to be logged once. */
      readonly effective: Readonly<Record<string, unknown>>;
      /** Names of those that are not what they are by default. */
      readonly changed: readonly string[];
    }
  /** One line for each option that can't be used. */
  | {
      readonly type: 'problems';
      readonly problems: readonly string[];
      /** So that its template, which is not looked at here, can be reported with the rest. */
      readonly webhook: WebhookConfig | undefined;
    }
  | { readonly type: 'help'; readonly text: string }
  | { readonly type: 'version' };

const noFile = { given: new Map<never, never>(), problems: [], isReadable: true };

/**
 * Puts the options together: flag, else environment, else file, else default. Reports everything that is wrong at once.
 * @param argv the arguments after the program's name
 */
export async function loadConfig(
  argv: readonly string[],
  env: Environment,
  readFile: ReadFile,
): Promise<LoadResult> {
  const flags = readFlags(argv);
  const environment = readEnvironment(env);
  const withoutFile = new Settings(new Map([...environment.given, ...flags.given]));
  if (withoutFile.get('help')) return { type: 'help', text: helpText() };
  if (withoutFile.get('version')) return { type: 'version' };

  const path = withoutFile.get('config');
  const file = path === '' ? noFile : await readConfigFile(path, readFile);
  const settings =
    path === '' ? withoutFile : new Settings(new Map([...file.given, ...environment.given, ...flags.given]));
  // What an unreadable file would have set is not known, so that nothing can be said of what is missing.
  if (file.isReadable) applyRules(settings);
  await checkKubeconfig(settings, readFile);
  const problems = [flags, file].flatMap((layer) => layer.problems).concat(settings.problems);
  if (problems.length > 0) return { type: 'problems', problems, webhook: webhook(settings) };
  return {
    type: 'config',
    config: slice(settings),
    warnings: [...(environment.warnings ?? []), ...settings.warnings],
    effective: effectiveConfig(settings),
    changed: changedOptions(settings),
  };
}
