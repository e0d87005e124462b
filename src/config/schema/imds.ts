import type { Section } from './definition.ts';

export const imds = {
  title: 'Instance metadata service (IMDS mode)',
  intro:
    'The daemon runs on every node and asks the metadata service of its own instance. Only enabled kinds are asked for.',
  options: {
    'metadata-url': {
      doc: 'Base URL of the instance metadata service. On IPv6-only nodes: `http://[fd00:ec2::254]`.',
      format: 'http-url',
      default: 'http://169.254.169.254',
      env: 'INSTANCE_METADATA_URL',
    },
    'metadata-tries': {
      doc: 'How often one request to the metadata service is tried before the poll counts as failed; 3 means 2 retries, 0 is taken as 1.',
      format: 'integer',
      default: 3,
      min: 0,
      max: 100,
      env: 'METADATA_TRIES',
    },
    'enable-spot-interruption-draining': {
      doc: 'Mark and drain the node when its Spot instance is about to be interrupted.',
      format: 'go-bool',
      default: true,
      env: 'ENABLE_SPOT_INTERRUPTION_DRAINING',
    },
    'enable-scheduled-event-draining': {
      doc: 'Mark and drain the node when AWS has scheduled maintenance for its instance.',
      format: 'go-bool',
      default: true,
      env: 'ENABLE_SCHEDULED_EVENT_DRAINING',
    },
    'enable-rebalance-monitoring': {
      doc: 'Cordon the node when AWS recommends to rebalance, that is, sees a higher risk of a Spot interruption.',
      format: 'go-bool',
      default: false,
      env: 'ENABLE_REBALANCE_MONITORING',
    },
    'enable-rebalance-draining': {
      doc: 'Cordon and drain the node at a rebalance recommendation; works without `enable-rebalance-monitoring`.',
      format: 'go-bool',
      default: false,
      env: 'ENABLE_REBALANCE_DRAINING',
    },
    'enable-asg-lifecycle-draining': {
      doc: "Mark and drain the node when its Auto Scaling group's target state for the instance is Terminated.",
      format: 'go-bool',
      default: false,
      env: 'ENABLE_ASG_LIFECYCLE_DRAINING',
    },
    'spot-poll-interval-ms': {
      doc:
        "Milliseconds between two looks for a Spot notice. The default is NTH's second: a notice gives two minutes, " +
        'and each second that it lies unseen is taken from the pods.',
      format: 'integer',
      default: 1000,
      min: 10,
      max: 60_000,
      env: 'NTH_SPOT_POLL_INTERVAL_MS',
      ours: true,
    },
    'target-lifecycle-poll-interval-ms': {
      doc: "Milliseconds between two looks at the Auto Scaling group's target state. As urgent as a Spot notice, hence the same default.",
      format: 'integer',
      default: 1000,
      min: 10,
      max: 60_000,
      env: 'NTH_TARGET_LIFECYCLE_POLL_INTERVAL_MS',
      ours: true,
    },
    'rebalance-poll-interval-ms': {
      doc: 'Milliseconds between two looks for a rebalance recommendation, which has no deadline and can wait a little.',
      format: 'integer',
      default: 2000,
      min: 10,
      max: 600_000,
      env: 'NTH_REBALANCE_POLL_INTERVAL_MS',
      ours: true,
    },
    'maintenance-poll-interval-ms': {
      doc: 'Milliseconds between two looks for scheduled maintenance, which AWS announces hours or days ahead.',
      format: 'integer',
      default: 10_000,
      min: 10,
      max: 3_600_000,
      env: 'NTH_MAINTENANCE_POLL_INTERVAL_MS',
      ours: true,
    },
    'uptime-from-file': {
      doc: 'File whose first field is the uptime of the machine in seconds, like `/proc/uptime`. Empty: the uptime that the operating system gives.',
      format: 'text',
      default: '',
      env: 'UPTIME_FROM_FILE',
    },
  },
} as const satisfies Section;
