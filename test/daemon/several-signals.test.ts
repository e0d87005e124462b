import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MarkState } from '../../src/kubernetes/mark-state.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';
import type { FakeImds } from '../fakes/imds.ts';
import { scheduleMaintenance } from './maintenance.ts';
import {
  drainedText,
  evictions,
  nodeName as node,
  rarePolls,
  requestsOf,
  startDaemon,
  untilDrained,
  untilSaid,
} from './running-daemon.ts';

function onePod(api: FakeApiServer): void {
  api.addNode({ name: node });
  api.addPod({ name: 'web', node, owner: 'ReplicaSet/web', shutdownMs: 5000 });
}

/** An event that ends in a reboot, a week ahead. */
function scheduleReboot(imds: FakeImds): void {
  imds.set('events/maintenance/scheduled', [
    {
      NotBefore: '8 Jan 2030 09:00:43 GMT',
      NotAfter: '8 Jan 2030 09:17:23 GMT',
      Code: 'system-reboot',
      Description: 'scheduled reboot',
      EventId: 'instance-event-0d59937288b749b32',
      State: 'active',
    },
  ]);
}

function stateOf(api: FakeApiServer): MarkState {
  const { annotations } = api.node(node).metadata;
  return JSON.parse(annotations?.['aws-node-termination-handler/state'] ?? '') as MarkState;
}

const env = {
  ENABLE_REBALANCE_DRAINING: 'true',
  TAINT_NODE: 'true',
  // All look at the same second.
  NTH_REBALANCE_POLL_INTERVAL_MS: '1000',
  NTH_MAINTENANCE_POLL_INTERVAL_MS: '1000',
};

const orders: readonly (readonly ((imds: FakeImds) => void)[])[] = [
  [(imds) => imds.interrupt(), (imds) => imds.recommendRebalance()],
  [(imds) => imds.recommendRebalance(), (imds) => imds.interrupt()],
];

for (const [index, signals] of orders.entries()) {
  test(`a spot notice and a rebalance recommendation in one second are one drain (order ${index})`, async () => {
    await using daemon = await startDaemon({ cluster: onePod, env });
    const { api, clock, imds } = daemon;
    for (const signal of signals) {
      signal(imds);
      await clock.advance(500);
    }
    await untilDrained(daemon);
    await clock.advance(15_000);
    assert.equal(daemon.said(drainedText).length, 1);
    assert.equal(daemon.said('Requesting instance drain').length, 1);
    assert.equal(evictions(api).length, 1);
    const keys = api.node(node).spec.taints?.map(({ key }) => key) ?? [];
    assert.deepEqual(
      ['spot-itn', 'rebalance-recommendation'].filter(
        (kind) => !keys.includes(`aws-node-termination-handler/${kind}`),
      ),
      [],
      'a taint each',
    );
    assert.deepEqual(
      stateOf(api)
        .signals.map(({ kind }) => kind)
        .toSorted(),
      ['REBALANCE_RECOMMENDATION', 'SPOT_ITN'],
    );
    const metrics = await daemon.metrics();
    assert.equal(metrics.get('nth_interruptions_total{kind="SPOT_ITN",source="imds"}'), 1);
    assert.equal(metrics.get('nth_interruptions_total{kind="REBALANCE_RECOMMENDATION",source="imds"}'), 1);
  });
}

test('a spot notice in the middle of a rebalance drain gives it the earlier end, and a pod that shuts down less time', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node });
      api.addPod({ name: 'slow', node, graceSeconds: 3600, shutdownMs: 3_600_000 });
    },
    env: { ...rarePolls, ENABLE_REBALANCE_DRAINING: 'true', NODE_TERMINATION_GRACE_PERIOD: '0' },
  });
  const { clock, imds } = daemon;
  imds.recommendRebalance();
  await untilSaid(daemon, 'Requesting instance drain');
  await clock.advance(40_000);
  imds.interrupt();
  const noticedAt = clock.now();
  await untilDrained(daemon);
  const [drained] = daemon.said(drainedText);
  assert.equal(drained?.['kind'], 'REBALANCE_RECOMMENDATION,SPOT_ITN');
  assert.deepEqual(drained['pods'], { clamped: 1 });
  assert.ok(clock.now() - noticedAt < 120_000);
  assert.equal(daemon.said('Requesting instance drain').length, 1);
  await clock.advance(60_000);
  assert.equal(daemon.said('Requesting instance drain').length, 1, 'both are settled');
});

