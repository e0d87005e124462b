import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { PodOutcome } from './drain/report.ts';
import type { RefusalCause } from './kubernetes/cluster.ts';
import { startedAtZero } from './metric-samples.ts';
import { collectProcessMetrics } from './process-metrics.ts';
import { createQueueMetrics } from './queue-metrics.ts';
import { TracedHistogram } from './traced-histogram.ts';

/** NTH's words for what is done to nodes, and for who watches for events. */
const nodeActions = ['cordon', 'cordon-and-drain', 'uncordon', 'pre-drain', 'post-drain'];
const monitors = [
  'SPOT_ITN_MONITOR',
  'SCHEDULED_EVENT_MONITOR',
  'REBALANCE_RECOMMENDATION_MONITOR',
  'ASG_LIFECYCLE_MONITOR',
  'SQS_MONITOR',
];

// Records by the types of the code: a value that is missing here fails the compiler.
const podOutcomes: Readonly<Record<PodOutcome, 0>> = {
  evicted: 0,
  clamped: 0,
  deleted: 0,
  left: 0,
  terminating: 0,
  refused: 0,
  stays: 0,
  kept: 0,
};
const refusalCauses: Readonly<Record<RefusalCause, 0>> = {
  budget: 0,
  conflict: 0,
  overloaded: 0,
  unavailable: 0,
  'namespace-terminating': 0,
  denied: 0,
};

export type Metrics = ReturnType<typeof createMetrics>;

/**
 * Every metric of the daemon. NTH's names first; ours have the prefix `nth_` and never carry
 * names of nodes or pods, so that the number of series doesn't grow with the cluster.
 */
export function createMetrics(version: string) {
  const registry = new Registry();
  const registers = [registry];
  collectProcessMetrics(registry);

  new Gauge({
    name: 'nth_build_info',
    help: 'Always 1; the labels tell the version that runs',
    labelNames: ['version', 'node_version'],
    registers,
  }).set({ version, node_version: process.version }, 1);

  return {
    registry,
    configInfo: new Gauge({
      name: 'nth_config_info',
      help: 'Always 1; the label is the same wherever the options are',
      labelNames: ['hash'],
      registers,
    }),

    /** NTH's: what was done to nodes, and whether it went well. */
    actions: startedAtZero(
      new Counter({
        name: 'actions_total',
        help: 'Number of actions taken on nodes',
        labelNames: ['node_action', 'node_status'],
        registers,
      }),
      nodeActions.flatMap((action) => [
        { node_action: action, node_status: 'success' },
        { node_action: action, node_status: 'error' },
      ]),
    ),
    /** NTH's, with a series for each node and event. */
    actionsByNode: new Counter({
      name: 'actions_node_total',
      help: 'Number of actions taken on each node',
      labelNames: ['node_action', 'node_name', 'node_event_id', 'node_status'],
      registers,
    }),
    /** NTH's: trouble while watching for events. */
    eventErrors: startedAtZero(
      new Counter({
        name: 'events_error_total',
        help: 'Number of errors while monitoring for events, by monitor',
        labelNames: ['event_error_where'],
        registers,
      }),
      monitors.map((monitor) => ({ event_error_where: monitor })),
    ),

    interruptions: new Counter({
      name: 'nth_interruptions_total',
      help: 'Interruptions received, by kind and source',
      labelNames: ['kind', 'source'],
      registers,
    }),
    workflows: new Gauge({
      name: 'nth_workflows',
      help: 'Node workflows that are running, by phase',
      labelNames: ['phase'],
      registers,
    }),
    noticeToMark: new TracedHistogram({
      name: 'nth_notice_to_mark_seconds',
      help: 'Seconds from seeing an interruption until its node was marked',
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120],
      registers,
    }),
    noticeToLastPodAsked: new TracedHistogram({
      name: 'nth_notice_to_last_pod_asked_seconds',
      help: 'Seconds from seeing an interruption until the last pod was asked to leave',
      buckets: [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300],
      registers,
    }),
    noticeToDrained: new TracedHistogram({
      name: 'nth_notice_to_drained_seconds',
      help: 'Seconds from seeing an interruption until the last pod was gone',
      buckets: [0.5, 1, 2, 5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600],
      registers,
    }),
    spareTime: new TracedHistogram({
      name: 'nth_deadline_spare_seconds',
      help: 'Seconds between the end of a drain and its deadline; 0 where it came too late',
      buckets: [0, 5, 10, 20, 30, 60, 90, 120, 300, 3_600],
      registers,
    }),
    podOutcomes: startedAtZero(
      new Counter({
        name: 'nth_pods_total',
        help: 'Pods of drained nodes, by what became of them',
        labelNames: ['outcome'],
        registers,
      }),
      Object.keys(podOutcomes).map((outcome) => ({ outcome })),
    ),
    evictionsRefused: startedAtZero(
      new Counter({
        name: 'nth_evictions_refused_total',
        help: 'Evictions that the API server refused, by cause; each is tried again',
        labelNames: ['cause'],
        registers,
      }),
      Object.keys(refusalCauses).map((cause) => ({ cause })),
    ),
    sourceErrors: new Counter({
      name: 'nth_source_errors_total',
      help: 'Failed requests to a source of interruptions',
      labelNames: ['source'],
      registers,
    }),
    sourceIgnored: new Counter({
      name: 'nth_source_unreadable_total',
      help: 'Documents or messages of a source that could not be read and were passed over',
      labelNames: ['source'],
      registers,
    }),
    sourceLastSuccess: new Gauge({
      name: 'nth_source_last_success_timestamp_seconds',
      help: 'When a source last answered, in seconds since the epoch',
      labelNames: ['source'],
      registers,
    }),
    clockSkew: new Gauge({
      name: 'nth_clock_skew_seconds',
      help: "Seconds by which the other side's clock is ahead of this machine's",
      labelNames: ['against'],
      registers,
    }),
    serverListening: new Gauge({
      name: 'nth_http_server_listening',
      help: '1 while the HTTP server has its port, 0 while the port is taken by another',
      labelNames: ['server'],
      registers,
    }),
    kubernetesEventsDropped: new Counter({
      name: 'nth_kubernetes_events_dropped_total',
      help: 'Kubernetes events that could not be put, or for which the queue had no room',
      registers,
    }),
    webhookPosts: startedAtZero(
      new Counter({
        name: 'nth_webhook_posts_total',
        help: 'Webhooks by what became of them, and tries that failed and were followed by another',
        labelNames: ['outcome'],
        registers,
      }),
      ['delivered', 'failed', 'tried-again', 'dropped', 'not-rendered'].map((outcome) => ({ outcome })),
    ),
    apiRequests: new Histogram({
      name: 'nth_kubernetes_request_duration_seconds',
      help: 'Duration of requests to the Kubernetes API server, by verb, resource and status code',
      labelNames: ['verb', 'resource', 'code'],
      buckets: [0.005, 0.025, 0.1, 0.5, 2, 10],
      registers,
    }),
    ...createQueueMetrics(registers),
  };
}
