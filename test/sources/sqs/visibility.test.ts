import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeldMessage } from '../../../src/sources/sqs/held-message.ts';
import type { Queue } from '../../../src/sources/sqs/queue.ts';
import { Visibility } from '../../../src/sources/sqs/visibility.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { recordedLog } from '../imds/recorded-log.ts';
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

test('SQS hides no message for more than twelve hours, which is said once and not asked for', async () => {
  const clock = new FakeClock();
  const { log, warnings } = recordedLog();
  const receivedAt = clock.now();
  const received = { id: 'm-1', receiptHandle: 'r-1', body: '', receiveCount: 1, sentAt: undefined };
  const message = new HeldMessage(received, receivedAt, receivedAt + 119_000);
  let hiddenUntil = 0;
  const queue: Pick<Queue, 'hide'> = {
    hide: ([entry]) => {
      hiddenUntil = clock.now() + (entry?.seconds ?? 0) * 1000;
      return Promise.resolve([undefined]);
    },
  };
  const closed = new AbortController();
  const visibility = new Visibility(
    { visibilitySeconds: 119 },
    { queue, clock, log, held: () => [message], closed: closed.signal },
  );
  visibility.keep();
  await clock.advance(11.9 * hourMs);
  assert.deepEqual(warnings(), []);
  await clock.advance(0.6 * hourMs);
  assert.ok(hiddenUntil > receivedAt + 12 * hourMs - 3000 && hiddenUntil < receivedAt + 12 * hourMs);
  assert.equal(warnings().length, 1);
  // It comes again: the work goes on.
  message.renew('r-2', clock.now(), clock.now() + 119_000);
  visibility.keep();
  await clock.advance(hourMs);
  assert.ok(hiddenUntil > clock.now());
  closed.abort();
});

test('a message that comes again before it could be shown is not shown by its new receipt', async () => {
  const clock = new FakeClock();
  const { log } = recordedLog();
  const now = clock.now();
  const received = { id: 'm-1', receiptHandle: 'r-1', body: '', receiveCount: 1, sentAt: undefined };
  const message = new HeldMessage(received, now, now + 20_000);
  const asked: string[] = [];
  const extended = Promise.withResolvers<readonly undefined[]>();
  const queue: Pick<Queue, 'hide'> = {
    hide: ([entry]) => {
      asked.push(`${entry?.receiptHandle} ${entry?.seconds}`);
      return extended.promise;
    },
  };
  const closed = new AbortController();
  const visibility = new Visibility(
    { visibilitySeconds: 20 },
    { queue, clock, log, held: () => [message], closed: closed.signal },
  );
  visibility.keep();
  await clock.advance(10_000);
  const showing = visibility.show(message, 5);
  message.renew('r-2', clock.now(), clock.now() + 20_000);
  extended.resolve([undefined]);
  await clock.advanceWhile(showing);
  assert.deepEqual(asked, ['r-1 20']);
  closed.abort();
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
