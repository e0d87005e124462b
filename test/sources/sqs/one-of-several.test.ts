import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReleaseReason } from '../../../src/interruption/delivery.ts';
import { healthEvent, spotWarning } from './messages.ts';
import { runningSource, type RunningSourceOptions } from './running-source.ts';

/** A message about `i-0a` and `i-0b` was received. */
async function receivedBoth(options: RunningSourceOptions = {}) {
  const it = await runningSource(options);
  const id = it.queue.send(healthEvent(['i-0a', 'i-0b']));
  it.start();
  await it.untilDelivered(2);
  return {
    ...it,
    id,
    message: () => it.queue.message(id),
    instances: () => it.interruptions().map(({ where }) => where.instanceId),
    release: (index: number, reason?: ReleaseReason) =>
      it.clock.advanceWhile(it.source.release(it.delivered[index] as never, reason)),
  };
}

test('what is given back of a message is tried again after its own back-off, while the rest is worked for', async () => {
  await using it = await receivedBoth();
  for (const [count, seconds] of [5, 10, 20].entries()) {
    await it.release(count + 1);
    await it.clock.advance((seconds - 1) * 1000);
    assert.equal(it.delivered.length, count + 2);
    await it.untilDelivered(count + 3, 2_000);
  }
  assert.deepEqual(it.instances(), ['i-0a', 'i-0b', 'i-0b', 'i-0b', 'i-0b']);
  await it.settle(it.delivered.at(-1), 'drained');
  await it.clock.advance(60_000);
  assert.equal(it.queue.size, 1, 'the other one is worked for');
  assert.equal(it.delivered.length, 5);
  await it.settle(it.delivered[0], 'drained');
  assert.equal(it.queue.size, 0);
});

test('a message that has come again for one of its parts is kept hidden for all of them', async () => {
  await using it = await receivedBoth();
  await it.release(1);
  await it.untilDelivered(3);
  for (let round = 0; round < 60; round += 1) {
    await it.clock.advance(10_000);
    const left = (it.message()?.visibleAt ?? 0) - it.clock.now();
    assert.ok(left >= 9_000 && left <= 20_000, `${left} ms`);
  }
  assert.equal(it.message()?.receiveCount, 2);
  assert.equal(it.delivered.length, 3);
});

test('how often a part was given back does not count for the others', async () => {
  await using it = await receivedBoth();
  for (const count of [1, 2, 3]) {
    await it.release(count);
    await it.untilDelivered(count + 2);
  }
  await it.release(0);
  await it.clock.advance(4_000);
  assert.equal(it.delivered.length, 5);
  await it.untilDelivered(6, 2_000);
});

test('a part that stays that of another cluster is looked at more and more rarely', async () => {
  await using it = await receivedBoth();
  let given = 1;
  const deliveredIn = async (ms: number): Promise<number> => {
    const before = it.delivered.length;
    for (const until = it.clock.now() + ms; it.clock.now() < until; await it.clock.advance(500)) {
      for (; given < it.delivered.length; given += 1) await it.release(given, 'not-ours');
    }
    return it.delivered.length - before;
  };
  const first = await deliveredIn(60_000);
  assert.ok(first >= 6 && first <= 10, `${first} in the first minute`);
  const later = await deliveredIn(600_000);
  assert.ok(later >= 27 && later <= 31, `${later} in ten minutes`);
  assert.ok(
    it
      .instances()
      .slice(1)
      .every((instance) => instance === 'i-0b'),
  );
});

test('a part that is given back meanwhile and may come sooner makes the message come sooner', async () => {
  await using it = await runningSource();
  it.queue.send(healthEvent(['i-0a', 'i-0b', 'i-0c']));
  it.start();
  await it.untilDelivered(3);
  await it.clock.advanceWhile(it.source.release(it.delivered[1] as never));
  await it.clock.advanceWhile(it.source.release(it.delivered[2] as never, 'not-ours'));
  await it.untilDelivered(5, 1_000);
  assert.deepEqual(
    it.interruptions().map(({ where }) => where.instanceId),
    ['i-0a', 'i-0b', 'i-0c', 'i-0b', 'i-0c'],
  );
});

test("another cluster gets its part of a message at once, and ours is not deleted by its work's end", async () => {
  // No room for more: the other one is given the message.
  await using it = await receivedBoth({ source: { mostHeld: 1 } });
  await using other = await runningSource({ clock: it.clock, aws: it.aws });
  other.start();
  await it.release(1, 'not-ours');
  await other.untilDelivered(2, 1_000);
  const hides = it.aws.count('ChangeMessageVisibilityBatch');
  await it.clock.advance(5_000);
  assert.equal(it.aws.count('ChangeMessageVisibilityBatch'), hides, 'it is hidden by the other one');
  await it.settle(it.delivered[0], 'drained');
  assert.equal(it.queue.size, 1);
  assert.equal(it.queue.visible, 0);
  await other.settle(other.delivered[1], 'drained');
  await other.stopIntake();
  await other.clock.advanceWhile(other.source.release(other.delivered[0] as never, 'not-ours'));
  await it.untilDelivered(3);
  assert.deepEqual(it.instances(), ['i-0a', 'i-0b', 'i-0b'], 'without a second drain');
});

test('a message that another replica has brought to its end meanwhile is settled by ours as well', async () => {
  await using it = await receivedBoth({ source: { mostHeld: 1 } });
  await using other = await runningSource({ clock: it.clock, aws: it.aws });
  other.start();
  await it.release(1);
  await other.untilDelivered(2);
  await other.settleAll();
  assert.equal(it.queue.size, 0);
  it.queue.send(spotWarning('i-0c'));
  await other.untilDelivered(3);
  assert.equal(await it.valueOf('nth_queue_messages_held'), 1);
  await it.settle(it.delivered[0], 'drained');
  assert.equal(await it.valueOf('nth_queue_messages_held'), 0);
  await it.clock.advance(60_000);
  assert.equal(it.delivered.length, 2);
});

test('without the right to show a message its part is tried again when the queue shows it', async () => {
  await using it = await receivedBoth();
  it.aws.denied.add('ChangeMessageVisibilityBatch');
  await it.release(1);
  await it.untilDelivered(3, 20_000);
  await it.clock.advance(60_000);
  assert.deepEqual(it.instances(), ['i-0a', 'i-0b', 'i-0b']);
  await it.settle(it.delivered[2], 'drained');
  assert.equal(it.queue.size, 1);
  await it.settle(it.delivered[0], 'drained');
  await it.clock.advance(60_000);
  assert.equal(it.queue.size, 0);
  assert.equal(it.delivered.length, 3);
});

test('dry run: a part that is given back comes again, and nothing is deleted', async () => {
  await using it = await receivedBoth({ source: { dryRun: true } });
  await it.release(1);
  await it.untilDelivered(3);
  await it.settle(it.delivered[2], 'dry-run');
  await it.settle(it.delivered[0], 'dry-run');
  await it.clock.advance(300_000);
  assert.equal(it.delivered.length, 3);
  assert.equal(it.queue.size, 1);
});

test('however long the back-off of a part is, what is still worked for is hidden no longer than a visibility timeout', async () => {
  await using it = await receivedBoth();
  for (let count = 1; count <= 8; count += 1) {
    await it.release(count);
    const left = (it.message()?.visibleAt ?? Infinity) - it.clock.now();
    assert.ok(left <= 20_000, `${left} ms after ${count} times`);
    await it.untilDelivered(count + 2);
  }
});
