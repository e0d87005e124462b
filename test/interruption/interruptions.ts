import type {
  AsgLaunch,
  AsgTermination,
  RebalanceRecommendation,
  ScheduledEvent,
  SpotInterruption,
  StateChange,
} from '../../src/interruption/interruption.ts';

/** Where the fake clock starts. */
export const t0 = Date.parse('2030-01-01T00:00:00Z');

const base = {
  where: { nodeName: 'node-1', instanceId: 'i-0123456789abcdef0' },
  seenAt: t0,
  startTime: t0,
} as const;

export function spot(given: Partial<SpotInterruption> = {}): SpotInterruption {
  return {
    ...base,
    kind: 'SPOT_ITN',
    monitor: 'SPOT_ITN_MONITOR',
    id: `spot-itn-${'0123456789abcdef'.repeat(4)}`,
    description: 'Spot ITN received. Instance will be interrupted at 2030-01-01T00:02:00Z \n',
    action: 'terminate',
    deadline: t0 + 120_000,
    ...given,
  };
}

export function rebalance(given: Partial<RebalanceRecommendation> = {}): RebalanceRecommendation {
  return {
    ...base,
    kind: 'REBALANCE_RECOMMENDATION',
    monitor: 'REBALANCE_RECOMMENDATION_MONITOR',
    id: 'rebalance-recommendation-1',
    description: 'Rebalance recommendation received. Instance will be cordoned at 2030-01-01T00:00:00Z \n',
    noticedAt: t0,
    ...given,
  };
}

export function maintenance(given: Partial<ScheduledEvent> = {}): ScheduledEvent {
  return {
    ...base,
    kind: 'SCHEDULED_EVENT',
    monitor: 'SCHEDULED_EVENT_MONITOR',
    id: 'instance-event-0d59937288b749b32',
    description: 'system-reboot will occur between a and b because scheduled reboot\n',
    code: 'system-reboot',
    notBefore: t0 + 3_600_000,
    ...given,
  };
}

export function asgTermination(given: Partial<AsgTermination> = {}): AsgTermination {
  return {
    ...base,
    kind: 'ASG_LIFECYCLE',
    monitor: 'ASG_LIFECYCLE_MONITOR',
    id: 'target-lifecycle-state-terminated-1',
    description: 'ASG Lifecycle Termination event received.\n',
    returnsToWarmPool: false,
    ...given,
  };
}

export function stateChange(given: Partial<StateChange> = {}): StateChange {
  return {
    ...base,
    kind: 'STATE_CHANGE',
    monitor: 'SQS_MONITOR',
    id: 'ec2-state-change-event-1',
    description: 'EC2 State Change event received. \n',
    state: 'stopped',
    ...given,
  };
}

export function asgLaunch(given: Partial<AsgLaunch> = {}): AsgLaunch {
  return {
    ...base,
    kind: 'ASG_LAUNCH_LIFECYCLE',
    monitor: 'SQS_MONITOR',
    id: 'asg-lifecycle-term-2',
    description: 'ASG Lifecycle Launch event received.\n',
    hook: { group: 'nodes', name: 'ready', token: 'l', instanceId: 'i-1' },
    ...given,
  };
}
