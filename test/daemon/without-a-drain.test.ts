import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { nodeName as node, rarePolls, startDaemon, untilSaid, type RunningDaemon } from './running-daemon.ts';

const cordoned = 'Node successfully cordoned';
const wouldDrain = 'Node would have been cordoned and drained, but dry-run flag was set.';

function pods(api: FakeApiServer): void {
  api.addNode({ name: node });
  api.addPod({ name: 'web', node, owner: 'ReplicaSet/web' });
  api.addPod({ name: 'agent', node, owner: 'DaemonSet/agent' });
  api.addPod({ name: 'orphan', node, owner: 'DaemonSet/gone', ownerGone: true });
}

function writes({ api }: RunningDaemon): string[] {
  return api.requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);
}

test('cordon-only: the node is marked, whatever the kind, and no pod is asked', async () => {
  await using daemon = await startDaemon({
    cluster: pods,
    env: { ...rarePolls, CORDON_ONLY: 'true', TAINT_NODE: 'true', EXCLUDE_FROM_LOAD_BALANCERS: 'true' },
  });
  const { api, clock, imds } = daemon;
  imds.interrupt();
  await untilSaid(daemon, cordoned);
  await clock.advance(150_000);
  assert.deepEqual(writes(daemon), [`PATCH /api/v1/nodes/${node}`]);
  assert.equal(api.requests.length, 2);
  const { spec, metadata } = api.node(node);
  assert.equal(spec.unschedulable, true);
  assert.ok(spec.taints?.some(({ key }) => key.endsWith('/spot-itn')));
  // That label belongs to a drain.
  assert.equal(metadata.labels?.['node.kubernetes.io/exclude-from-external-load-balancers'], undefined);
  const metrics = await daemon.metrics();
  assert.equal(metrics.get('actions_total{node_action="cordon",node_status="success"}'), 1);
  assert.equal(metrics.get('actions_total{node_action="cordon-and-drain",node_status="success"}'), 0);
});

test('a rebalance recommendation only marks the node, unless told to drain', async () => {
  await using daemon = await startDaemon({ cluster: pods, env: { ENABLE_REBALANCE_MONITORING: 'true' } });
  daemon.imds.recommendRebalance();
  await untilSaid(daemon, cordoned);
  assert.deepEqual(writes(daemon), [`PATCH /api/v1/nodes/${node}`]);
});

test('dry run: says of every pod what would be done, once, and writes nothing', async () => {
  await using daemon = await startDaemon({ cluster: pods, env: { ...rarePolls, DRY_RUN: 'true' } });
  const { api, clock, imds } = daemon;
  imds.interrupt();
  await untilSaid(daemon, wouldDrain);
  await clock.advance(150_000);
  assert.deepEqual(writes(daemon), []);
  assert.equal(api.pods(node).length, 3);
  const lines = daemon.log
    .filter(({ message }) => message.includes('would have'))
    .map(({ message, pod, because }) => [message, pod, because].filter(Boolean).join(' | '));
  assert.deepEqual(lines, [
    'Node would have been marked, but dry-run flag was set',
    'Pod would have been evicted, but dry-run flag was set | default/web | ReplicaSet "web" will replace it',
    'Pod would have been evicted, but dry-run flag was set | default/orphan | its DaemonSet "gone" no longer exists',
    'Pod would have stayed | default/agent | DaemonSet "agent" would put it back',
    wouldDrain,
  ]);
  const metrics = await daemon.metrics();
  for (const [name, value] of metrics) if (name.startsWith('actions_total')) assert.equal(value, 0, name);
});

test('dry run: a signal that joins while the pods are listed is rehearsed as well', async () => {
  await using daemon = await startDaemon({
    cluster: pods,
    env: { DRY_RUN: 'true', ENABLE_REBALANCE_DRAINING: 'true' },
  });
  const { api, clock, imds } = daemon;
  api.faults.add({ kind: 'delay', ms: 5000 }, { when: ({ verb }) => verb === 'list', times: 1 });
  imds.recommendRebalance();
  await clock.advanceUntil(() => api.requests.length > 0);
  imds.interrupt();
  await untilSaid(daemon, wouldDrain, 2);
  const kinds = daemon.said(wouldDrain).map(({ kind }) => kind);
  assert.equal(kinds.at(-1), 'REBALANCE_RECOMMENDATION,SPOT_ITN');
  await clock.advance(60_000);
  assert.equal(daemon.said(wouldDrain).length, 2);
});

test('dry run with cordon-only asks for no pods', async () => {
  await using daemon = await startDaemon({ cluster: pods, env: { DRY_RUN: 'true', CORDON_ONLY: 'true' } });
  daemon.imds.interrupt();
  await untilSaid(daemon, 'Node would have been cordoned, but dry-run flag was set.');
  assert.deepEqual(daemon.api.requests, []);
});
