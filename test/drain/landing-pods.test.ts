import assert from 'node:assert/strict';
import { test } from 'node:test';
import { volumeAttachments } from '../fakes/api-server/resources.ts';
import { isEviction, machineEndsAt } from './before-the-end.ts';
import { drainsOverFake } from './drains-over-fake.ts';

test('a pod that lands while volumes are waited for has to leave as well', async () => {
  await using it = await drainsOverFake();
  const { api, clock, reports } = it;
  api.addNode({ name: 'node-1' });
  api.addPod({ name: 'db', node: 'node-1', owner: 'StatefulSet/db', claims: ['data'], shutdownMs: 1_000 });
  api.cluster.seeding.volumeAttachment('csi-1', 'node-1', 'pv-1');
  it.drain('node-1');
  await clock.advance(5_000);
  api.addPod({ name: 'late', node: 'node-1', owner: 'ReplicaSet/late', shutdownMs: 20_000 });
  await clock.advance(1_000);
  const { store } = api.cluster;
  store.remove(volumeAttachments, store.get(volumeAttachments, 'csi-1'));
  await clock.advance(1_000);
  assert.equal(reports.get('node-1'), undefined);
  await clock.advance(30_000);
  assert.equal(reports.get('node-1')?.complete, true);
});

test('a pod that its owner puts back on the node each time is left there, and the drain completes', async () => {
  await using it = await drainsOverFake();
  const { api, clock, reports } = it;
  api.addNode({ name: 'node-1' });
  let landed = 0;
  const land = (): void => {
    landed += 1;
    api.addPod({
      name: `operator-${landed}`,
      node: 'node-1',
      owner: 'ReplicaSet/operator',
      shutdownMs: 3_000,
    });
  };
  land();
  it.drain('node-1');
  for (let second = 0; second < 60 && !reports.has('node-1'); second += 1) {
    await clock.advance(1_000);
    if (api.pods('node-1').every(({ metadata }) => metadata.deletionTimestamp !== undefined)) land();
  }
  const report = reports.get('node-1');
  assert.equal(report?.complete, true);
  assert.equal(api.requests.filter(isEviction).length, 10);
  assert.match(report.pods.at(-1)?.because ?? '', /puts it back/);
});

test('the pods of one owner that land together are no endless loop: all of them leave', async () => {
  for (const end of ['none', 'machine'] as const) {
    await using it = await drainsOverFake();
    const { api, clock, reports } = it;
    api.addNode({ name: 'node-1' });
    api.addPod({ name: 'first', node: 'node-1', owner: 'ReplicaSet/first', shutdownMs: 5_000 });
    it.drain('node-1', end === 'machine' ? { goal: machineEndsAt(clock.now() + 120_000) } : {});
    await clock.advanceUntil(() => api.requests.some(({ verb }) => verb === 'watch'));
    for (let number = 0; number < 10; number += 1) {
      api.addPod({ name: `job-${number}`, node: 'node-1', owner: 'Job/job', shutdownMs: 1_000 });
    }
    await clock.advance(60_000);
    assert.equal(reports.get('node-1')?.complete, true);
    assert.deepEqual(api.pods('node-1'), []);
  }
});
