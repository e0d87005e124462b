import type { Policy } from '../interruption/policy.ts';
import {
  type Config,
  type DrainConfig,
  type HttpConfig,
  type ImdsConfig,
  type KubernetesConfig,
  type MarksConfig,
  type NetworkConfig,
  type QueueConfig,
  taintEffects,
  webhookMoments,
  type WebhookConfig,
} from './config.ts';
import type { Settings } from './settings.ts';
import { policyOf } from './policy.ts';
import { statusPageIsServed } from './status-page.ts';
import { tracingOf } from './tracing.ts';
import { parseHttpUrl, parseProxyUrl, regionOfQueueUrl } from './urls.ts';

/** Cuts settings without problems into what each part needs, with the sentinels of the options (-1, 0, empty) gone. */
export function slice(settings: Settings): Config {
  const podName = settings.get('pod-name');
  const policy = policyOf(settings);
  return deepFreeze({
    mode: settings.get('enable-sqs-termination-draining') ? 'queue' : 'imds',
    nodeName: settings.get('node-name'),
    ownPod:
      podName === '' ? undefined : { name: podName, namespace: orUndefined(settings.get('pod-namespace')) },
    dryRun: settings.get('dry-run'),
    policy,
    unmarksSurvivors: settings.get('unmark-survivors'),
    imds: imds(settings, policy),
    drain: drain(settings),
    marks: marks(settings),
    kubernetes: kubernetes(settings),
    queue: settings.get('enable-sqs-termination-draining') ? queue(settings) : undefined,
    webhook: webhook(settings),
    events: settings.get('emit-kubernetes-events')
      ? { extraAnnotations: settings.get('kubernetes-events-extra-annotations') }
      : undefined,
    nodeConditions: settings.get('node-conditions'),
    logging: {
      level: settings.get('log-level'),
      json: settings.get('json-logging'),
      formatVersion: settings.get('log-format-version') === 2 ? 2 : 1,
    },
    http: http(settings),
    tracing: tracingOf(settings),
    network: network(settings),
  });
}

function imds(settings: Settings, policy: Policy): ImdsConfig {
  return {
    baseUrl: (parseHttpUrl(settings.get('metadata-url'))?.href ?? '').replace(/\/+$/u, ''),
    tries: Math.max(settings.get('metadata-tries'), 1),
    monitors: {
      spotInterruption: policy.SPOT_ITN.response !== 'ignore',
      scheduledEvent: policy.SCHEDULED_EVENT.response !== 'ignore',
      rebalanceRecommendation: policy.REBALANCE_RECOMMENDATION.response !== 'ignore',
      asgLifecycle: policy.ASG_LIFECYCLE.response !== 'ignore',
    },
    pollIntervalMs: {
      spotInterruption: settings.get('spot-poll-interval-ms'),
      scheduledEvent: settings.get('maintenance-poll-interval-ms'),
      rebalanceRecommendation: settings.get('rebalance-poll-interval-ms'),
      asgLifecycle: settings.get('target-lifecycle-poll-interval-ms'),
    },
    uptimeFile: orUndefined(settings.get('uptime-from-file')),
  };
}

function drain(settings: Settings): DrainConfig {
  const podGraceSeconds = settings.get('pod-termination-grace-period');
  return {
    ignoreDaemonSets: settings.get('ignore-daemon-sets'),
    deleteLocalData: settings.get('delete-local-data'),
    podGraceSeconds: podGraceSeconds < 0 ? undefined : podGraceSeconds,
    marginSeconds: settings.get('drain-margin-seconds'),
    honorsDoNotDisrupt: settings.get('honor-do-not-disrupt'),
    waitsForVolumeDetach: settings.get('wait-for-volume-detach'),
    readsNamespaceAnnotations: settings.get('read-namespace-annotations'),
  };
}

function marks(settings: Settings): MarksConfig {
  return {
    taintNode: settings.get('taint-node'),
    taintEffect: taintEffects.find((known) => known === settings.get('taint-effect')) ?? 'NoSchedule',
    outOfServiceTaint: settings.get('enable-out-of-service-taint'),
    excludeFromLoadBalancers: settings.get('exclude-from-load-balancers'),
  };
}

