import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthEvent, spotWarning, terminateAction } from './messages.ts';
import { runningSource } from './running-source.ts';

test('a message is deleted when its work is done, and not before', async () => {
  await using it = await runningSource();
  it.queue.send(spotWarning('i-0a'));
  it.start();
  await it.untilDelivered(1);
  await it.clock.advance(600_000);
  assert.equal(it.queue.size, 1);
  assert.equal(it.delivered.length, 1);
  await it.settleAll();
  assert.equal(it.queue.size, 0);
  assert.equal(await it.valueOf('nth_queue_messages_held'), 0);
});

test('a message that names several instances is deleted when the last is done', async () => {
  await using it = await runningSource();
  it.queue.send(healthEvent(['i-0a', 'i-0b', 'vol-0c', 'i-0b']));
  it.start();
  await it.untilDelivered(2);
  await it.settle(it.delivered[0], 'drained');
  await it.settle(it.delivered[0], 'drained');
  await it.clock.advance(60_000);
  assert.equal(it.queue.size, 1);
  await it.settle(it.delivered[1], 'ignored');
  assert.equal(it.queue.size, 0);
});

test('of a message that comes again only what was not done is delivered again', async () => {
  await using it = await runningSource();
  it.queue.send(healthEvent(['i-0a', 'i-0b']));
  it.start();
  await it.untilDelivered(2);
  await it.clock.advanceWhile(it.source.release(it.delivered[0] as never));
  await it.settle(it.delivered[1], 'drained');
  await it.untilDelivered(3);
  assert.deepEqual(
    it.interruptions().map(({ where }) => where.instanceId),
    ['i-0a', 'i-0b', 'i-0a'],
  );
  await it.settle(it.delivered[2], 'drained');
  assert.equal(it.queue.size, 0);
});

test('messages are deleted ten at a time', async () => {
  await using it = await runningSource();
  for (let index = 0; index < 40; index += 1) it.queue.send(spotWarning(`i-0${index}`));
  it.start();
  await it.untilDelivered(40);
  await it.settleAll();
  assert.equal(it.queue.size, 0);
  assert.equal(it.aws.count('DeleteMessageBatch'), 4);
});

test('an entry of a batch that fails is tried again by itself', async () => {
  await using it = await runningSource();
  it.queue.send(spotWarning('i-0a'));
  it.queue.send(spotWarning('i-0b'));
  it.sqs.failingEntries.set('DeleteMessageBatch', 3);
  it.start();
  await it.untilDelivered(2);
  await it.settleAll();
  assert.equal(it.queue.size, 0);
});

test('a deletion goes on through an outage', async () => {
  await using it = await runningSource();
  it.queue.send(spotWarning('i-0a'));
  it.start();
  await it.untilDelivered(1);
  it.aws.faults.add({ kind: 'answer', code: 503 });
  const settling = it.source.settle(it.delivered[0] as never, 'drained');
  await it.clock.advance(60_000);
  it.aws.faults.clear();
  await it.clock.advanceWhile(settling);
  await it.clock.advance(60_000);
  assert.equal(it.queue.size, 0);
  assert.equal(it.delivered.length, 1);
});

test('a message that comes again while it can not be deleted is asked for no more often, and with its newest receipt', async () => {
  await using it = await runningSource();
  it.queue.send({ Event: 'autoscaling:TEST_NOTIFICATION' });
  it.aws.faults.add({ kind: 'answer', code: 503 }, { when: ({ action }) => action === 'DeleteMessageBatch' });
  it.start();
  const triedIn = async (ms: number): Promise<number> => {
    const before = it.aws.count('DeleteMessageBatch');
    await it.clock.advance(ms);
    return it.aws.count('DeleteMessageBatch') - before;
  };
  const first = await triedIn(600_000);
  assert.ok((await triedIn(600_000)) <= first);
  it.aws.faults.clear();
  await it.clock.advanceUntil(() => it.queue.size === 0);
  assert.equal(await it.valueOf('nth_queue_messages_total', { event: 'deleted' }), 1);
  const { length } = it.aws.requests;
  await it.clock.advance(60_000);
  assert.ok(it.aws.requests.slice(length).every(({ action }) => action === 'ReceiveMessage'));
});

