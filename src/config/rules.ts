import { taintEffects } from './config.ts';
import { quoted } from './layer.ts';
import { metricsPath, readinessPath } from '../endpoint-paths.ts';
import { policyOf } from './policy.ts';
import { isOptionName, optionNames, schema } from './schema.ts';
import type { Settings } from './settings.ts';
import { statusPageRules } from './status-page.ts';
import { tracingRules } from './tracing.ts';
import { isRegion, parseHttpUrl, regionOfQueueUrl } from './urls.ts';

/** By the metadata service. */
const watchedKinds = ['SPOT_ITN', 'SCHEDULED_EVENT', 'REBALANCE_RECOMMENDATION', 'ASG_LIFECYCLE'] as const;

/** What convict's formats can't say because it concerns several options, or is forgiven with a warning. */
export function applyRules(settings: Settings): void {
  required(settings);
  deprecations(settings);
  forgiven(settings);
  requestRate(settings);
  queueMode(settings);
  imdsMode(settings);
  heartbeat(settings);
  servers(settings);
  statusPageRules(settings);
  tracingRules(settings);
}

function required(settings: Settings): void {
  for (const name of optionNames) {
    const isMissing = schema[name].required === true && settings.get(name) === '';
    if (isMissing && !settings.isRefused(name)) settings.refuseMissing(name);
  }
}

function deprecations(settings: Settings): void {
  for (const name of optionNames) {
    const replacement = schema[name].replacedBy;
    if (replacement === undefined || !isOptionName(replacement) || !settings.isSet(name)) continue;
    if (settings.isSet(replacement)) {
      settings.warnings.push(
        `Ignoring deprecated ${name} (${settings.origin(name)}): ${replacement} (${settings.origin(replacement)}) replaces it`,
      );
    } else {
      settings.inherit(replacement, name);
      settings.warnings.push(
        `Deprecated option ${name} (${settings.origin(name)}): use ${replacement} instead`,
      );
    }
  }
}

function forgiven(settings: Settings): void {
  const effect = settings.get('taint-effect');
  if (!taintEffects.some((known) => known === effect)) {
    settings.replace('taint-effect', 'NoSchedule');
    settings.warnings.push(
      `Using NoSchedule for taint-effect ${quoted(effect)} (${settings.origin('taint-effect')}): expected ${taintEffects.join(', ')}`,
    );
  }
  const version = settings.get('log-format-version');
  const nearest = Math.min(Math.max(version, 1), 2);
  if (nearest !== version) {
    settings.replace('log-format-version', nearest);
    settings.warnings.push(
      `Using ${nearest} for log-format-version "${version}" (${settings.origin('log-format-version')}): expected 1 or 2`,
    );
  }
}

function requestRate(settings: Settings): void {
  if (settings.isSet('kube-api-burst') && !settings.isSet('kube-api-qps')) {
    settings.warnings.push(
      `Ignoring kube-api-burst (${settings.origin('kube-api-burst')}): without kube-api-qps no rate is limited`,
    );
  }
}

function queueMode(settings: Settings): void {
  if (!settings.get('enable-sqs-termination-draining')) return;
  const queueUrl = settings.get('queue-url');
  if (settings.isRefused('queue-url')) return;
  if (queueUrl === '') {
    settings.refuseMissing('queue-url', ', since enable-sqs-termination-draining is true');
  } else if (parseHttpUrl(queueUrl)?.pathname === '/') {
    settings.refuse(
      'queue-url',
      "a queue's URL, such as https://sqs.eu-central-1.amazonaws.com/123456789012/name",
    );
  } else region(settings, regionOfQueueUrl(queueUrl));
  if (settings.get('check-tag-before-draining') && settings.get('managed-tag') === '') {
    settings.refuse('managed-tag', 'the key of a tag, or check-tag-before-draining to be false');
  }
}

function region(settings: Settings, ofQueue: string | undefined): void {
  const given = settings.get('aws-region');
  if (given === '' && ofQueue === undefined) {
    settings.refuseMissing(
      'aws-region',
      `, since queue-url ${quoted(settings.get('queue-url'))} has no region in it`,
    );
  } else if (given !== '' && !isRegion(given) && settings.get('aws-endpoint') === '') {
    settings.refuse('aws-region', 'a region such as eu-central-1');
  } else if (given !== '' && ofQueue !== undefined && given !== ofQueue) {
    settings.warnings.push(
      `Using aws-region ${quoted(given)} (${settings.origin('aws-region')}) although queue-url is in ${ofQueue}: SQS takes requests of its own region only`,
    );
  }
}

function imdsMode(settings: Settings): void {
  if (settings.get('enable-sqs-termination-draining')) return;
  if (settings.isSet('queue-url')) {
    settings.warnings.push(
      `Ignoring queue-url (${settings.origin('queue-url')}): enable-sqs-termination-draining is false`,
    );
  }
  if (
    !settings.isRefused('metadata-url') &&
    parseHttpUrl(settings.get('metadata-url'))?.protocol === 'https:'
  ) {
    settings.refuse(
      'metadata-url',
      'a URL that starts with http://, which is all that the metadata service speaks',
    );
  }
  const policy = policyOf(settings);
  if (watchedKinds.every((kind) => policy[kind].response === 'ignore')) {
    settings.warnings.push(
      'Nothing is watched: enable-spot-interruption-draining, enable-scheduled-event-draining and all other enable options are false',
    );
  }
}

function heartbeat(settings: Settings): void {
  if (settings.isRefused('heartbeat-interval') || settings.isRefused('heartbeat-until')) return;
  const interval = settings.get('heartbeat-interval');
  const until = settings.get('heartbeat-until');
  if (!settings.get('enable-sqs-termination-draining')) {
    if (interval !== -1) settings.refuse('heartbeat-interval', '-1, since only queue mode sends heartbeats');
    if (until !== -1) settings.refuse('heartbeat-until', '-1, since only queue mode sends heartbeats');
  } else if (interval === -1 && until !== -1) {
    settings.refuse('heartbeat-until', '-1, since heartbeat-interval is not set');
  } else if (interval !== -1 && until === -1) {
    settings.replace('heartbeat-until', 172_800);
  } else if (interval > until) {
    settings.refuse('heartbeat-interval', `no more than heartbeat-until, which is ${until}`);
  }
}

function servers(settings: Settings): void {
  const oneServer =
    settings.get('enable-prometheus-server') &&
    settings.get('enable-probes-server') &&
    settings.get('prometheus-server-port') === settings.get('probes-server-port');
  const path = settings.get('probes-server-endpoint');
  if (settings.get('enable-probes-server') && path === readinessPath) {
    settings.warnings.push(
      `Serving no readiness probe: probes-server-endpoint "${readinessPath}" is its path, and has the liveness probe`,
    );
  } else if (oneServer && path === metricsPath) {
    settings.refuse('probes-server-endpoint', 'another path, since the metrics are there on the same port');
  }
}
