import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spotWarning } from './messages.ts';
import { runningSource } from './running-source.ts';

const hourMs = 3_600_000;

test('a message is hidden for as long as it is worked for, and no more than a timeout ahead', async () => {
  await using it = await runningSource();
  const id = it.queue.send(spotWarning('i-0a'));
  it.start();
  await it.untilDelivered(1);
  for (let round = 0; round < 60; round += 1) {
    await it.clock.advance(10_000);
    const left = (it.queue.message(id)?.visibleAt ?? 0) - it.clock.now();
    assert.ok(left >= 9_000 && left <= 20_000, `${left} ms`);
  }
  assert.equal(it.queue.message(id)?.receiveCount, 1);
});

test('many messages are hidden ten at a time', async () => {
  await using it = await runningSource();
  for (let index = 0; index < 200; index += 1) it.queue.send(spotWarning(`i-${index}`));
  it.start();
  await it.untilDelivered(200);
  await it.clock.advance(59_000);
  assert.ok(it.aws.count('ChangeMessageVisibilityBatch') <= 5 * 22);
  assert.equal(it.queue.visible, 0);
});

test('after twelve hours it is said, the message comes again, and the work goes on', async () => {
  await using it = await runningSource({ source: { visibilitySeconds: 119 } });
  const id = it.queue.send(spotWarning('i-0a'));
  it.start();
  await it.untilDelivered(1);
  await it.clock.advance(12.5 * hourMs);
  assert.equal(it.queue.message(id)?.receiveCount, 2);
  assert.equal(it.delivered.length, 1);
  assert.equal(it.warnings().length, 1);
  await it.settleAll();
  assert.equal(it.queue.size, 0);
});

test('without the right to keep messages hidden it is said once, and every ten minutes asked again', async () => {
  await using it = await runningSource();
  it.aws.denied.add('ChangeMessageVisibilityBatch');
  const id = it.queue.send(spotWarning('i-0a'));
  it.start();
  await it.clock.advance(9 * 60_000);
  assert.equal(it.aws.count('ChangeMessageVisibilityBatch'), 1);
  assert.deepEqual(
    it.warnings().map(({ fields }) => fields['missing_right']),
    ['sqs:ChangeMessageVisibility'],
  );
  it.aws.denied.clear();
  await it.clock.advance(2 * 60_000);
  const count = it.queue.message(id)?.receiveCount;
  await it.clock.advance(10 * 60_000);
  assert.equal(it.queue.message(id)?.receiveCount, count);
  assert.equal(it.delivered.length, 1);
  assert.equal(it.warnings().length, 1);
});

test('a call that fails is made again before the timeout ends', async () => {
  await using it = await runningSource();
  const id = it.queue.send(spotWarning('i-0a'));
  it.start();
  await it.untilDelivered(1);
  it.sqs.failingEntries.set('ChangeMessageVisibilityBatch', 2);
  it.aws.faults.add({ kind: 'drop-before' }, { times: 4, when: ({ action }) => action !== 'ReceiveMessage' });
  await it.clock.advance(120_000);
  assert.equal(it.queue.message(id)?.receiveCount, 1);
});

test('a message that another receiver has is hidden no more by us, until it comes again', async () => {
  await using it = await runningSource();
  const id = it.queue.send(spotWarning('i-0a'));
  it.start();
  await it.untilDelivered(1);
  it.queue.giveToAnother(id, 60_000);
  const at = it.clock.now();
  await it.clock.advance(30_000);
  assert.equal(it.queue.message(id)?.visibleAt, at + 60_000);
  assert.equal(it.aws.count('ChangeMessageVisibilityBatch'), 1);
  await it.clock.advance(60_000);
  assert.ok(it.aws.count('ChangeMessageVisibilityBatch') > 2);
  assert.equal(it.delivered.length, 1);
  assert.deepEqual(it.warnings(), []);
});
