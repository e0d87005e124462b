import type { Values } from './helm.ts';

export const queueMode = {
  enableSqsTerminationDraining: true,
  queueURL: 'https://sqs.us-east-1.amazonaws.com/111122223333/queue',
} as const satisfies Values;

const everywhere = {
  enablePrometheusServer: true,
  emitKubernetesEvents: true,
  customLabels: { team: 'platform' },
  podLabels: { tier: 'node' },
  podAnnotations: { 'example.com/note': 'a' },
  config: { 'drain-escalation': 'evict', 'read-namespace-annotations': true },
  webhookURLSecretName: 'webhook',
  webhookTemplateConfigMapName: 'templates',
  webhookTemplateConfigMapKey: 'body',
  extraEnv: [{ name: 'TAINT_EFFECT', value: 'NoExecute' }],
  prometheusRule: { create: true },
  dashboard: { create: true },
  networkPolicy: { create: true },
  resources: { requests: { cpu: '10m', memory: '80Mi' }, limits: { memory: '128Mi' } },
} as const satisfies Values;

/** As much as can be turned on at a time. */
export const everythingOfImdsMode = {
  ...everywhere,
  targetNodeOs: 'linux windows',
  enableProbesServer: true,
  useHostNetwork: false,
  podMonitor: { create: true },
  procUptimeFile: '/host/uptime',
  nodeRestriction: { evictions: true },
} as const satisfies Values;

export const everythingOfQueueMode = {
  ...everywhere,
  ...queueMode,
  replicas: 2,
  podDisruptionBudget: { minAvailable: 1 },
  strategy: { type: 'Recreate' },
  serviceMonitor: { create: true },
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'topology.kubernetes.io/zone',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: { 'k8s-app': 'aws-node-termination-handler' } },
    },
  ],
} as const satisfies Values;
