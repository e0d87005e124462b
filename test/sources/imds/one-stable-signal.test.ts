import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rebalancePath, scheduledPath, spotPath, targetStatePath } from './fixtures.ts';
import { sourceOverDocuments } from './source-over-documents.ts';

function maintenance(state: string, notBefore = '21 Jan 2030 09:00:43 GMT'): object[] {
  return [{ EventId: 'instance-event-1', State: state, Code: 'system-reboot', NotBefore: notBefore }];
}

test('a notice is delivered within the poll interval, once', async () => {
  await using it = sourceOverDocuments();
  it.start();
  await it.clock.advance(5500);
  assert.deepEqual(it.delivered, []);
  it.imds.interrupt();
  await it.clock.advance(1000);
  assert.equal(it.delivered.length, 1);
  await it.clock.advance(110_000);
  assert.equal(it.delivered.length, 1);
  const [notice] = it.interruptions();
  assert.ok(notice?.kind === 'SPOT_ITN');
  assert.deepEqual(notice.where, { nodeName: 'node-1', instanceId: 'i-0123456789abcdef0' });
});

test('signals of every kind at once are all delivered', async () => {
  await using it = sourceOverDocuments();
  it.imds.interrupt();
  it.imds.recommendRebalance();
  it.imds.set(targetStatePath, 'Terminated');
  it.imds.set(scheduledPath, maintenance('active'));
  it.start();
  await it.clock.advance(100);
  assert.deepEqual(
    it
      .interruptions()
      .map(({ kind }) => kind)
      .toSorted(),
    ['ASG_LIFECYCLE', 'REBALANCE_RECOMMENDATION', 'SCHEDULED_EVENT', 'SPOT_ITN'],
  );
});

test('a notice whose time moves with every poll stays one signal with its first id and its newest time', async () => {
  await using it = sourceOverDocuments();
  it.imds.interrupt('terminate', 120_000);
  it.start();
  for (let second = 0; second < 60; second += 1) {
    await it.clock.advance(1000);
    it.imds.interrupt('terminate', 120_000);
  }
  const notices = it.interruptions();
  assert.equal(new Set(notices.map(({ id }) => id)).size, 1);
  assert.equal(new Set(notices.map(({ seenAt }) => seenAt)).size, 1);
  assert.ok(notices.length <= 31, `${notices.length} updates in a minute`);
  const last = notices.at(-1);
  assert.ok(last?.kind === 'SPOT_ITN' && last.deadline >= it.clock.now() + 115_000);
  await it.settleAll('drained');
  for (let second = 0; second < 60; second += 1) {
    it.imds.interrupt('terminate', 120_000);
    await it.clock.advance(1000);
  }
  assert.equal(it.delivered.length, notices.length, 'a drained node is not drained again');
});

test('only what matters makes an update', async () => {
  await using it = sourceOverDocuments();
  it.imds.set(spotPath, { action: 'stop', time: '2030-01-01T00:02:00Z' });
  it.imds.recommendRebalance();
  it.start();
  await it.clock.advance(3000);
  assert.equal(it.delivered.length, 2);
  it.imds.set(spotPath, { time: '2030-01-01T00:02:01Z', action: 'stop', note: 'no more than a second' });
  it.imds.recommendRebalance();
  await it.clock.advance(5000);
  assert.equal(it.delivered.length, 2);
  it.imds.set(spotPath, { action: 'terminate', time: '2030-01-01T00:02:00Z' });
  await it.clock.advance(1000);
  const [stop, , terminate] = it.interruptions();
  assert.ok(stop?.kind === 'SPOT_ITN' && terminate?.kind === 'SPOT_ITN');
  assert.equal(terminate.action, 'terminate');
  assert.equal(terminate.id, stop.id);
});

test('of updates that nobody pulls only the newest waits', async () => {
  await using it = sourceOverDocuments();
  const deliveries = it.source.deliveries(it.stopping.signal);
  const first = deliveries.next();
  it.imds.interrupt();
  await it.clock.advance(1000);
  await first;
  for (let second = 0; second < 100; second += 1) {
    it.imds.interrupt('terminate', 120_000);
    await it.clock.advance(1000);
  }
  assert.equal(it.source.signalsHeld, 1);
  const second = await deliveries.next();
  assert.ok(second.value?.type === 'interruption' && second.value.interruption.kind === 'SPOT_ITN');
  assert.ok(second.value.interruption.deadline > it.clock.now() + 115_000);
  const third = deliveries.next();
  await it.clock.advance(900);
  it.stopping.abort();
  assert.equal((await third).done, true);
});

