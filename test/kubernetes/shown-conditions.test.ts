import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ShownConditions } from '../../src/kubernetes/shown-conditions.ts';
import type { NodeObject } from '../../src/kubernetes/views.ts';
import { FakeClock } from '../fakes/clock.ts';

const minuteMs = 60_000;
const mostNodes = 1_000;

function node(resourceVersion: string, status = 'True'): NodeObject {
  const drained = { type: 'Drained', status, reason: 'SPOT_ITN', message: 'm', lastTransitionTime: 't' };
  return {
    metadata: { resourceVersion },
    status: { conditions: [{ type: 'Ready', status: 'True' }, drained] },
  };
}

function start() {
  const clock = new FakeClock();
  const shown = new ShownConditions({ clock });
  return { clock, shown, statuses: () => shown.of('a')?.map(({ status }) => status) };
}

test('of a node what matters is kept, for ten minutes', async () => {
  const { clock, shown } = start();
  assert.equal(shown.of('a'), undefined);
  shown.see('a', node('7'));
  await clock.advance(10 * minuteMs - 1);
  assert.deepEqual(shown.of('a'), [{ type: 'Drained', status: 'True', reason: 'SPOT_ITN', message: 'm' }]);
  await clock.advance(1);
  assert.equal(shown.of('a'), undefined);
  shown.see('a', { metadata: { resourceVersion: '8' } });
  assert.deepEqual(shown.of('a'), []);
});

test('an answer that was overtaken by a newer one is not believed', async () => {
  const { clock, shown, statuses } = start();
  shown.see('a', node('10', 'True'));
  shown.see('a', node('9', 'False'));
  assert.deepEqual(statuses(), ['True']);
  shown.see('a', node('11', 'False'));
  assert.deepEqual(statuses(), ['False']);
  // As after etcd was restored.
  await clock.advance(10 * minuteMs);
  shown.see('a', node('9', 'True'));
  assert.deepEqual(statuses(), ['True']);
});

test('a thousand nodes are kept, those that were shown last', () => {
  const { shown } = start();
  shown.see('a', node('1'));
  shown.see('b', node('2'));
  shown.see('a', node('3'));
  for (let index = 0; index < mostNodes - 1; index += 1) shown.see(`node-${index}`, node('4'));
  assert.equal(shown.of('b'), undefined);
  assert.ok(shown.of('a') && shown.of(`node-${mostNodes - 2}`));
});
