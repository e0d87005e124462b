import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeCondition } from '../../src/kubernetes/cluster.ts';
import { NodeConditions } from '../../src/kubernetes/node-conditions.ts';
import { clientOverFake } from './client-over-fake.ts';

const name = 'node-a';

function condition(type: NodeCondition['type'], isTrue = true): NodeCondition {
  return { type, isTrue, reason: 'SPOT_ITN', message: type };
}

const planned = [condition('MaintenancePlanned')];
const draining = [...planned, condition('DrainInProgress'), condition('Drained', false)];
const drained = [...planned, condition('DrainInProgress', false), condition('Drained')];

async function start(nodeNames: readonly string[] = [name]) {
  const it = await clientOverFake();
  for (const nodeName of nodeNames) it.api.addNode({ name: nodeName });
  const conditions = new NodeConditions(it);
  return {
    ...it,
    conditions,
    /** Since the last look. */
    requests: () => it.api.requests.splice(0).map(({ verb, code }) => `${verb} ${code}`),
    shown: () =>
      (it.api.node(name).status.conditions ?? [])
        .filter(({ reason }) => reason === 'SPOT_ITN')
        .map(({ type, status }) => `${type}=${status}`)
        .sort(),
    async [Symbol.asyncDispose]() {
      await it.clock.advanceWhile(conditions.end(0));
      await it[Symbol.asyncDispose]();
    },
  };
}

test('what follows within half a second is one write, of what was wanted last', async () => {
  await using it = await start();
  const { clock, conditions } = it;
  conditions.see(name, it.api.node(name));
  conditions.set(name, planned);
  await clock.advance(100);
  conditions.set(name, draining);
  await clock.advance(100);
  conditions.set(name, drained);
  await clock.advance(299);
  assert.deepEqual(it.requests(), []);
  await clock.advance(1);
  assert.deepEqual(it.requests(), ['patch 200']);
  assert.deepEqual(it.shown(), ['DrainInProgress=False', 'Drained=True', 'MaintenancePlanned=True']);
  conditions.set(name, []);
  await clock.advance(500);
  assert.deepEqual(it.requests(), ['patch 200']);
  assert.deepEqual(it.shown(), []);
});

test('what is over before it was written leaves nothing to write', async () => {
  await using it = await start();
  const { clock, conditions } = it;
  conditions.see(name, it.api.node(name));
  conditions.set(name, planned);
  conditions.set(name, []);
  await clock.advance(1_000);
  assert.deepEqual(it.requests(), []);
});

test('a node that was not shown, or too long ago, is read; one that is as it should be is not written', async () => {
  await using it = await start();
  const { clock, conditions } = it;
  conditions.set(name, draining);
  await clock.advance(500);
  assert.deepEqual(it.requests(), ['get 200', 'patch 200']);
  await clock.advance(600_000);
  conditions.set(name, draining);
  await clock.advance(500);
  assert.deepEqual(it.requests(), ['get 200']);
  conditions.set(name, drained);
  await clock.advance(500);
  assert.deepEqual(it.requests(), ['patch 200']);
});

test('after a write that has failed the node is read', async () => {
  await using it = await start();
  const { api, clock, conditions } = it;
  // It comes through, and nobody is told.
  api.faults.add({ kind: 'drop-after' }, { when: ({ verb }) => verb === 'patch', times: 1 });
  conditions.see(name, api.node(name));
  conditions.set(name, drained);
  await clock.advance(500);
  assert.deepEqual(it.requests(), ['patch 200']);
  await clock.advance(1_000);
  assert.deepEqual(it.requests(), ['get 200']);
  assert.deepEqual(it.shown(), ['DrainInProgress=False', 'Drained=True', 'MaintenancePlanned=True']);
});

test('at the end of the daemon what waits is written at once', async () => {
  await using it = await start();
  const { clock, conditions } = it;
  conditions.see(name, it.api.node(name));
  conditions.set(name, planned);
  await clock.settle();
  assert.deepEqual(it.requests(), []);
  const endedAt = clock.now();
  await clock.advanceWhile(conditions.end(3_000));
  assert.deepEqual(
    it.api.requests.map(({ verb, at }) => `${verb} after ${at - endedAt} ms`),
    ['patch after 0 ms'],
  );
  assert.deepEqual(it.shown(), ['MaintenancePlanned=True']);
});

test('what is set while the daemon ends is written at once too', async () => {
  await using it = await start();
  const { clock, conditions } = it;
  conditions.see(name, it.api.node(name));
  const other = 'node-b';
  it.api.addNode({ name: other });
  it.api.faults.add({ kind: 'delay', ms: 100 });
  conditions.set(name, planned);
  const ended = conditions.end(300);
  await clock.settle();
  conditions.see(other, it.api.node(other));
  conditions.set(other, planned);
  await clock.advanceWhile(ended);
  assert.deepEqual(it.requests(), ['patch 200', 'patch 200']);
});

test('without the right those that wait are not tried either', async () => {
  const others = ['node-b', 'node-c', 'node-d'];
  await using it = await start([name, ...others]);
  const { api, clock, conditions } = it;
  const rules = [{ apiGroups: [''], resources: ['nodes'], verbs: ['get', 'patch'] }];
  api.access.grant(api.adminToken, { rules });
  for (const other of others) conditions.set(other, planned);
  conditions.set(name, draining);
  await clock.advance(60_000);
  // Two at a time.
  assert.deepEqual(it.requests(), ['get 200', 'get 200', 'patch 403', 'patch 403']);
  assert.equal(it.warnings().length, 1);
  await clock.advance(600_000);
  conditions.set(name, draining);
  await clock.advance(500);
  assert.deepEqual(it.requests(), ['get 200', 'patch 403']);
});
