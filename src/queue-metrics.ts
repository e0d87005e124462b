import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { startedAtZero, withoutSample } from './metric-samples.ts';

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

/** What only queue mode has something to say about: messages, hooks, the nodes of the cluster, AWS. */
export function createQueueMetrics(registers: Registry[]) {
  return {
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
    awsRequests: new Histogram({
      name: 'nth_aws_request_duration_seconds',
      help: 'Duration of requests to AWS, by service, action and status code; receiving waits for messages',
      labelNames: ['service', 'action', 'code'],
      buckets: [0.025, 0.1, 0.5, 2, 10, 25],
      registers,
    }),
  };
}
