import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { nodes } from '../fakes/api-server/resources.ts';
import { scheduleMaintenance } from './maintenance.ts';
import { nodeName as node, rarePolls, startDaemon, untilSaid } from './running-daemon.ts';

const others: readonly (readonly [string, (api: FakeApiServer) => void])[] = [
  [
    'an administrator has uncordoned',
    ({ cluster: { store } }) => {
      store.update(nodes, { ...store.get(nodes, node), spec: {} });
    },
  ],
  [
    'its machine has registered anew',
    (api) => {
      api.cluster.store.remove(nodes, api.node(node));
      api.addNode({ name: node });
    },
  ],
];
for (const [what, write] of others) {
  test(`a node that was marked for a recommendation and that ${what} is cordoned for a Spot notice`, async () => {
    await using daemon = await startDaemon({
      cluster: (api) => {
        api.addNode({ name: node });
        api.addPod({ name: 'web', node, owner: 'ReplicaSet/web', graceSeconds: 60, shutdownMs: 60_000 });
      },
      env: { ...rarePolls, ENABLE_REBALANCE_MONITORING: 'true' },
    });
    const { api, clock, imds } = daemon;
    imds.recommendRebalance();
    await untilSaid(daemon, 'Node successfully cordoned');
    await clock.advance(60_000);
    write(api);
    imds.interrupt();
    await untilSaid(daemon, 'Requesting instance drain');
    await clock.advance(5_000);
    assert.equal(api.node(node).spec.unschedulable, true);
  });
}

test('a node that its machine has registered anew is marked again with the next drain', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node });
      api.addPod({ name: 'held', node, owner: 'ReplicaSet/held', labels: { app: 'held' } });
      api.addBudget({ name: 'held', matchLabels: { app: 'held' }, minAvailable: 1 });
    },
    env: { ...rarePolls, NTH_MAINTENANCE_POLL_INTERVAL_MS: '5000' },
  });
  const { api, clock, imds } = daemon;
  scheduleMaintenance(imds, { notBefore: clock.now() + 86_400_000 });
  await clock.advance(150_000);
  api.cluster.store.remove(nodes, api.node(node));
  api.addNode({ name: node });
  await clock.advance(200_000);
  assert.equal(api.node(node).spec.unschedulable, true);
});
