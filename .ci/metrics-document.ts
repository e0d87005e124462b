import type { PodOutcome } from '../src/drain/report.ts';
import type { Phase } from '../src/handling/workflow-observer.ts';
import { interruptionKinds } from '../src/interruption/interruption.ts';
import type { RefusalCause } from '../src/kubernetes/cluster.ts';
import { createMetrics } from '../src/metrics.ts';
import type { QueueMessageEvent } from '../src/queue-metrics.ts';

interface Metric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

/** Not on every platform, and this document is the same on all of them. */
const onlyOnLinux: ReadonlySet<string> = new Set(['process_open_fds', 'process_max_fds']);

// Records by the types of the code: a value that has no meaning here fails the compiler.
const outcomes: Readonly<Record<PodOutcome, string>> = {
  evicted: 'it left because it was asked to',
  clamped: 'it left because it was asked to, with less than its own grace period',
  deleted:
    'it left because it was deleted: past a budget, or because its eviction was denied or not answered',
  left: 'it was gone before it was asked',
  terminating: 'asked, and still shutting down when the drain ended',
  refused: 'its eviction was refused, or not answered, until the drain ended',
  stays: 'left alone: of a DaemonSet, static, the daemon itself, or annotated so',
  kept: 'the options forbid its eviction, so that the drain counts as failed',
};

const causes: Readonly<Record<RefusalCause, string>> = {
  budget: 'a PodDisruptionBudget does not allow it now',
  conflict: 'another pod has this name by now, or two writes crossed (HTTP 409)',
  overloaded: 'the API server has too much to do (HTTP 429 of its own, not of a budget or a webhook)',
  unavailable: 'HTTP 5xx, no answer, or no connection',
  'namespace-terminating': "the pod's namespace is being deleted",
  denied: 'the right is missing, or an admission webhook or policy says no',
};

const phases: Readonly<Record<Phase, string>> = {
  waiting: 'marked, and waits for the time at which its drain begins',
  received: 'the node is being marked',
  draining: 'pods are asked to leave, and followed until they are gone',
  settling: 'the signals are given back to their source',
};

const messageEvents: Readonly<Record<QueueMessageEvent, string>> = {
  received: 'SQS handed it out, for the first time or again',
  redelivered: 'of these: it is worked for already, or was dealt with before',
  settled: 'all work that it asked for is done, or was to be left undone',
  released: 'given back undone, to come again',
  'nothing-to-do': 'it asks for nothing',
  unprocessable: 'it can not be read, or comes from a source that is unknown',
  deleted: 'SQS says that it is deleted',
};

const hookResults = {
  completed: 'the group may go on',
  gone: 'the group did not wait any more',
  error: 'a try that failed; it is tried again',
};

const webhookOutcomes = {
  delivered: 'the receiver answered 2xx',
  failed: 'given up: the receiver refused it, or did not answer 2xx in six tries',
  'tried-again': 'a try that failed, and was followed by another',
  dropped: 'given up before it was posted: too many waited, or the daemon ended',
  'not-rendered': 'its template could not be filled in',
};

/** NTH's words. */
const actions = {
  'pre-drain': 'an attempt to mark the node (cordon, taints, labels), whether or not a drain follows',
  cordon: 'the node was marked, and no more was asked for',
  'cordon-and-drain': 'a drain ended: every pod that was to leave has left, or not',
  uncordon: 'what was done to the node was undone: its interruption is over',
  'post-drain': 'queue mode: the work for a message has ended, its hook was completed and it was deleted',
};

/** docs/metrics.md: every metric of the registry, and what its labels can say. */
export function metricsDocument(): string {
  const all = createMetrics('').registry.getMetricsAsArray() as unknown as readonly Metric[];
  const metrics = all.filter(({ name }) => !onlyOnLinux.has(name));
  const ofProcess = metrics.filter(({ name }) => /^(?:process|nodejs)_/u.test(name));
  const ours = metrics.filter(({ name }) => name.startsWith('nth_'));
  const nths = metrics.filter((metric) => !ofProcess.includes(metric) && !ours.includes(metric));
  return `<!-- Generated from src/metrics.ts and src/queue-metrics.ts by \`npm run docs\`; do not edit. -->

# Metrics

Served at \`/metrics\` in Prometheus' text format with \`--enable-prometheus-server\`, on port 9092 unless
\`--prometheus-server-port\` says otherwise. Who prefers OpenMetrics in the request's \`Accept\` header, as Prometheus does,
gets that, with the ids of [traces](options.md#traces) as exemplars where these are on.

## Those of AWS Node Termination Handler

Same names, labels and values. \`actions_total\` and \`events_error_total\` start at 0, so that an alert on an increase sees
the first event; so do \`nth_pods_total\` and \`nth_evictions_refused_total\`. Samples of counters end in \`_total\` in both
formats; in OpenMetrics the metric itself is named without. \`actions_node_total\` has a series for each node and event.

${table(nths)}

${values('`node_action`', actions)}

\`node_status\` is \`success\` or \`error\`. \`event_error_where\` is the monitor that failed to read its document.

## Ours

None carries the name of a node or a pod. In queue mode the number of series does not grow with the cluster; in IMDS mode\neach node's pod is a target of its own, with some 180 series: drop what you do not look at by the PodMonitor or scrape\nconfiguration.

${table(ours)}

## Of the process

Under the names that Prometheus clients share. On Linux also ${[...onlyOnLinux].map(code).join(' and ')}.

${table(ofProcess)}

## What the labels say

- \`kind\`: ${interruptionKinds.map(code).join(', ')}.
- \`source\`: \`imds\` or \`sqs\`; \`node\` or \`launch\` for what is taken up without its message, which the queue has dropped.
- \`against\`: \`imds\`, \`kubernetes\` or \`aws\`.
- \`hash\`: of all options but the names of the node and the pod, with secrets left out.
- \`server\`: \`metrics\` or \`probes\`.
- \`service\`, \`action\`: of AWS, as in its policies, such as \`sqs\` and \`ReceiveMessage\`.
- \`code\`: the HTTP status, or \`none\` where no answer came.

${values('`outcome` of `nth_pods_total`', outcomes)}

${values('`cause` of `nth_evictions_refused_total`', causes)}

${values('`outcome` of `nth_webhook_posts_total`', webhookOutcomes)}

${values('`phase` of `nth_workflows`', phases)}

${values('`event` of `nth_queue_messages_total`', messageEvents)}

${values('`result` of `nth_lifecycle_hooks_total`', hookResults)}

\`result\` of \`nth_lifecycle_heartbeats_total\` is \`success\` or \`error\`.
`;
}

function table(metrics: readonly Metric[]): string {
  const rows = metrics.map(
    ({ name, type, labelNames, help }) =>
      `| ${code(name)} | ${type} | ${labelNames.map(code).join(', ')} | ${help} |`,
  );
  return ['| Metric | Type | Labels | What it tells |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function values(label: string, meanings: Readonly<Record<string, string>>): string {
  const rows = Object.entries(meanings).map(([value, meaning]) => `| ${code(value)} | ${meaning} |`);
  return [`| ${label} | Meaning |`, '| --- | --- |', ...rows].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}
