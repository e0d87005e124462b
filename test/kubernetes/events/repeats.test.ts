import assert from 'node:assert/strict';
import { test } from 'node:test';
import { events } from '../../fakes/api-server/resources.ts';
import { eventsOverFake } from './events-over-fake.ts';

test('what happens again is a count of the same event, told each ten seconds at most', async () => {
  await using it = await eventsOverFake();
  for (let second = 0; second < 60; second += 1) {
    it.emit();
    await it.clock.advance(1_000);
  }
  const [event, ...others] = it.shown();
  assert.deepEqual(others, []);
  assert.ok(event);
  assert.ok(event.count >= 50, `counted ${event.count}`);
  const patches = it.calls().filter((call) => call === 'patch events 200').length;
  assert.ok(patches <= 6, `${patches} patches`);
  await it.clock.advance(10_000);
  assert.deepEqual(
    it.shown().map(({ count, lastTimestamp }) => [count, lastTimestamp]),
    [[60, '2030-01-01T00:00:59Z']],
  );
});

test('messages that differ each time end up in one event', async () => {
  await using it = await eventsOverFake();
  for (let attempt = 0; attempt < 30; attempt += 1) {
    it.emit({ reason: 'CordonAndDrainError', message: `attempt ${attempt}`, isWarning: true });
    await it.clock.advance(1_000);
  }
  await it.clock.advance(10_000);
  const shown = it.shown();
  assert.equal(shown.length, 11);
  assert.deepEqual(
    shown.flatMap(({ message, count }) => (message.startsWith('(') ? [[message, count]] : [])),
    [['(combined from similar events): attempt 29', 20]],
  );
});

test('an event that the API server has forgotten is put anew', async () => {
  await using it = await eventsOverFake();
  it.emit();
  await it.clock.advance(0);
  const { store } = it.api.cluster;
  for (const event of store.list(events)) store.remove(events, event);
  it.emit();
  await it.clock.advance(10_000);
  assert.deepEqual(
    it.shown().map(({ count }) => count),
    [2],
  );
});
