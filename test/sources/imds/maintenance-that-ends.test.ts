import assert from 'node:assert/strict';
import { test } from 'node:test';
import { historyPath, scheduledPath } from './fixtures.ts';
import { sourceOverDocuments } from './source-over-documents.ts';

const id = 'instance-event-1';
const periodMs = 10_000;
const event = (state: string, eventId = id): object => ({
  EventId: eventId,
  State: state,
  Code: 'system-reboot',
  NotBefore: '21 Jan 2030 09:00:43 GMT',
});

test('an active event that is canceled in the list is cancelled, once', async () => {
  await using it = sourceOverDocuments();
  it.imds.set(scheduledPath, [event('active')]);
  it.start();
  await it.clock.advance(periodMs);
  it.imds.set(scheduledPath, [event('canceled')]);
  await it.clock.advance(periodMs);
  assert.deepEqual(it.cancelled(), [`canceled ${id}`]);
  await it.clock.advance(10 * periodMs);
  assert.equal(it.delivered.length, 2);
});

test('an active event that moved to the history is cancelled or completed, once', async () => {
  for (const state of ['canceled', 'completed']) {
    await using it = sourceOverDocuments();
    it.imds.set(scheduledPath, [event('active')]);
    it.start();
    await it.clock.advance(periodMs);
    it.imds.set(scheduledPath, []);
    it.imds.set(historyPath, [event(state)]);
    await it.clock.advance(10 * periodMs);
    assert.deepEqual(it.cancelled(), [`${state} ${id}`]);
    assert.equal(it.delivered.length, 2);
  }
});

test('the cancellation comes before anybody pulled the event', async () => {
  await using it = sourceOverDocuments();
  const deliveries = it.source.deliveries(it.stopping.signal);
  it.imds.recommendRebalance();
  await deliveries.next();
  it.imds.set(scheduledPath, [event('active')]);
  await it.clock.advance(periodMs);
  it.imds.set(scheduledPath, [event('canceled')]);
  await it.clock.advance(periodMs);
  const next = await deliveries.next();
  assert.equal(next.value?.type, 'cancellation');
  it.stopping.abort();
  await deliveries.return();
});

test('a process that starts after the end hears of it: the node may be marked', async () => {
  await using it = sourceOverDocuments();
  it.imds.set(historyPath, [event('completed'), event('canceled', 'instance-event-2')]);
  it.start();
  await it.clock.advance(10 * periodMs);
  assert.deepEqual(it.cancelled(), [`completed ${id}`, 'canceled instance-event-2']);
  assert.deepEqual(it.interruptions(), []);
});

test('an event that is active again after its cancellation is delivered again, and so is its next end', async () => {
  await using it = sourceOverDocuments();
  for (const state of ['active', 'canceled', 'active', 'canceled']) {
    it.imds.set(scheduledPath, [event(state)]);
    if (state === 'active' && it.delivered.length === 0) it.start();
    await it.clock.advance(2 * periodMs);
    await it.settleAll('cancelled');
  }
  assert.deepEqual(
    it.delivered.map(({ type }) => type),
    ['interruption', 'cancellation', 'interruption', 'cancellation'],
  );
});

test('an event that is active in the list is not cancelled by an old entry of the history', async () => {
  await using it = sourceOverDocuments();
  it.imds.set(scheduledPath, [event('active')]);
  it.imds.set(historyPath, [event('completed')]);
  it.start();
  await it.clock.advance(10 * periodMs);
  assert.deepEqual(it.cancelled(), []);
  assert.equal(it.delivered.length, 1);
});

test('a released cancellation comes again, a settled one does not', async () => {
  await using it = sourceOverDocuments();
  it.imds.set(historyPath, [event('canceled')]);
  it.start();
  await it.clock.advance(periodMs);
  await it.releaseAll();
  await it.clock.advance(periodMs);
  assert.equal(it.delivered.length, 2);
  await it.settleAll('cancelled');
  await it.clock.advance(20 * periodMs);
  assert.equal(it.delivered.length, 2);
});

test('a history that can not be had does not hide the list', async () => {
  await using it = sourceOverDocuments();
  it.imds.fail(historyPath, 'status 500');
  it.imds.set(scheduledPath, [event('active')]);
  it.start();
  await it.clock.advance(3 * periodMs);
  assert.equal(it.interruptions().length, 1);
  it.imds.set(scheduledPath, [event('canceled')]);
  await it.clock.advance(3 * periodMs);
  assert.deepEqual(it.cancelled(), [`canceled ${id}`]);
});

test('ends that are no longer shown are forgotten', async () => {
  await using it = sourceOverDocuments();
  it.start();
  for (let round = 0; round < 50; round += 1) {
    it.imds.set(historyPath, [event('completed', `instance-event-${round}`)]);
    await it.clock.advance(periodMs);
  }
  assert.equal(it.source.signalsHeld, 1);
  assert.ok(it.cancelled().length >= 49);
});
