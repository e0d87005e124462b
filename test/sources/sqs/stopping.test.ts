import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../fakes/clock.ts';
import { healthEvent, spotWarning, terminateAction } from './messages.ts';
import { runningSource } from './running-source.ts';

test('receiving ends at once, what is worked for stays hidden, and is settled at its end', async () => {
  await using it = await runningSource();
  it.queue.send(spotWarning('i-0a'));
  it.start();
  await it.untilDelivered(1);
  await it.stopIntake();
  const asked = it.aws.count('ReceiveMessage');
  await it.clock.advance(100_000);
  assert.equal(it.aws.count('ReceiveMessage'), asked);
  assert.equal(it.queue.visible, 0);
  await it.settleAll();
  assert.equal(it.queue.size, 0);
});

test('what was not begun is there for another replica at once', async () => {
  await using it = await runningSource();
  it.queue.send(spotWarning('i-0a'));
  it.start();
  await it.untilDelivered(1);
  await it.stopIntake();
  await it.clock.advanceWhile(it.source.release(it.delivered[0] as never));
  assert.equal(it.queue.visible, 1);
});

for (const when of ['before the stop', 'after it']) {
  test(`a part that is given back ${when} is there for another replica at once, which keeps it`, async () => {
    await using it = await runningSource();
    it.queue.send(healthEvent(['i-0a', 'i-0b']));
    it.start();
    await it.untilDelivered(2);
    const [first, second] = it.delivered;
    const giveBack = () => it.clock.advanceWhile(it.source.release(second as never));
    await it.clock.advance(60_000);
    if (when === 'before the stop') await giveBack();
    assert.equal(it.queue.visible, 0);
    await it.stopIntake();
    if (when === 'after it') await giveBack();
    assert.equal(it.queue.visible, 1);
    await using other = await runningSource({ clock: it.clock, aws: it.aws });
    other.start();
    await other.untilDelivered(2);
    await it.clock.advance(60_000);
    await it.settle(first, 'drained');
    assert.equal(it.queue.visible, 0);
    await other.settleAll();
    assert.equal(it.queue.size, 0);
    assert.equal(other.delivered.length, 2);
  });
}

test('a part that was tried again and is given back after the stop is there for another replica at once', async () => {
  await using it = await runningSource();
  it.queue.send(healthEvent(['i-0a', 'i-0b']));
  it.start();
  await it.untilDelivered(2);
  await it.clock.advanceWhile(it.source.release(it.delivered[1] as never));
  await it.untilDelivered(3);
  await it.stopIntake();
  await it.clock.advance(60_000);
  assert.equal(it.queue.visible, 0, 'it is worked for');
  await it.clock.advanceWhile(it.source.release(it.delivered[2] as never));
  assert.equal(it.queue.visible, 1);
  await it.settle(it.delivered[0], 'drained');
  assert.equal(it.queue.size, 1);
});

test('what nobody had pulled is there for another replica at once', async () => {
  await using it = await runningSource();
  for (let index = 0; index < 30; index += 1) it.queue.send(spotWarning(`i-${index}`));
  const intake = new AbortController();
  const items = it.source.deliveries(intake.signal);
  const first = await it.clock.advanceWhile(items.next());
  await it.clock.settle();
  intake.abort();
  await it.clock.advanceWhile(items.next());
  assert.equal(it.queue.visible, 29);
  await it.clock.advanceWhile(it.source.settle(first.value as never, 'drained'));
  assert.equal(it.queue.size, 29);
});

test('a hook whose delay is not over is left to another replica, with its message', async () => {
  await using it = await runningSource({ hooks: { completeDelaySeconds: 300 } });
  const hook = it.aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't1', instanceId: 'i-0a' });
  it.queue.send(terminateAction('i-0a', 't1'));
  it.start();
  await it.untilDelivered(1);
  const settling = it.source.settle(it.delivered[0] as never, 'drained');
  await it.clock.advance(60_000);
  await it.stopIntake();
  await it.clock.advanceWhile(settling);
  assert.equal(hook.state, 'waiting');
  assert.equal(it.queue.visible, 1);
});

test('a replica that dies leaves all to the other: each message is worked for to its end', async () => {
  const clock = new FakeClock();
  await using dying = await runningSource({ clock });
  for (let index = 0; index < 20; index += 1) dying.queue.send(spotWarning(`i-${index}`));
  dying.start();
  await dying.untilDelivered(20);
  await using other = await runningSource({ clock, aws: dying.aws });
  other.start();
  await clock.advance(60_000);
  assert.equal(other.delivered.length, 0);
  dying.source.close();
  await other.untilDelivered(20, 25_000);
  await other.settleAll();
  assert.equal(dying.queue.size, 0);
});
