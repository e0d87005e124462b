import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NodeActions } from '../../src/handling/node-actions.ts';
import { createMetrics } from '../../src/metrics.ts';
import { FakeClock } from '../fakes/clock.ts';

test('a series of a node and an event is dropped an hour after it was last added to; the totals stay', async () => {
  const clock = new FakeClock();
  const metrics = createMetrics('test');
  const actions = new NodeActions({ clock, metrics });
  for (let index = 0; index < 10_000; index += 1) {
    actions.count(`node-${index}`, [`event-${index}`], 'cordon-and-drain', true);
    await clock.advance(10_000);
  }
  const { values } = await metrics.actionsByNode.get();
  assert.ok(values.length <= 361, `${values.length} series`);
  assert.ok(values.some(({ labels }) => labels['node_name'] === 'node-9999'));
  const totals = await metrics.actions.get();
  const drained = totals.values.find(
    ({ labels }) => labels['node_action'] === 'cordon-and-drain' && labels['node_status'] === 'success',
  );
  assert.equal(drained?.value, 10_000);
});
