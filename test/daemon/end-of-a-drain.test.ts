import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deletePod } from '../fakes/api-server/deletion.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';
import {
  drainedText,
  evictions,
  nodeName as node,
  notDrainedText,
  rarePolls,
  requestsOf,
  startDaemon,
  untilSaid,
  type RunningDaemon,
} from './running-daemon.ts';

/** One pod is held by its finalizer once it has stopped, one by a budget, one leaves at once. */
function stubborn(api: FakeApiServer): void {
  api.addNode({ name: node });
  api.addPod({ name: 'slow', node, owner: 'StatefulSet/db', finalizers: ['example.com/backup'] });
  api.addPod({ name: 'held', node, owner: 'ReplicaSet/web', labels: { app: 'web' } });
  api.addPod({ name: 'quick', node, owner: 'ReplicaSet/web' });
  api.addBudget({ name: 'web', matchLabels: { app: 'web' }, minAvailable: 1 });
}

async function interrupted(env: Readonly<Record<string, string>> = {}): Promise<RunningDaemon> {
  const daemon = await startDaemon({
    cluster: stubborn,
    // Budgets are respected to the end; what else becomes of a held pod is in escalation.test.ts.
    env: { ...rarePolls, NTH_DRAIN_ESCALATION: 'evict', ...env },
  });
  daemon.imds.interrupt();
  await untilSaid(daemon, 'Requesting instance drain');
  return daemon;
}

/** Seconds from the first request for a drain to the end of the first. */
function lastedSeconds(daemon: RunningDaemon): unknown {
  return daemon.said(notDrainedText)[0]?.['seconds'];
}

test("at the machine's end the drain ends, names who is left and why, and is let go", async () => {
  await using daemon = await interrupted({ NODE_TERMINATION_GRACE_PERIOD: '0' });
  const { api, clock } = daemon;
  await untilSaid(daemon, notDrainedText);
  const [failed] = daemon.said(notDrainedText);
  assert.equal(failed?.level, 'error');
  assert.deepEqual(failed['pods'], { terminating: 1, refused: 1, evicted: 1 });
  assert.deepEqual(failed['left_behind'], [
    '1 pod held by disruption budget default/web: needs 1 healthy, has 1 (default/held)',
    '1 pod stopped, but held by a finalizer or by a kubelet that does not answer (default/slow)',
  ]);
  assert.match(String(failed['next']), /^nothing/);
  const seconds = Number(lastedSeconds(daemon));
  assert.ok(seconds > 112 && seconds <= 120, `${seconds} s`);
  const { length } = api.requests;
  await clock.advance(120_000);
  assert.equal(api.requests.length, length, 'nothing more is done for it');
  const metrics = await daemon.metrics();
  assert.equal(metrics.get('actions_total{node_action="cordon-and-drain",node_status="error"}'), 1);
  assert.equal(metrics.get('nth_pods_total{outcome="refused"}'), 1);
  assert.equal(metrics.get('nth_pods_total{outcome="terminating"}'), 1);
});

test('a node grace that is shorter than the notice ends the drain, which is begun again', async () => {
  await using daemon = await interrupted({ NODE_TERMINATION_GRACE_PERIOD: '30' });
  const { api, clock } = daemon;
  await untilSaid(daemon, notDrainedText);
  assert.equal(lastedSeconds(daemon), 30);
  assert.match(String(daemon.said(notDrainedText)[0]?.['next']), /tried again/);
  await untilSaid(daemon, 'Requesting instance drain', 2);
  const asked = evictions(api, 'held').length;
  await clock.advance(10_000);
  assert.ok(evictions(api, 'held').length > asked, 'the held pod is asked again');
  assert.equal(evictions(api, 'slow').length, 1, 'the one that shuts down is not');
  assert.equal(requestsOf(api, 'patch', 'nodes').length, 1, 'the mark holds');
  // Room is made: the drain that runs then comes to a good end.
  api.addPod({ name: 'web-2', node: 'node-b', owner: 'ReplicaSet/web', labels: { app: 'web' } });
  await untilSaid(daemon, notDrainedText, 4);
  assert.equal(api.pod('held'), undefined);
  assert.deepEqual(daemon.said(drainedText), []);
  assert.match(String(daemon.said(notDrainedText)[3]?.['next']), /^nothing/);
});

test('a node grace that is longer than the notice does not outlast it', async () => {
  await using daemon = await interrupted({ NODE_TERMINATION_GRACE_PERIOD: '600' });
  await untilSaid(daemon, notDrainedText);
  assert.ok(Number(lastedSeconds(daemon)) <= 120);
});

test('without a deadline and with no node grace a drain takes the time that it takes', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node });
      api.addPod({ name: 'slow', node, graceSeconds: 3600, shutdownMs: 300_000 });
    },
    env: { ...rarePolls, NODE_TERMINATION_GRACE_PERIOD: '0', ENABLE_REBALANCE_DRAINING: 'true' },
  });
  const { clock, imds } = daemon;
  imds.recommendRebalance();
  await untilSaid(daemon, 'Requesting instance drain');
  const startedAt = clock.now();
  await untilSaid(daemon, drainedText);
  assert.ok(clock.now() - startedAt >= 300_000);
  assert.deepEqual(daemon.said(notDrainedText), []);
});

test('a drain without a deadline that runs out of its grace is begun again until it succeeds', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node });
      api.addPod({ name: 'held', node, owner: 'ReplicaSet/web', labels: { app: 'web' } });
      api.addBudget({ name: 'web', matchLabels: { app: 'web' }, minAvailable: 1 });
    },
    env: { ...rarePolls, NODE_TERMINATION_GRACE_PERIOD: '60', ENABLE_REBALANCE_DRAINING: 'true' },
  });
  const { api, clock, imds } = daemon;
  imds.recommendRebalance();
  await untilSaid(daemon, notDrainedText, 2);
  api.addPod({ name: 'web-2', node: 'node-b', owner: 'ReplicaSet/web', labels: { app: 'web' } });
  await untilSaid(daemon, drainedText);
  assert.deepEqual(api.pods(node), []);
  const { length } = api.requests;
  await clock.advance(120_000);
  assert.equal(api.requests.length, length);
});

test('a notice whose time has passed, on a machine that lives, still gets its drain', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node });
      api.addPod({ name: 'web', node, owner: 'ReplicaSet/web', shutdownMs: 20_000 });
    },
  });
  daemon.imds.interrupt('terminate', -60_000);
  await untilSaid(daemon, drainedText);
  assert.deepEqual(daemon.api.pods(node), []);
});

test('pods that somebody else removes meanwhile are waited for, not counted as ours', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node });
      api.addPod({ name: 'held', node, owner: 'ReplicaSet/web', labels: { app: 'web' } });
      api.addPod({ name: 'kept', node, owner: 'ReplicaSet/web', emptyDir: true });
      api.addBudget({ name: 'web', matchLabels: { app: 'web' }, minAvailable: 1 });
    },
    env: { DELETE_LOCAL_DATA: 'false' },
  });
  const { api, clock, imds } = daemon;
  imds.interrupt();
  await clock.advance(10_000);
  deletePod(api.cluster, api.pod('kept') ?? assert.fail(), { gracePeriodSeconds: 0 });
  await clock.advance(5000);
  deletePod(api.cluster, api.pod('held') ?? assert.fail(), { gracePeriodSeconds: 0 });
  await untilSaid(daemon, drainedText);
  assert.deepEqual(daemon.said(drainedText)[0]?.['pods'], { left: 1 });
  assert.deepEqual(daemon.said(notDrainedText), []);
});