test('what was settled is not delivered again while it is shown', async () => {
  await using it = sourceOverDocuments();
  it.imds.interrupt();
  it.imds.recommendRebalance();
  it.imds.set(targetStatePath, 'Terminated');
  it.imds.set(scheduledPath, maintenance('active'));
  it.start();
  await it.clock.advance(100);
  await it.settleAll('drained');
  await it.clock.advance(60_000);
  assert.equal(it.delivered.length, 4);
  assert.equal(it.source.signalsHeld, 4);
});

test('what was released comes again, less and less often', async () => {
  await using it = sourceOverDocuments({ periodsMs: { 'spot-instance-action': 1000 } });
  it.imds.interrupt();
  it.start();
  const began = it.clock.now();
  const times: number[] = [];
  for (let deliveries = 1; deliveries <= 8; deliveries += 1) {
    await it.clock.advanceUntil(() => it.delivered.length === deliveries, { stepMs: 1000 });
    times.push(it.clock.now() - began);
    await it.releaseAll();
  }
  const gaps = times.slice(1).map((time, index) => (time - (times[index] ?? 0)) / 1000);
  assert.deepEqual(gaps, [2, 4, 8, 16, 30, 30, 30]);
  assert.equal(new Set(it.interruptions().map(({ id }) => id)).size, 1);
});

test('of deliveries of one signal the newest decides', async () => {
  await using it = sourceOverDocuments();
  it.imds.set(spotPath, { action: 'stop', time: '2030-01-01T00:02:00Z' });
  it.start();
  await it.clock.advance(1000);
  it.imds.set(spotPath, { action: 'terminate', time: '2030-01-01T00:02:00Z' });
  await it.clock.advance(1000);
  const [older, newer] = it.delivered;
  assert.ok(older && newer);
  await it.source.settle(newer, 'drained');
  await it.source.release(older);
  await it.clock.advance(60_000);
  assert.equal(it.delivered.length, 2);
});

test('a signal that is gone for one answer is not a new one', async () => {
  await using it = sourceOverDocuments();
  it.imds.interrupt();
  it.start();
  await it.clock.advance(1000);
  await it.settleAll('drained');
  it.imds.clear(spotPath);
  await it.clock.advance(2000);
  it.imds.interrupt();
  await it.clock.advance(20_000);
  assert.equal(it.delivered.length, 1);
});

test('a state that went back to InService ends the signal, and a later one is new', async () => {
  await using it = sourceOverDocuments();
  it.imds.set(targetStatePath, 'Terminated');
  it.start();
  await it.clock.advance(1000);
  await it.settleAll('drained');
  it.imds.set(targetStatePath, 'InService');
  await it.clock.advance(10_000);
  assert.deepEqual(it.cancelled(), [], 'AWS has no way back from terminating');
  assert.equal(it.source.signalsHeld, 0);
  it.imds.set(targetStatePath, 'Warmed:Terminated');
  await it.clock.advance(1000);
  assert.equal(it.delivered.length, 2);
});

test('a recommendation that was withdrawn is not undone, and a later one is new', async () => {
  await using it = sourceOverDocuments();
  it.imds.recommendRebalance();
  it.start();
  await it.clock.advance(2000);
  await it.settleAll('marked');
  it.imds.clear(rebalancePath);
  await it.clock.advance(60_000);
  it.imds.recommendRebalance();
  await it.clock.advance(2000);
  const [first, second, ...others] = it.interruptions();
  assert.ok(first && second && others.length === 0);
  assert.notEqual(first.id, second.id);
  assert.deepEqual(it.cancelled(), []);
});

test('a notice that is garbage for a while stays the signal it was', async () => {
  await using it = sourceOverDocuments();
  it.imds.interrupt();
  it.start();
  await it.clock.advance(1000);
  await it.settleAll('drained');
  it.imds.set(spotPath, '<html>');
  await it.clock.advance(30_000);
  assert.equal(it.source.signalsHeld, 1);
  it.imds.interrupt();
  await it.clock.advance(30_000);
  assert.equal(it.delivered.length, 1);
});

test('marked maintenance that is put off is delivered again; drained maintenance is not', async () => {
  for (const [outcome, deliveries] of [
    ['marked', 2],
    ['drained', 1],
    ['ignored', 1],
  ] as const) {
    await using it = sourceOverDocuments();
    it.imds.set(scheduledPath, maintenance('active'));
    it.start();
    await it.clock.advance(1000);
    await it.settleAll(outcome);
    it.imds.set(scheduledPath, maintenance('active', '23 Jan 2030 09:00:43 GMT'));
    await it.clock.advance(60_000);
    assert.equal(it.delivered.length, deliveries, outcome);
  }
});
