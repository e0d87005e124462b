import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMessage } from '../../../src/sources/sqs/parsers.ts';
import type { Signal } from '../../../src/sources/sqs/signal.ts';
import { fixture } from './fixtures.ts';

const seenAt = Date.parse('2030-01-01T00:00:03Z');
const sentAt = Date.parse('2030-01-01T00:00:00Z');
const instanceId = 'i-0b662ef9931388ba0';
const hook = {
  group: 'nodes',
  name: 'drain',
  token: '0befcbdb-6ecd-498a-9ff7-ae9b54447cd6',
  instanceId,
};
const common = { monitor: 'SQS_MONITOR', where: { instanceId }, seenAt, startTime: sentAt };

function read(name: string, skewMs = 0) {
  return readMessage(fixture(name), 'message-1', { seenAt, toLocal: (instant) => instant - skewMs });
}

function signalsOf(name: string, skewMs = 0): readonly Signal[] {
  const reading = read(name, skewMs);
  assert.ok(reading.type === 'signals', JSON.stringify(reading));
  return reading.signals;
}

function interruptionOf(name: string, skewMs = 0) {
  const [signal] = signalsOf(name, skewMs);
  assert.ok(signal?.type === 'interruption');
  return signal.interruption;
}

for (const action of ['terminate', 'stop', 'hibernate'] as const) {
  test(`a Spot notice to ${action}`, () => {
    assert.deepEqual(interruptionOf(`spot-${action}`), {
      ...common,
      kind: 'SPOT_ITN',
      id: 'spot-itn-event-31653535323764372d626233362d343630372d333337302d343136346462353661343065',
      description: `Spot Interruption notice for instance ${instanceId} was sent at 2030-01-01 00:00:00 +0000 UTC \n`,
      action,
      deadline: sentAt + 120_000,
    });
  });
}

test('a Spot notice has its deadline by the clock of this machine, and never later than two minutes from now', () => {
  const deadline = (skewMs: number): number => {
    const interruption = interruptionOf('spot-terminate', skewMs);
    assert.ok(interruption.kind === 'SPOT_ITN');
    return interruption.deadline;
  };
  assert.equal(deadline(10_000), sentAt + 110_000);
  assert.equal(deadline(-2000), sentAt + 122_000);
  assert.equal(deadline(-60_000), seenAt + 120_000);
});

test('a rebalance recommendation', () => {
  assert.deepEqual(interruptionOf('rebalance'), {
    ...common,
    kind: 'REBALANCE_RECOMMENDATION',
    id: 'rebalance-recommendation-event-35643535353564352d646435352d353535352d353535352d353535356464353564353564',
    description: `Rebalance recommendation event received. Instance ${instanceId} will be cordoned at 2030-01-01 00:00:00 +0000 UTC \n`,
    noticedAt: sentAt,
  });
});

for (const state of ['stopping', 'stopped', 'shutting-down', 'terminated'] as const) {
  test(`an instance is ${state}`, () => {
    assert.deepEqual(interruptionOf(`state-${state}`), {
      ...common,
      kind: 'STATE_CHANGE',
      id: 'ec2-state-change-event-37626637333132392d313432382d346364332d613738302d393564623237336431363032',
      description: `EC2 State Change event received. Instance ${instanceId} went into ${state} at 2030-01-01 00:00:00 +0000 UTC \n`,
      state,
    });
  });
}

test('a group terminates an instance', () => {
  assert.deepEqual(interruptionOf('asg-terminate'), {
    ...common,
    kind: 'ASG_LIFECYCLE',
    id: 'asg-lifecycle-term-37383264356234632d306636662d316664362d396436322d656366366165643061343730',
    description:
      'ASG Lifecycle Termination event received. Instance will be interrupted at 2030-01-01 00:00:00 +0000 UTC \n',
    hook,
    returnsToWarmPool: false,
  });
});

test('a group takes an instance back into its warm pool', () => {
  const interruption = interruptionOf('asg-terminate-to-warm-pool');
  assert.ok(interruption.kind === 'ASG_LIFECYCLE');
  assert.equal(interruption.returnsToWarmPool, true);
});

for (const name of ['asg-direct-terminate', 'asg-sns-terminate']) {
  test(`a group tells the queue itself: ${name}`, () => {
    assert.deepEqual(interruptionOf(name), {
      ...common,
      startTime: sentAt + 872,
      kind: 'ASG_LIFECYCLE',
      id: 'asg-lifecycle-term-65396135656334642d326238612d346330662d386630632d346163376134623161316135',
      description:
        'ASG Lifecycle Termination event received. Instance will be interrupted at 2030-01-01 00:00:00.872 +0000 UTC \n',
      hook,
      returnsToWarmPool: false,
    });
  });
}