test('a message that was settled with an old receipt is deleted when it comes again, without a second drain', async () => {
  await using it = await runningSource();
  it.aws.denied.add('ChangeMessageVisibilityBatch');
  const id = it.queue.send(spotWarning('i-0a'));
  it.start();
  await it.untilDelivered(1);
  // Another replica is given it while this one drains.
  it.queue.giveToAnother(id, 30_000);
  await it.settleAll();
  assert.equal(it.queue.size, 1);
  await it.clock.advance(60_000);
  assert.equal(it.queue.size, 0);
  assert.equal(it.delivered.length, 1);
});

test('a message that the queue has dropped while it was worked for is settled all the same', async () => {
  await using it = await runningSource({ queue: { retentionMs: 300_000 } });
  const hook = it.aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't1', instanceId: 'i-0a' });
  it.queue.send(terminateAction('i-0a', 't1'));
  it.start();
  await it.untilDelivered(1);
  await it.clock.advance(600_000);
  assert.equal(it.queue.expired.length, 1);
  await it.settleAll();
  assert.equal(hook.state, 'continued');
  assert.equal(await it.valueOf('nth_queue_messages_held'), 0);
  assert.deepEqual(it.warnings(), []);
});

test('without the right to delete it is said once, and nobody waits for it', async () => {
  await using it = await runningSource();
  it.aws.denied.add('DeleteMessageBatch');
  it.queue.send(spotWarning('i-0a'));
  it.queue.send(spotWarning('i-0b'));
  it.start();
  await it.untilDelivered(2);
  await it.settleAll();
  await it.clock.advance(120_000);
  const told = it.records.filter(({ fields }) => fields['missing_right'] !== undefined);
  assert.deepEqual(
    told.map(({ level, fields }) => [level, fields['missing_right']]),
    [['error', 'sqs:DeleteMessage']],
  );
  assert.equal(it.delivered.length, 2);
  it.aws.denied.clear();
  await it.clock.advance(60_000);
  assert.equal(it.queue.size, 0);
});

test('a hook is completed before its message is deleted, and once', async () => {
  await using it = await runningSource({ hooks: { completeDelaySeconds: 30 } });
  const hook = it.aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't1', instanceId: 'i-0a' });
  it.queue.send(terminateAction('i-0a', 't1'));
  it.queue.send(terminateAction('i-0a', 't1'));
  it.start();
  await it.untilDelivered(2);
  const before = it.clock.now();
  await it.settleAll();
  assert.equal(hook.state, 'continued');
  assert.ok((hook.completedAt ?? 0) - before >= 30_000);
  assert.equal(it.aws.count('CompleteLifecycleAction'), 1);
  assert.ok(it.queue.deleted.every(({ at }) => at >= (hook.completedAt ?? Infinity)));
  assert.equal(it.queue.size, 0);
});

for (const [outcome, isCompleted] of [
  ['drained', true],
  ['marked', true],
  ['deadline-passed', true],
  ['node-not-found', true],
  ['ignored', false],
] as const) {
  test(`after "${outcome}" the message is deleted and its hook is ${isCompleted ? '' : 'not '}completed`, async () => {
    await using it = await runningSource();
    const hook = it.aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't1', instanceId: 'i-0a' });
    it.queue.send(terminateAction('i-0a', 't1'));
    it.start();
    await it.untilDelivered(1);
    await it.settleAll(outcome);
    assert.equal(hook.state, isCompleted ? 'continued' : 'waiting');
    assert.equal(it.queue.size, 0);
  });
}

test('dry run: nothing is deleted or completed, and nothing is delivered twice', async () => {
  await using it = await runningSource({
    source: { dryRun: true, unprocessableMessages: 'delete' },
    hooks: { heartbeat: { intervalSeconds: 30, untilSeconds: 3600 } },
  });
  it.queue.send(terminateAction('i-0a'));
  it.queue.send(spotWarning('i-0b'));
  it.queue.send({ Event: 'autoscaling:TEST_NOTIFICATION' });
  it.queue.send('garbage');
  it.start();
  await it.untilDelivered(2);
  await it.settleAll('dry-run');
  await it.clock.advance(15_000);
  assert.ok(it.queue.visible === 0);
  await it.clock.advance(300_000);
  assert.equal(it.queue.size, 4);
  assert.equal(it.delivered.length, 2);
  assert.equal(it.aws.count('CompleteLifecycleAction') + it.aws.count('RecordLifecycleActionHeartbeat'), 0);
  assert.equal(it.aws.count('DeleteMessageBatch'), 0);
  assert.equal(it.warnings().length, 1);
});