function kubernetes(settings: Settings): KubernetesConfig {
  const host = settings.get('kubernetes-service-host');
  const perSecond = settings.get('kube-api-qps');
  const isLimited = settings.isSet('kube-api-qps') && perSecond > 0;
  return {
    kubeconfigPath: orUndefined(settings.get('kubeconfig')),
    apiServer: host === '' ? undefined : { host, port: settings.get('kubernetes-service-port') || '443' },
    requestRate: isLimited ? { perSecond, burst: Math.max(settings.get('kube-api-burst'), 1) } : undefined,
    concurrency: concurrency(settings),
    useApiServerCache: settings.get('use-apiserver-cache'),
  };
}

/** Many nodes at once are worth more connections than one, whose daemon is to be small. */
const queueConcurrency = 40;

function concurrency(settings: Settings): number {
  const isUsual = settings.get('enable-sqs-termination-draining') && !settings.isSet('kube-api-concurrency');
  return isUsual ? queueConcurrency : settings.get('kube-api-concurrency');
}

function queue(settings: Settings): QueueConfig {
  const url = settings.get('queue-url');
  const intervalSeconds = settings.get('heartbeat-interval');
  return {
    url,
    region: settings.get('aws-region') || (regionOfQueueUrl(url) ?? ''),
    endpoint: orUndefined(settings.get('aws-endpoint')),
    workers: settings.get('workers'),
    useProviderId: settings.get('use-provider-id'),
    managedTag: settings.get('managed-tag'),
    checksManagedTag: settings.get('check-tag-before-draining'),
    completeLifecycleActionDelaySeconds: Math.max(settings.get('complete-lifecycle-action-delay-seconds'), 0),
    deleteMessageIfNodeNotFound: settings.get('delete-sqs-msg-if-node-not-found'),
    heartbeat:
      intervalSeconds === -1 ? undefined : { intervalSeconds, untilSeconds: settings.get('heartbeat-until') },
    visibilityTimeoutSeconds: settings.get('sqs-msg-visibility-timeout-sec'),
    maxMessagesHeld: settings.get('max-messages-held'),
    unprocessableMessages: settings.get('unprocessable-messages') === 'delete' ? 'delete' : 'leave',
  };
}

/** Also of settings with problems: an option that was refused has its default. */
export function webhook(settings: Settings): WebhookConfig | undefined {
  const url = settings.get('webhook-url');
  if (url === '') return undefined;
  return {
    url,
    proxyUrl: proxyUrl(settings.get('webhook-proxy')),
    headers: settings.get('webhook-headers'),
    template: settings.get('webhook-template'),
    templateFile: orUndefined(settings.get('webhook-template-file')),
    moments: webhookMoments.filter((moment) => settings.get('webhook-events').includes(moment)),
    inDryRun: settings.get('webhook-in-dry-run'),
  };
}

function http(settings: Settings): HttpConfig {
  return {
    metricsPort: settings.get('enable-prometheus-server')
      ? settings.get('prometheus-server-port')
      : undefined,
    probesPort: settings.get('enable-probes-server') ? settings.get('probes-server-port') : undefined,
    livenessPath: settings.get('probes-server-endpoint'),
    statusPage: statusPageIsServed(settings),
  };
}

function network(settings: Settings): NetworkConfig {
  return {
    httpProxyUrl: proxyUrl(settings.get('http-proxy')),
    httpsProxyUrl: proxyUrl(settings.get('https-proxy')),
    noProxy: settings.get('no-proxy'),
    caFile: orUndefined(settings.get('ssl-cert-file')),
    awsCaFile: orUndefined(settings.get('aws-ca-bundle')),
    useFipsEndpoint: settings.get('aws-use-fips-endpoint'),
    useDualStackEndpoint: settings.get('aws-use-dualstack-endpoint'),
  };
}

function proxyUrl(text: string): string | undefined {
  return text === '' ? undefined : parseProxyUrl(text)?.href;
}

function orUndefined(text: string): string | undefined {
  return text === '' ? undefined : text;
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null) deepFreeze(part);
  }
  return Object.freeze(value);
}
