import type { TracingConfig } from './config.ts';
import { quoted } from './layer.ts';
import type { OptionName } from './schema.ts';
import type { Settings } from './settings.ts';
import { parseHttpUrl } from './urls.ts';

const usualServiceName = 'aws-node-termination-handler';

/** https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#general-sdk-configuration */
const samplers = ['always_on', 'always_off', 'traceidratio'];

/** Undefined: no traces. */
export function tracingOf(settings: Settings): TracingConfig | undefined {
  const url = urlOf(settings);
  const sampledShare = sampledShareOf(settings);
  if (url === undefined || isOff(settings) || sampledShare === 0) return undefined;
  const attributes = pairsOf(settings.get('otel-resource-attributes')).pairs;
  return {
    url,
    headers: pairsOf(settings.get('otel-exporter-otlp-headers')).pairs,
    timeoutMs: settings.get('otel-exporter-otlp-timeout'),
    resourceAttributes: {
      'service.name': usualServiceName,
      ...attributes,
      ...(settings.get('otel-service-name') !== '' && { 'service.name': settings.get('otel-service-name') }),
    },
    sampledShare,
  };
}

/**
 * These variables are often put into every pod of a cluster, so that what can't be used is told and passed over, as
 * OpenTelemetry wants it: no reason to leave a node undrained.
 */
export function tracingRules(settings: Settings): void {
  if (urlOf(settings) === undefined || isOff(settings)) return;
  const warn = (name: OptionName, what: string): void => {
    settings.warnings.push(`${what} (${settings.origin(name)})`);
  };
  const protocol = settings.get('otel-exporter-otlp-protocol');
  if (protocol !== '' && protocol !== 'http/json') {
    warn('otel-exporter-otlp-protocol', `Sending traces as http/json, not as ${quoted(protocol)}`);
  }
  const sampler = settings.get('otel-traces-sampler');
  if (sampler !== '' && !samplers.includes(withoutParent(sampler))) {
    warn(
      'otel-traces-sampler',
      `Tracing every interruption: expected ${samplers.join(', ')}, not ${quoted(sampler)}`,
    );
  }
  if (shareOf(settings.get('otel-traces-sampler-arg')) === undefined) {
    warn('otel-traces-sampler-arg', 'Tracing every interruption: expected a share from 0 to 1');
  }
  for (const name of ['otel-exporter-otlp-headers', 'otel-resource-attributes'] as const) {
    const { unreadable } = pairsOf(settings.get(name));
    if (unreadable > 0) warn(name, `Passing over ${unreadable} of ${name}: expected key=value,key=value`);
  }
}

function urlOf(settings: Settings): string | undefined {
  const traces = settings.get('otel-exporter-otlp-traces-endpoint');
  if (traces !== '') return parseHttpUrl(traces)?.href;
  const url = parseHttpUrl(settings.get('otel-exporter-otlp-endpoint'));
  if (!url) return undefined;
  url.pathname = `${url.pathname.replace(/\/+$/u, '')}/v1/traces`;
  return url.href;
}

function isOff(settings: Settings): boolean {
  return (
    settings.get('otel-sdk-disabled').trim().toLowerCase() === 'true' ||
    settings.get('otel-traces-exporter').trim() === 'none'
  );
}

function sampledShareOf(settings: Settings): number {
  switch (withoutParent(settings.get('otel-traces-sampler'))) {
    case 'always_off':
      return 0;
    case 'traceidratio':
      return shareOf(settings.get('otel-traces-sampler-arg')) ?? 1;
    default:
      return 1;
  }
}

/** Nobody calls us with a trace of theirs, so that there is no parent to follow. */
function withoutParent(sampler: string): string {
  return sampler.trim().replace(/^parentbased_/u, '');
}

/** Undefined where it is none. */
function shareOf(text: string): number | undefined {
  if (text.trim() === '') return 1;
  const share = Number(text);
  return share >= 0 && share <= 1 ? share : undefined;
}

/** https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables */
function pairsOf(text: string): {
  readonly pairs: Readonly<Record<string, string>>;
  readonly unreadable: number;
} {
  const pairs: [string, string][] = [];
  let unreadable = 0;
  for (const part of text.split(',').filter((part) => part.trim() !== '')) {
    const { key, value } = /^(?<key>[^=]+)=(?<value>.*)$/su.exec(part)?.groups ?? {};
    const decoded = value === undefined ? undefined : percentDecoded(value.trim());
    if (key === undefined || key.trim() === '' || decoded === undefined) unreadable += 1;
    else pairs.push([key.trim(), decoded]);
  }
  return { pairs: Object.fromEntries(pairs), unreadable };
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
