import { added, graph, quantile, type Row, stat, total, where } from './panel.ts';

function times(title: string, help: string, histogram: string) {
  const queries = [
    { query: quantile(0.5, histogram), legend: 'half of them' },
    { query: quantile(0.95, histogram), legend: '95 of 100' },
  ];
  return stat(title, help, queries, { width: 6, unit: 's' });
}

/** What happened to nodes and pods, and whether it was in time. */
export const rowsOfWork: readonly Row[] = [
  {
    title: 'Now',
    panels: [
      stat(
        'Daemons',
        'Daemons whose metrics arrive: one for each node, or the replicas in queue mode.',
        `count(nth_build_info{${where}})`,
      ),
      stat(
        'Nodes at work',
        'Nodes that are marked, drained, or settled at this moment.',
        `sum(nth_workflows{${where}}) or vector(0)`,
      ),
      stat(
        'Nodes drained',
        'Drains that completed in the time shown.',
        total('actions_total', 'node_action="cordon-and-drain",node_status="success"'),
      ),
      stat(
        'Drains that failed',
        'Attempts that ended with pods left, or with a node that could not be marked. Tried again while there is time.',
        total('actions_total', 'node_action="cordon-and-drain",node_status="error"'),
        { thresholds: [1, 5] },
      ),
      stat(
        'Pods left behind',
        'Pods that were still on their node when a drain ended; counted anew each time that it is tried again.',
        total('nth_pods_total', 'outcome=~"terminating|refused|kept"'),
        { thresholds: [1, 5] },
      ),
      stat(
        'Sources that are blind',
        'Daemons whose metadata service or queue has not answered for three minutes.',
        `count(time() - nth_source_last_success_timestamp_seconds{${where}} > 180) or vector(0)`,
        { thresholds: [1, 2] },
      ),
    ],
  },
  {
    title: 'Interruptions',
    panels: [
      graph(
        'Interruptions by kind',
        'As they were seen.',
        { '{{kind}} ({{source}})': added('nth_interruptions_total', 'kind, source') },
        { isStacked: true },
      ),
      graph(
        'Nodes by phase',
        'received: being marked. waiting: marked, to be drained later. draining. settling: given back to the source.',
        { '{{phase}}': `sum by (phase) (nth_workflows{${where}})` },
        { isStacked: true },
      ),
      graph("What was done to nodes, in NTH's words", 'Actions with their outcome.', {
        '{{node_action}} {{node_status}}': added('actions_total', 'node_action, node_status'),
      }),
    ],
  },
  {
    title: 'In time?',
    panels: [
      times(
        'Notice to mark',
        'From seeing an interruption until its node was marked.',
        'nth_notice_to_mark_seconds',
      ),
      times(
        'Notice to last pod asked',
        'From seeing an interruption until the last pod was asked to leave.',
        'nth_notice_to_last_pod_asked_seconds',
      ),
      times(
        'Notice to drained',
        'From seeing an interruption until the last pod was gone.',
        'nth_notice_to_drained_seconds',
      ),
      stat(
        'Seconds to spare',
        'Between the end of a drain and its deadline: what 95 of 100 drains had at least, and half of them.',
        [
          { query: quantile(0.5, 'nth_deadline_spare_seconds'), legend: 'half of them' },
          { query: quantile(0.05, 'nth_deadline_spare_seconds'), legend: '95 of 100' },
        ],
        { width: 6, unit: 's' },
      ),
    ],
  },
  {
    title: 'Pods',
    panels: [
      graph(
        'Pods by what became of them',
        'terminating, refused and kept are left behind; docs/metrics.md has all of them.',
        { '{{outcome}}': added('nth_pods_total', 'outcome', ',outcome!="stays"') },
        { isStacked: true, width: 12 },
      ),
      graph(
        'Evictions refused, by cause',
        'Each is tried again.',
        { '{{cause}}': added('nth_evictions_refused_total', 'cause') },
        { isStacked: true, width: 12 },
      ),
    ],
  },
];
