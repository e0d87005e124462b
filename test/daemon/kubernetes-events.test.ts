import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { events } from '../fakes/api-server/resources.ts';
import type { EventObject } from '../kubernetes/events/events-over-fake.ts';
import { drainedText, nodeName as node, notDrainedText, startDaemon, untilSaid } from './running-daemon.ts';

const env = { EMIT_KUBERNETES_EVENTS: 'true', KUBERNETES_EVENTS_EXTRA_ANNOTATIONS: 'team=blue' };

function shown(api: FakeApiServer): EventObject[] {
  return api.cluster.store.list(events) as unknown as EventObject[];
}

/** As kubectl lists them, without times. */
function lines(api: FakeApiServer): string[] {
  return shown(api)
    .map(({ type, reason, involvedObject, message, count }) => {
      const { kind, name } = involvedObject;
      return `${type} ${reason} ${kind}/${name} ${message} x${count}`;
    })
    .sort();
}

test('a spot drain is told on the node and on its pods, under the reasons and with the texts of NTH', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node });
      api.addPod({ name: 'web-0', node, owner: 'ReplicaSet/web', labels: { app: 'web' } });
      api.addPod({ name: 'agent', node, owner: 'DaemonSet/agent' });
    },
    env,
  });
  const { api, clock, imds } = daemon;
  imds.interrupt();
  await untilSaid(daemon, drainedText);
  await clock.advance(1_000);
  const [end] = /\S+Z/.exec(lines(api).find((line) => line.includes('SpotInterruption')) ?? '') ?? [];
  const description = `Spot ITN received. Instance will be interrupted at ${end}`;
  assert.deepEqual(lines(api), [
    `Normal CordonAndDrain Node/${node} Node successfully cordoned and drained x1`,
    `Normal PodEviction Pod/web-0 Pod evicted due to node drain (node ${node}): ${description} x1`,
    `Normal PreDrain Node/${node} Pre-drain task successfully executed x1`,
    `Normal SpotInterruption Node/${node} ${description} x1`,
  ]);
  for (const { metadata, involvedObject } of shown(api)) {
    if (involvedObject['kind'] === 'Pod') {
      assert.deepEqual(metadata.annotations, { app: 'web', node });
      continue;
    }
    assert.equal(involvedObject['uid'], api.node(node).metadata.uid);
    assert.deepEqual(Object.keys(metadata.annotations ?? {}).sort(), [
      'account-id',
      'availability-zone',
      'instance-id',
      'instance-life-cycle',
      'instance-type',
      'local-hostname',
      'local-ipv4',
      'public-hostname',
      'public-ipv4',
      'region',
      'team',
    ]);
    assert.equal(metadata.annotations?.['team'], 'blue');
  }
});

test('a budget that holds up a drain with a deadline is told on the budget, and the deletion on the pod', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node });
      api.addBudget({ name: 'held', matchLabels: { app: 'held' }, minAvailable: 1 });
      api.addPod({ name: 'held-0', node, owner: 'ReplicaSet/held', labels: { app: 'held' } });
    },
    env,
  });
  const { api, clock, imds } = daemon;
  imds.interrupt();
  await untilSaid(daemon, drainedText);
  await clock.advance(11_000);
  const told = lines(api);
  const blocked = told.find((line) => line.includes('DrainBlocked')) ?? assert.fail(told.join('\n'));
  assert.match(
    blocked,
    /^Warning DrainBlocked PodDisruptionBudget\/held Holds up the drain of node node-a, whose deadline is \S+: needs 1 healthy, has 1 x\d+$/,
  );
  const deleted = told.find((line) => line.includes('PodDeletion')) ?? assert.fail(told.join('\n'));
  assert.match(
    deleted,
    /^Warning PodDeletion Pod\/held-0 Pod deleted past its disruption budget due to node drain/,
  );
  assert.equal(told.filter((line) => line.includes('Pod/held-0')).length, 1);
});

test('a drain that fails again and again is a count, and marked its node once', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node });
      api.addPod({ name: 'kept', node, owner: 'ReplicaSet/web', emptyDir: true });
    },
    env: { ...env, DELETE_LOCAL_DATA: 'false', ENABLE_REBALANCE_DRAINING: 'true' },
  });
  daemon.imds.recommendRebalance();
  await untilSaid(daemon, notDrainedText, 5);
  await daemon.clock.advance(11_000);
  const failed = shown(daemon.api).filter(({ reason }) => reason === 'CordonAndDrainError');
  assert.equal(failed.length, 1);
  assert.ok((failed[0]?.count ?? 0) >= 5);
  assert.match(
    failed[0]?.message ?? '',
    /^There was a problem while trying to cordon and drain the node: 1 pod kept because/,
  );
  assert.equal((await daemon.metrics()).get('nth_notice_to_mark_seconds_count'), 1);
});

test('a metadata service that does not answer is told on the node', async () => {
  await using daemon = await startDaemon({ env });
  await daemon.imds.goAway();
  await daemon.clock.advance(30_000);
  assert.match(
    lines(daemon.api).find((line) => line.includes('MonitorError')) ?? '',
    /^Warning MonitorError Node\/node-a There was a problem monitoring for events in monitor '\w+_MONITOR' x1$/,
  );
});

test('a dry run tells nothing', async () => {
  await using daemon = await startDaemon({ env: { ...env, DRY_RUN: 'true' } });
  daemon.imds.interrupt();
  await untilSaid(daemon, 'Node would have been cordoned and drained, but dry-run flag was set.');
  await daemon.clock.advance(1_000);
  assert.deepEqual(lines(daemon.api), []);
});
