import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pods } from '../fakes/api-server/resources.ts';
import { drainsOverFake } from './drains-over-fake.ts';

const drain = 'aws-node-termination-handler/drain';

test('a pod that is told to stay while it waits for its turn stays, and nothing waits for it', async () => {
  await using drains = await drainsOverFake();
  const { api, clock, reports } = drains;
  api.addNode({ name: 'node-1' });
  api.addPod({ name: 'web', node: 'node-1', owner: 'ReplicaSet/web' });
  const batch = api.addPod({ name: 'batch', node: 'node-1', annotations: { [drain]: 'wait' } });
  drains.drain('node-1');
  await clock.advance(60_000);
  assert.equal(reports.size, 0);
  const { store } = api.cluster;
  const metadata = { ...store.get(pods, 'batch', 'default').metadata, annotations: { [drain]: 'skip' } };
  store.update(pods, { ...batch, metadata });
  await clock.advance(1000);
  const report = reports.get('node-1');
  assert.equal(report?.complete, true);
  assert.deepEqual(
    report.pods.map(({ name, outcome }) => `${name} ${outcome}`),
    ['web evicted', 'batch stays'],
  );
});
