import assert from 'node:assert/strict';
import { test } from 'node:test';
import { budgets } from '../fakes/api-server/resources.ts';
import { drainingBeforeTheEnd, isDeletion, isEviction, machineEndsAt } from './before-the-end.ts';
import { drainsOverFake } from './drains-over-fake.ts';

test('evictions that wait for their turn, or whose server is slow, are not given up', async () => {
  const pod = { graceSeconds: 300, shutdownMs: 20_000 };
  const slow = { kind: 'delay', ms: 2_000 } as const;
  await using it = await drainingBeforeTheEnd(
    pod,
    ({ api }) => api.faults.add(slow, { when: isEviction }),
    80,
  );
  await it.clock.advance(60_000);
  assert.equal(it.deletions(), 0);
  assert.equal(it.reports.get('node-1')?.complete, true);
});

test('one answer of a server in trouble is no reason to delete a pod past its budget', async () => {
  for (const answer of [{ code: 500 }, { code: 429, body: 'Too many requests, please try again later.' }]) {
    await using it = await drainingBeforeTheEnd({ graceSeconds: 600, shutdownMs: 3_000 }, ({ api }) =>
      api.faults.add({ kind: 'answer', ...answer }, { when: isEviction, times: 1 }),
    );
    await it.clock.advance(20_000);
    assert.equal(it.deletions(), 0);
    assert.equal(it.reports.get('node-1')?.complete, true);
  }
});

test('an eviction that is sent just before the latest instant has its time to be answered', async () => {
  await using it = await drainsOverFake();
  const { api, clock } = it;
  api.addNode({ name: 'node-1' });
  api.addPod({ name: 'web', node: 'node-1', owner: 'ReplicaSet/web', graceSeconds: 30, shutdownMs: 3_000 });
  api.faults.add({ kind: 'delay', ms: 300 }, { when: isEviction });
  it.drain('node-1', { goal: machineEndsAt(clock.now() + 36_100) });
  await clock.advance(10_000);
  assert.equal(it.reports.get('node-1')?.pods[0]?.outcome, 'evicted');
});

test('a pod whose deletion a broken webhook refuses is evicted by turns, which its budget allows by then', async () => {
  await using it = await drainingBeforeTheEnd({ graceSeconds: 200, shutdownMs: 3_000 }, ({ api }) => {
    api.addBudget({ name: 'web', matchLabels: { app: 'web' }, minAvailable: 1 });
    api.faults.add({ kind: 'answer', code: 500 }, { when: isDeletion });
  });
  const { api, clock } = it;
  await clock.advance(1_000);
  const { store } = api.cluster;
  store.remove(budgets, store.get(budgets, 'web', 'default'));
  await clock.advance(30_000);
  assert.equal(it.reports.get('node-1')?.complete, true);
});

test('evictions that wait behind those of a webhook that hangs are given up with them', async () => {
  const pod = { graceSeconds: 30, shutdownMs: 3_000 };
  await using it = await drainingBeforeTheEnd(
    pod,
    ({ api }) => api.faults.add({ kind: 'hang' }, { when: isEviction }),
    30,
  );
  await it.clock.advance(90_000);
  assert.equal(it.reports.get('node-1')?.complete, true);
});

test('one deletion without an answer costs its pod a few seconds, though its eviction hangs', async () => {
  const pod = { graceSeconds: 30, shutdownMs: 300_000 };
  await using it = await drainingBeforeTheEnd(pod, ({ api }) => {
    api.faults.add({ kind: 'hang' }, { when: isEviction });
    api.faults.add({ kind: 'drop-before' }, { when: isDeletion, times: 1 });
  });
  const startedAt = it.clock.now();
  await it.clock.advanceUntil(() => it.api.pod('web-0')?.metadata.deletionTimestamp !== undefined);
  assert.ok(it.clock.now() - startedAt < 92_000);
});

const troubles = {
  'answered 500': { kind: 'answer', code: 500 },
  'cut off': { kind: 'drop-before' },
} as const;

for (const [what, effect] of Object.entries(troubles)) {
  test(`the deletion of a pod that its budget has held for long is ${what} once: that costs it a second`, async () => {
    await using it = await drainingBeforeTheEnd({ graceSeconds: 30, shutdownMs: 300_000 }, ({ api }) => {
      api.addBudget({ name: 'web', matchLabels: { app: 'web' }, minAvailable: 1 });
      api.faults.add(effect, { when: isDeletion, times: 1 });
    });
    const { api, clock } = it;
    // Its latest instant is at 85 s.
    await clock.advance(86_500);
    assert.notEqual(api.pod('web-0')?.metadata.deletionTimestamp, undefined);
  });
}