test('a group launches an instance', () => {
  assert.deepEqual(interruptionOf('asg-launch'), {
    ...common,
    kind: 'ASG_LAUNCH_LIFECYCLE',
    id: 'asg-lifecycle-term-31326435623463302d306636662d316664362d396436322d656366366165643061343732',
    description:
      'ASG Lifecycle Launch event received. Instance was started at 2030-01-01 00:00:00 +0000 UTC \n',
    hook: { ...hook, name: 'ready' },
  });
  assert.equal(interruptionOf('asg-direct-launch').kind, 'ASG_LAUNCH_LIFECYCLE');
});

test('AWS Health schedules a change: one interruption for each instance, with an id of its own', () => {
  const [first, second] = signalsOf('health-scheduled');
  assert.ok(first?.type === 'interruption' && second?.type === 'interruption');
  const { id, ...rest } = first.interruption;
  assert.match(id, /^aws-health-scheduled-change-event-[0-9a-f]{64}$/);
  assert.deepEqual(rest, {
    ...common,
    startTime: seenAt,
    endTime: Date.parse('2030-01-05T17:10:09Z'),
    kind: 'SCHEDULED_EVENT',
    description: `AWS Health scheduled change event received. Instance ${instanceId} will be interrupted at 2030-01-01 00:00:00 +0000 UTC \n`,
    code: 'instance-retirement',
    notBefore: Date.parse('2030-01-05T15:10:09Z'),
    notAfter: Date.parse('2030-01-05T17:10:09Z'),
    toldAt: Date.parse('2030-01-01T00:00:00Z'),
  });
  assert.notEqual(second.interruption.id, id);
});

test('AWS Health closes an event: what was interrupted by it is cancelled, by the same ids', () => {
  const ids = signalsOf('health-scheduled').map((it) => it.type === 'interruption' && it.interruption.id);
  assert.deepEqual(
    signalsOf('health-closed').map((it) => it.type === 'cancellation' && [it.interruptionId, it.why]),
    ids.map((id) => [id, 'canceled']),
  );
  const [resolved, pending] = signalsOf('health-resolved-entity');
  assert.ok(resolved?.type === 'cancellation' && resolved.interruptionId === ids[0]);
  assert.ok(pending?.type === 'interruption' && pending.interruption.id === ids[1]);
});

test('an interruptible capacity reservation is taken back', () => {
  assert.deepEqual(interruptionOf('capacity-reservation-warning'), {
    ...common,
    kind: 'SPOT_ITN',
    id: 'capacity-reservation-interruption-event-31323334353637382d313233342d313233342d313233342d313233343536373839303132',
    description: `Capacity Reservation interruption warning for instance ${instanceId} was sent at 2030-01-01 00:00:00 +0000 UTC \n`,
    action: 'terminate',
    deadline: sentAt + 120_000,
  });
});

test('a capacity block expires: its instances end half an hour before it does', () => {
  const reading = read('capacity-block-expiration');
  assert.ok(reading.type === 'reservation');
  assert.equal(reading.reservationId, 'cr-0123456789abcdef0');
  const signal = reading.signal(instanceId);
  assert.ok(signal.type === 'interruption' && signal.interruption.kind === 'SPOT_ITN');
  assert.equal(signal.interruption.deadline, sentAt + 600_000);
  assert.match(signal.interruption.id, /^capacity-block-expiration-event-[0-9a-f]{64}$/);
});

test('a message of EventBridge that came through SNS', () => {
  assert.deepEqual(interruptionOf('sns-spot'), interruptionOf('spot-terminate'));
});

test('what asks for nothing', () => {
  for (const name of ['asg-direct-test', 'asg-sns-test', 'health-issue', 'state-running']) {
    assert.equal(read(name).type, 'nothing', name);
  }
});

test('a message without an id is known by that of the queue', () => {
  const { id: _, ...message } = JSON.parse(fixture('spot-terminate')) as Record<string, unknown>;
  const reading = readMessage(JSON.stringify(message), 'message-1', { seenAt, toLocal: (it) => it });
  assert.ok(reading.type === 'signals' && reading.signals[0]?.type === 'interruption');
  assert.equal(reading.signals[0].interruption.id, 'spot-itn-event-6d6573736167652d31');
});
