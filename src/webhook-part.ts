import type { ReadFile } from './boot-time.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import type { Metrics } from './metrics.ts';
import type { Webhook } from './notify/webhook.ts';
import type { TemplateModules } from './notify/template/template.ts';
import type { WebhookFactsModules } from './webhook-facts.ts';

export interface WebhookPartOptions {
  readonly config: Config;
  readonly version: string;
  readonly certificateAuthorities?: string | undefined;
  /** What the template's function `env` shows. @default nothing */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

/** NTH's limit. */
const limitMs = 5_000;

/** The webhook and its engine of templates, which nobody else has in memory; undefined where none is asked for. */
export async function loadWebhook(
  { config, version, certificateAuthorities, environment = {} }: WebhookPartOptions,
  modules: WebhookFactsModules & { readonly metrics: Metrics; readonly readFile: ReadFile },
): Promise<Webhook | undefined> {
  const { webhook, mode } = config;
  if (!webhook) return undefined;
  const [{ Webhook }, { WebhookFacts }] = await Promise.all([
    import('./notify/webhook.ts'),
    import('./webhook-facts.ts'),
  ]);
  const facts = new WebhookFacts({ mode }, modules);
  const userAgent = `aws-node-termination-handler/${version}`;
  return new Webhook(
    { ...webhook, limitMs, userAgent, certificateAuthorities },
    {
      ...modules,
      ...(await templateModules(modules.clock, environment)),
      facts: (node, wanted, signal) => facts.read(node, wanted, signal),
    },
  );
}

/** What is wrong with the webhook's template, in a line for whoever set it; undefined where nothing is. */
export async function webhookProblem(
  {
    webhook,
    environment = {},
  }: Pick<WebhookPartOptions, 'environment'> & { readonly webhook: Config['webhook'] },
  modules: { readonly clock: Clock; readonly readFile: ReadFile },
): Promise<string | undefined> {
  if (!webhook) return undefined;
  const { WebhookTemplate } = await import('./notify/webhook-template.ts');
  const template = new WebhookTemplate(webhook, {
    ...modules,
    ...(await templateModules(modules.clock, environment)),
  });
  const problem = await template.problem();
  if (problem === undefined) return undefined;
  const { templateFile } = webhook;
  const what =
    templateFile === undefined ? 'webhook-template' : `webhook-template-file ${JSON.stringify(templateFile)}`;
  return `Cannot use ${what}: ${problem}`;
}

async function templateModules(
  clock: Clock,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<TemplateModules> {
  const [{ templateFunctions }, { namedZone, utc }] = await Promise.all([
    import('./notify/template/functions/all.ts'),
    import('./notify/template/zone.ts'),
  ]);
  const localZone = namedZone(Intl.DateTimeFormat().resolvedOptions().timeZone) ?? utc;
  return {
    localZone,
    functions: templateFunctions({ clock, localZone, environment: (name) => environment[name] }),
  };
}