test('a spot notice turns a workflow that was to mark only into a drain', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      onePod(api);
      api.faults.add({ kind: 'delay', ms: 5000 }, { when: ({ verb }) => verb === 'patch', times: 1 });
    },
    env: { ENABLE_REBALANCE_MONITORING: 'true' },
  });
  const { api, clock, imds } = daemon;
  imds.recommendRebalance();
  await clock.advanceUntil(() => api.requests.length > 1);
  imds.interrupt();
  await untilDrained(daemon);
  await clock.advance(10_000);
  assert.deepEqual(api.pods(node), []);
  assert.deepEqual(daemon.said('Node successfully cordoned'), []);
});

test('a spot notice after the node was drained for something else marks it for that as well', async () => {
  await using daemon = await startDaemon({ cluster: onePod, env });
  const { api, imds } = daemon;
  imds.recommendRebalance();
  await untilDrained(daemon);
  imds.interrupt();
  await untilSaid(daemon, drainedText, 2);
  assert.ok(api.node(node).spec.taints?.some(({ key }) => key === 'aws-node-termination-handler/spot-itn'));
  const { ours } = stateOf(api);
  assert.equal(ours.cordon, true);
  assert.equal(ours.taints.length, 2);
});

for (const rebootIsFirst of [false, true]) {
  test(`a node that we cordoned is uncordoned after its reboot (the reboot's signal first: ${rebootIsFirst})`, async () => {
    await using daemon = await startDaemon({ cluster: onePod, env });
    const { api, clock, imds } = daemon;
    const signals = [() => imds.recommendRebalance(), () => scheduleReboot(imds)];
    for (const signal of rebootIsFirst ? signals.toReversed() : signals) {
      signal();
      await clock.advance(2500);
    }
    await untilDrained(daemon);
    await clock.advance(20_000);
    const labels = api.node(node).metadata.labels ?? {};
    assert.equal(labels['aws-node-termination-handler/action'], 'UncordonAfterReboot');
    assert.equal(labels['aws-node-termination-handler/event-id'], 'instance-event-0d59937288b749b32');
  });
}

test('a node that somebody else has cordoned is not to be uncordoned after its reboot', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node, unschedulable: true });
    },
    env,
  });
  scheduleReboot(daemon.imds);
  await untilDrained(daemon);
  assert.equal(stateOf(daemon.api).ours.cordon, false);
  assert.equal(daemon.api.node(node).metadata.labels?.['aws-node-termination-handler/action'], undefined);
});

test("a machine's end cuts the drain of an earlier maintenance short, and is not put off by it", async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node });
      const labels = { app: 'held' };
      api.addPod({
        name: 'held',
        node,
        owner: 'ReplicaSet/held',
        labels,
        graceSeconds: 30,
        shutdownMs: 25_000,
      });
      api.addBudget({ name: 'held', matchLabels: { app: 'held' }, minAvailable: 1 });
    },
    env: { NTH_SCHEDULED_EVENT_TIMING: 'before-start', NTH_MAINTENANCE_POLL_INTERVAL_MS: '1000' },
  });
  const { api, clock, imds } = daemon;
  scheduleMaintenance(imds, { notBefore: clock.now() + 110_000, code: 'instance-retirement' });
  await clock.advance(3_000);
  imds.interrupt('terminate', 120_000);
  const noticedAt = clock.now();
  await clock.advance(119_000);
  const deletions = requestsOf(api, 'delete', 'pods');
  assert.equal(deletions.length, 1);
  const askedAt = (deletions[0]?.at ?? 0) - noticedAt;
  assert.ok(askedAt >= 84_000 && askedAt < 86_000, `after ${askedAt} ms`);
});
