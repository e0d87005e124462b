import assert from 'node:assert/strict';
import { test } from 'node:test';
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
