import { Counter, Gauge, Histogram, type LabelValues, Registry } from 'prom-client';
import type { PodOutcome } from './drain/report.ts';
import type { RefusalCause } from './kubernetes/cluster.ts';
import { collectProcessMetrics } from './process-metrics.ts';
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

/** What becomes of a message of the queue. */
const queueMessageEvents = [
  'received',
  'redelivered',
  'settled',
  'released',
  'nothing-to-do',
  'unprocessable',
  'deleted',
] as const;
export type QueueMessageEvent = (typeof queueMessageEvents)[number];

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

/** What a look-up of a message's node ends with. */
const lookupEnds = [
  'node',
  'not-managed',
  'instance-gone',
  'not-running',
  'not-in-cluster',
  'no-dns-name',
  'aws',
  'cluster',
  'no-location',
];

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
    queueMessages: startedAtZero(
      new Counter({
        name: 'nth_queue_messages_total',
        help: 'Messages of the queue, by what became of them',
        labelNames: ['event'],
        registers,
      }),
      queueMessageEvents.map((event) => ({ event })),
    ),
    queueMessagesHeld: new Gauge({
      name: 'nth_queue_messages_held',
      help: 'Messages that are being worked for, hidden from other receivers of the queue',
      registers,
    }),
    queueOldestMessageAge: new Gauge({
      name: 'nth_queue_oldest_held_message_age_seconds',
      help: 'Seconds since the oldest message that is being worked for was sent; 0 without one',
      registers,
    }),
    lifecycleHooks: new Counter({
      name: 'nth_lifecycle_hooks_total',
      help: 'Attempts to complete lifecycle hooks of Auto Scaling groups, by result',
      labelNames: ['result'],
      registers,
    }),
    lifecycleHeartbeats: new Counter({
      name: 'nth_lifecycle_heartbeats_total',
      help: 'Heartbeats sent for lifecycle hooks of Auto Scaling groups, by result',
      labelNames: ['result'],
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
    indexedNodes: withoutSample(
      new Gauge({
        name: 'nth_indexed_nodes',
        help: 'Nodes of the cluster that are known, in queue mode',
        registers,
      }),
    ),
    taggedInstances: withoutSample(
      new Gauge({
        name: 'nth_tagged_instances',
        help: 'EC2 instances that carry the tag managed-tag, in queue mode',
        registers,
      }),
    ),
    taggedNodes: withoutSample(
      new Gauge({
        name: 'nth_tagged_nodes',
        help: 'Nodes of the cluster whose instances carry the tag managed-tag, in queue mode',
        registers,
      }),
    ),
    nodeLookups: startedAtZero(
      new Counter({
        name: 'nth_node_lookups_total',
        help: 'Look-ups of the node that a message is about, by what was found',
        labelNames: ['found'],
        registers,
      }),
      lookupEnds.map((found) => ({ found })),
    ),
    instancesNotInCluster: withoutSample(
      new Gauge({
        name: 'nth_instances_not_in_cluster',
        help: 'Instances named by messages of the last 10 minutes that are no nodes of this cluster; those of other clusters where they share the queue',
        registers,
      }),
    ),
    apiRequests: new Histogram({
      name: 'nth_kubernetes_request_duration_seconds',
      help: 'Duration of requests to the Kubernetes API server, by verb, resource and status code',
      labelNames: ['verb', 'resource', 'code'],
      buckets: [0.005, 0.025, 0.1, 0.5, 2, 10],
      registers,
    }),
    awsRequests: new Histogram({
      name: 'nth_aws_request_duration_seconds',
      help: 'Duration of requests to AWS, by service, action and status code; receiving waits for messages',
      labelNames: ['service', 'action', 'code'],
      buckets: [0.025, 0.1, 0.5, 2, 10, 25],
      registers,
    }),
  };
}

/** Not shown before it is set: it belongs to one mode only. */
function withoutSample(gauge: Gauge): Gauge {
  gauge.remove();
  return gauge;
}

/** Gives each series its first sample, so that an alert on an increase sees the first event too. */
function startedAtZero<T extends string>(counter: Counter<T>, series: LabelValues<T>[]): Counter<T> {
  for (const labels of series) counter.inc(labels, 0);
  return counter;
}
