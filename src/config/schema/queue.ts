import type { Section } from './definition.ts';

export const queue = {
  title: 'Queue mode',
  intro: 'One Deployment for the cluster receives the interruptions of all nodes from an SQS queue.',
  options: {
    'enable-sqs-termination-draining': {
      doc: 'Receive interruptions from an SQS queue instead of asking the metadata service.',
      format: 'go-bool',
      default: false,
      env: 'ENABLE_SQS_TERMINATION_DRAINING',
    },
    'queue-url': {
      doc: 'URL of the SQS queue. Required in queue mode.',
      format: 'http-url',
      default: '',
      env: 'QUEUE_URL',
    },
    'aws-region': {
      doc: 'AWS region of the queue and the instances. Empty: the region in `queue-url`.',
      format: 'text',
      default: '',
      env: 'AWS_REGION',
    },
    'aws-endpoint': {
      doc: 'URL to which AWS requests go instead of the service endpoints, for tests and private endpoints.',
      format: 'http-url',
      default: '',
      env: 'AWS_ENDPOINT',
    },
    workers: {
      doc: 'Drains that run at the same time. A drain with a deadline does not wait for a free worker.',
      format: 'integer',
      default: 10,
      min: 1,
      max: 100_000,
      env: 'WORKERS',
    },
    'use-provider-id': {
      doc: "Find a node by its provider id (`aws:///<zone>/<instance id>`) alone, and never by the instance's private DNS name.",
      format: 'go-bool',
      default: false,
      env: 'USE_PROVIDER_ID',
    },
    'check-tag-before-draining': {
      doc: 'Act only on instances that carry the tag `managed-tag`.',
      format: 'go-bool',
      default: true,
      env: 'CHECK_TAG_BEFORE_DRAINING',
    },
    'check-asg-tag-before-draining': {
      doc: 'Act only on instances that carry the tag `managed-tag`.',
      format: 'go-bool',
      default: true,
      env: 'CHECK_ASG_TAG_BEFORE_DRAINING',
      replacedBy: 'check-tag-before-draining',
    },
    'managed-tag': {
      doc: 'Key of the instance tag by which `check-tag-before-draining` knows the instances to act on; its value is not looked at.',
      format: 'text',
      default: 'aws-node-termination-handler/managed',
      env: 'MANAGED_TAG',
    },
    'managed-asg-tag': {
      doc: 'Key of the instance tag by which the instances to act on are known.',
      format: 'text',
      default: 'aws-node-termination-handler/managed',
      env: 'MANAGED_ASG_TAG',
      replacedBy: 'managed-tag',
    },
    'complete-lifecycle-action-delay-seconds': {
      doc: 'Seconds to wait before a lifecycle hook is completed, so that load balancers can deregister the node. Negative: no wait.',
      format: 'integer',
      default: -1,
      env: 'COMPLETE_LIFECYCLE_ACTION_DELAY_SECONDS',
    },
    'delete-sqs-msg-if-node-not-found': {
      doc: 'Delete a message whose node is not in the cluster. Leave it off where several clusters share a queue.',
      format: 'go-bool',
      default: false,
      env: 'DELETE_SQS_MSG_IF_NODE_NOT_FOUND',
    },
    'heartbeat-interval': {
      doc: 'Seconds between two heartbeats that keep a lifecycle hook open while its node drains. -1: none are sent.',
      format: 'integer',
      default: -1,
      none: -1,
      min: 30,
      max: 3600,
      env: 'HEARTBEAT_INTERVAL',
    },
    'heartbeat-until': {
      doc:
        'Seconds after which heartbeats end. -1 with `heartbeat-interval` set: 172800, the 48 hours ' +
        'that Auto Scaling allows a hook at most.',
      format: 'integer',
      default: -1,
      none: -1,
      min: 60,
      max: 172_800,
      env: 'HEARTBEAT_UNTIL',
    },
    'sqs-msg-visibility-timeout-sec': {
      doc: 'Seconds for which a received message is hidden from other receivers; extended while its node drains.',
      format: 'integer',
      default: 20,
      min: 1,
      max: 119,
      env: 'SQS_MSG_VISIBILITY_TIMEOUT_SEC',
    },
    'max-messages-held': {
      doc:
        'Messages that are worked for at the same time; while there are so many no more are received, ' +
        'and other replicas get them.',
      format: 'integer',
      default: 2000,
      min: 10,
      max: 100_000,
      env: 'NTH_MAX_MESSAGES_HELD',
      ours: true,
    },
    'unprocessable-messages': {
      doc:
        'What becomes of messages that can not be read, or come from a source that is unknown: `leave` them for another ' +
        'reader of the queue or for its dead-letter queue, as NTH does; or `delete` them.',
      format: 'choice',
      choices: ['leave', 'delete'],
      default: 'leave',
      env: 'NTH_UNPROCESSABLE_MESSAGES',
      ours: true,
    },
  },
} as const satisfies Section;
