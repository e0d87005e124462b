import assert from 'node:assert/strict';
import { test } from 'node:test';
import { historyPath, rebalancePath, scheduledPath, spotPath, targetStatePath } from './fixtures.ts';
import { sourceOverDocuments } from './source-over-documents.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** A year of seconds would take minutes to play; what grows with the polls grows with these as well. */
const periodMs = 2 * hourMs;

test('a year of polling: nothing grows, nothing is done twice', async () => {
  await using it = sourceOverDocuments({
    periodsMs: {
      'spot-instance-action': periodMs,
      'scheduled-maintenance': periodMs,
      'rebalance-recommendation': periodMs,
      'target-lifecycle-state': periodMs,
    },
  });
  it.start();
  const ids = new Set<string>();
  let most = 0;
  for (let day = 0; day < 365; day += 1) {
    const time = new Date(it.clock.now()).toISOString();
    // A recommendation each day; maintenance each week that is completed the day after.
    it.imds.set(rebalancePath, { noticeTime: time });
    if (day % 7 === 0)
      it.imds.set(scheduledPath, [{ EventId: `event-${day}`, State: 'active', NotBefore: 'soon' }]);
    else it.imds.set(scheduledPath, []);
    if (day % 7 === 1) it.imds.set(historyPath, [{ EventId: `event-${day - 1}`, State: 'completed' }]);
    await it.clock.advance(dayMs / 2);
    it.imds.clear(rebalancePath);
    await it.clock.advance(dayMs / 2);
    for (const item of it.delivered.splice(0)) {
      await it.source.settle(item, 'marked');
      const id = item.type === 'interruption' ? item.interruption.id : `end of ${item.interruptionId}`;
      assert.ok(!ids.has(id), `${id} twice`);
      ids.add(id);
    }
    most = Math.max(most, it.source.signalsHeld);
  }
  assert.ok(most <= 4, `${most} signals held`);
  assert.equal(ids.size, 365 + 53 + 52);
  assert.equal(it.records.length, 4, 'one line for each kind, at the start');
});

test('a year of a notice and a state that stay: each is delivered once', async () => {
  await using it = sourceOverDocuments({
    periodsMs: { 'spot-instance-action': periodMs, 'target-lifecycle-state': periodMs },
  });
  it.imds.set(targetStatePath, 'Terminated');
  it.start();
  for (let day = 0; day < 365; day += 1) {
    it.imds.set(spotPath, { action: 'stop', time: new Date(it.clock.now() + 120_000).toISOString() });
    await it.clock.advance(dayMs);
    for (const item of it.delivered) await it.source.settle(item, 'drained');
  }
  assert.equal(it.delivered.length, 2);
  assert.equal(it.source.signalsHeld, 2);
});
