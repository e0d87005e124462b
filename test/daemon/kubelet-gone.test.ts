import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodes } from '../fakes/api-server/resources.ts';
import { nodeName as node, notDrainedText, requestsOf, startDaemon, untilSaid } from './running-daemon.ts';

test('a kubelet that is gone in mid-drain is named, and nobody waits for it without end', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node, ready: false });
      api.addPod({ name: 'web', node, owner: 'ReplicaSet/web', shutdownMs: 10_000 });
    },
    env: { NODE_TERMINATION_GRACE_PERIOD: '0', ENABLE_REBALANCE_DRAINING: 'true' },
  });
  const { api, clock, imds } = daemon;
  imds.recommendRebalance();
  await untilSaid(daemon, 'Requesting instance drain');
  api.cluster.kubelets.cutOff(node);
  const { length } = requestsOf(api, 'get', 'nodes');
  await untilSaid(daemon, notDrainedText);
  const [failed] = daemon.said(notDrainedText);
  assert.match(String(failed?.['left_behind']), /the node is not ready: its kubelet does not answer/);
  assert.ok(requestsOf(api, 'get', 'nodes').length - length <= 2);
  // It comes back: the drain that is begun again ends well.
  api.cluster.kubelets.rejoin(node);
  await clock.advanceUntil(() => api.pod('web') === undefined);
  await untilSaid(daemon, 'Node successfully cordoned and drained');
});

test('before a machine ends pods are asked in time, also while its kubelet is away', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node, ready: false });
      const labels = { app: 'held' };
      const owner = 'ReplicaSet/held';
      api.addPod({ name: 'held', node, owner, labels, graceSeconds: 30, shutdownMs: 25_000 });
      api.addBudget({ name: 'held', matchLabels: { app: 'held' }, minAvailable: 1 });
      api.addPod({ name: 'web', node, owner: 'ReplicaSet/web', graceSeconds: 1, shutdownMs: 500 });
    },
  });
  const { api, clock, imds } = daemon;
  api.cluster.kubelets.cutOff(node);
  imds.interrupt();
  const noticedAt = clock.now();
  await untilSaid(daemon, 'The node is not ready: pods that were asked to leave wait for its kubelet');
  await clock.advance(30_000);
  assert.deepEqual(daemon.said(notDrainedText), []);
  api.cluster.kubelets.rejoin(node);
  const found = api.node(node);
  api.cluster.store.update(nodes, {
    ...found,
    status: { ...found.status, conditions: [{ type: 'Ready', status: 'True' }] },
  });
  await untilSaid(daemon, 'Node successfully cordoned and drained');
  const [deletion] = requestsOf(api, 'delete', 'pods');
  assert.ok(deletion && deletion.at - noticedAt < 87_000);
});
