import type { Section } from './definition.ts';

export const interruptions = {
  title: 'What is done about each kind of interruption',
  options: {
    'interruption-policy': {
      doc:
        'JSON object that says, by kind, what is done where that differs from the other options: ' +
        '`{"REBALANCE_RECOMMENDATION":{"response":"drain","nodeGracePeriodSeconds":600}}`. ' +
        'Kinds: SPOT_ITN, SCHEDULED_EVENT, REBALANCE_RECOMMENDATION, ASG_LIFECYCLE, STATE_CHANGE. ' +
        'Fields: `response` (ignore, mark, drain), `nodeGracePeriodSeconds` (0: no limit), `escalation` (as in drain-escalation), ' +
        '`timing` and `leadSeconds` (SCHEDULED_EVENT only, as in scheduled-event-timing and scheduled-event-lead-seconds). ' +
        'A kind whose response is mark or drain is asked for, whatever its enable option says.',
      format: 'interruption-policy',
      default: '{}',
      env: 'NTH_INTERRUPTION_POLICY',
      ours: true,
    },
    'scheduled-event-timing': {
      doc:
        'When a node is drained for maintenance that AWS has scheduled: `at-once`, when it is seen, as NTH does; or `before-start`, ' +
        'which marks the node at once and drains it scheduled-event-lead-seconds before the announced start.',
      format: 'choice',
      choices: ['at-once', 'before-start'],
      default: 'at-once',
      env: 'NTH_SCHEDULED_EVENT_TIMING',
      ours: true,
    },
    'scheduled-event-lead-seconds': {
      doc:
        'With scheduled-event-timing before-start: seconds between the beginning of the drain and the start of the maintenance. ' +
        'Default -1: as long as a drain may take (node-termination-grace-period).',
      format: 'integer',
      default: -1,
      min: 0,
      max: 1_209_600,
      none: -1,
      env: 'NTH_SCHEDULED_EVENT_LEAD_SECONDS',
      ours: true,
    },
    'unmark-survivors': {
      doc:
        'Uncordon and unmark the node when its deadline has passed by a minute, AWS shows the interruption no more, and the machine lives: ' +
        'a Spot instance that was stopped or hibernated and has come back. Off: somebody uncordons it by hand.',
      format: 'go-bool',
      default: true,
      env: 'NTH_UNMARK_SURVIVORS',
      ours: true,
    },
  },
} as const satisfies Section;
