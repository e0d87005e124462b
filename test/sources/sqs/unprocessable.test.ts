import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventBridge, spotWarning, stateChange } from './messages.ts';
import { runningSource } from './running-source.ts';

const unprocessable: readonly unknown[] = [
  'not JSON',
  '',
  '[]',
  'null',
  '"text"',
  '{}',
  { Message: 'not JSON' },
  { LifecycleTransition: 'autoscaling:EC2_INSTANCE_DANCING', EC2InstanceId: 'i-0a' },
  eventBridge('aws.s3', 'Object Created', {}),
  eventBridge('aws.health', 'AWS Health Abuse Event', {}),
  eventBridge('aws.ec2', 'EC2 Spot Instance Interruption Warning', {}),
  { ...spotWarning('i-0a'), detail: 'text' },
  eventBridge('aws.autoscaling', 'EC2 Instance-launch Lifecycle Action', { EC2InstanceId: 'i-0a' }),
  `{"detail-type":"${'x'.repeat(1024 * 1024 - 30)}"}`,
];

test('a message that can not be read is told once, counted, and left for its owner', async () => {
  await using it = await runningSource();
  for (const body of unprocessable) it.queue.send(body);
  it.start();
  await it.clock.advance(100_000);
  assert.equal(it.warnings().length, unprocessable.length);
  assert.ok(it.warnings().every(({ fields }) => String(fields['body']).length <= 200));
  assert.equal(await it.valueOf('nth_source_unreadable_total', { source: 'sqs' }), unprocessable.length);
  assert.equal(it.queue.size, unprocessable.length);
  assert.equal(it.delivered.length, 0);
  assert.ok(it.aws.count('ReceiveMessage') < 100, `${it.aws.count('ReceiveMessage')} requests`);
  it.queue.send(spotWarning('i-0a'));
  await it.untilDelivered(1, 1000);
});

test('a capacity reservation whose id is none is not asked of EC2, where its wildcards would name all instances', async () => {
  const asked: string[] = [];
  await using it = await runningSource({
    instancesOfReservation: (id) => {
      asked.push(id);
      return Promise.resolve(['i-0a']);
    },
  });
  const ids = ['*', 'cr-*', 'cr-0123?', 'cr-', 'i-0123', ' cr-0123'];
  for (const id of ids) {
    it.queue.send(
      eventBridge('aws.ec2', 'Capacity Block Reservation Expiration Warning', {
        'capacity-reservation-id': id,
      }),
    );
  }
  it.start();
  await it.clock.advance(1000);
  assert.deepEqual(asked, []);
  assert.equal(it.delivered.length, 0);
  assert.equal(it.queue.size, ids.length);
  assert.deepEqual(
    new Set(it.warnings().map(({ fields }) => fields['error'])),
    new Set(['a malformed "capacity-reservation-id"']),
  );
});

test('what nobody can process ends among the dead letters', async () => {
  await using it = await runningSource({ queue: { maxReceiveCount: 3 } });
  it.queue.send('garbage');
  it.start();
  await it.clock.advance(100_000);
  assert.equal(it.queue.deadLetters.length, 1);
  assert.equal(it.queue.size, 0);
});

test('or deleted, where that is asked for', async () => {
  await using it = await runningSource({ source: { unprocessableMessages: 'delete' } });
  for (const body of unprocessable) it.queue.send(body);
  it.start();
  await it.clock.advance(5000);
  assert.equal(it.warnings().length, unprocessable.length);
  assert.equal(it.queue.size, 0);
});

test('large messages are received one by one, so that they never fill the memory', async () => {
  await using it = await runningSource();
  for (let index = 0; index < 30; index += 1) it.queue.send('x'.repeat(1024 * 1024));
  it.start();
  await it.clock.advance(15_000);
  assert.equal(it.warnings().length, 30);
  const most = it.aws.requests.flatMap(({ action, input }) =>
    action === 'ReceiveMessage' ? [input['MaxNumberOfMessages']] : [],
  );
  assert.ok(most.filter((count) => count !== 1).length <= 2);
  it.queue.send(spotWarning('i-0a'));
  await it.untilDelivered(1, 1000);
  await it.clock.advance(1000);
  assert.equal(it.aws.requests.at(-1)?.input['MaxNumberOfMessages'], 10);
});

test('a queue that is full of something else does not fill the log', async () => {
  await using it = await runningSource();
  for (let index = 0; index < 300; index += 1) it.queue.send(`garbage ${index}`);
  it.start();
  await it.clock.advance(60_000);
  assert.equal(it.warnings().length, 50);
});

test('messages that ask for nothing are deleted quietly', async () => {
  await using it = await runningSource();
  for (const body of [
    { Event: 'autoscaling:TEST_NOTIFICATION', AutoScalingGroupName: 'nodes' },
    { LifecycleTransition: 'autoscaling:TEST_NOTIFICATION' },
    { Message: JSON.stringify({ Event: 'autoscaling:TEST_NOTIFICATION' }) },
    stateChange('i-0a', 'running'),
    stateChange('i-0a', 'pending'),
    stateChange('a-malformed-id', 'stopping'),
    eventBridge('aws.ec2', 'EBS Volume Notification', {}),
    eventBridge('aws.autoscaling', 'EC2 Instance Launch Successful', { EC2InstanceId: 'i-0a' }),
    eventBridge('aws.health', 'AWS Health Event', { service: 'RDS', eventTypeCategory: 'scheduledChange' }),
    eventBridge('aws.health', 'AWS Health Event', { service: 'EC2', eventTypeCategory: 'issue' }),
    eventBridge('aws.health', 'AWS Health Event', { service: 'EC2', eventTypeCategory: 'scheduledChange' }),
  ]) {
    it.queue.send(body);
  }
  it.start();
  await it.clock.advance(5000);
  assert.equal(it.queue.size, 0);
  assert.equal(it.delivered.length, 0);
  assert.deepEqual(it.warnings(), []);
});
