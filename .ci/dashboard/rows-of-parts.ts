import { added, graph, type Row, where } from './panel.ts';

/** Process metrics of others, which Prometheus knows by the same names, are left out. */
const ours = 'and on (pod, instance) nth_build_info';

/** Where interruptions come from, whom the daemon asks, and what it costs. */
export const rowsOfParts: readonly Row[] = [
  {
    title: 'Sources',
    panels: [
      graph(
        'Seconds since a source answered',
        'The worst of all daemons, by source.',
        {
          '{{source}}': `max by (source) (time() - nth_source_last_success_timestamp_seconds{${where}})`,
        },
        { unit: 's' },
      ),
      graph(
        'Trouble with sources',
        'Requests that failed, and documents or messages that nobody could read.',
        {
          '{{source}} failed': added('nth_source_errors_total', 'source'),
          '{{source}} unreadable': added('nth_source_unreadable_total', 'source'),
        },
      ),
      graph(
        'Clock skew',
        "How far this machine's clock is from AWS's and the API server's; deadlines are corrected by it.",
        {
          '{{against}}, most ahead': `max by (against) (nth_clock_skew_seconds{${where}})`,
          '{{against}}, most behind': `min by (against) (nth_clock_skew_seconds{${where}})`,
        },
        { unit: 's' },
      ),
    ],
  },
  {
    title: 'Queue mode',
    panels: [
      graph('Messages by what became of them', 'Of the queue.', {
        '{{event}}': added('nth_queue_messages_total', 'event'),
      }),
      graph(
        'Oldest message that is not settled',
        'Since it was sent.',
        { oldest: `max(nth_queue_oldest_held_message_age_seconds{${where}})` },
        { unit: 's' },
      ),
      graph('Messages and hooks', 'Messages that are worked for; lifecycle hooks and heartbeats by result.', {
        held: `sum(nth_queue_messages_held{${where}})`,
        'hook {{result}}': added('nth_lifecycle_hooks_total', 'result'),
        'heartbeat {{result}}': added('nth_lifecycle_heartbeats_total', 'result'),
      }),
    ],
  },
  {
    title: 'API and process',
    panels: [
      graph('Requests to the Kubernetes API', 'By verb and resource.', {
        '{{verb}} {{resource}}': added('nth_kubernetes_request_duration_seconds_count', 'verb, resource'),
      }),
      graph(
        'Requests that failed',
        'Status 4xx and 5xx, or none; 429 is what budgets and an overloaded server say. AWS too, in queue mode.',
        {
          '{{resource}} {{code}}': added(
            'nth_kubernetes_request_duration_seconds_count',
            'resource, code',
            ',code!~"2.."',
          ),
          '{{action}} {{code}}': added(
            'nth_aws_request_duration_seconds_count',
            'action, code',
            ',code!~"2.."',
          ),
        },
      ),
      graph(
        'Slowest hundredth of requests',
        'To the Kubernetes API, by verb; without watches.',
        {
          '{{verb}}': `histogram_quantile(0.99, ${added(
            'nth_kubernetes_request_duration_seconds_bucket',
            'le, verb',
            ',verb!="watch"',
          )})`,
        },
        { unit: 's' },
      ),
      graph(
        'Memory',
        'Resident memory: the largest, and the average of all daemons.',
        {
          largest: `max(process_resident_memory_bytes{${where}} ${ours})`,
          average: `avg(process_resident_memory_bytes{${where}} ${ours})`,
        },
        { unit: 'bytes' },
      ),
      graph('CPU', 'Cores, of the busiest daemon and on average.', {
        busiest: `max(rate(process_cpu_seconds_total{${where}}[$__rate_interval]) ${ours})`,
        average: `avg(rate(process_cpu_seconds_total{${where}}[$__rate_interval]) ${ours})`,
      }),
      graph(
        'Versions and options',
        'Daemons by version, and by a hash of their options: more than one of either is a rollout, or one that is stuck.',
        {
          'version {{version}}': `count by (version) (nth_build_info{${where}})`,
          'options {{hash}}': `count by (hash) (nth_config_info{${where}})`,
        },
      ),
    ],
  },
];
