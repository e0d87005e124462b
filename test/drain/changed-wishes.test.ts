import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pods } from '../fakes/api-server/resources.ts';
import type { DrainGoal } from '../../src/drain/plan.ts';
import type { PodProgress } from '../../src/drain/pod-progress.ts';
import { FakeClock } from '../fakes/clock.ts';
import { drainsOverFake } from './drains-over-fake.ts';

const drain = 'aws-node-termination-handler/drain';
const grace = 'aws-node-termination-handler/grace-period-seconds';

/** A node with a pod that leaves at once, and one that waits until it has finished. */
async function draining(given: Parameters<Drains['drain']>[1] = {}, annotations = {}) {
  const drains = await drainsOverFake();
  const { api } = drains;
  api.addNode({ name: 'node-1' });
  api.addPod({ name: 'web', node: 'node-1', owner: 'ReplicaSet/web' });
  const batch = api.addPod({
    name: 'batch',
    node: 'node-1',
    annotations: { [drain]: 'wait', ...annotations },
  });
  drains.drain('node-1', given);
  return {
    ...drains,
    annotate: (now: Readonly<Record<string, string>>) => {
      const { store } = api.cluster;
      const metadata = { ...store.get(pods, 'batch', 'default').metadata, annotations: now };
      store.update(pods, { ...batch, metadata });
    },
  };
}

type Drains = Awaited<ReturnType<typeof drainsOverFake>>;

test('a pod that is told to stay while it waits for its turn stays, and nothing waits for it', async () => {
  await using it = await draining();
  const { clock, reports } = it;
  await clock.advance(60_000);
  assert.equal(reports.size, 0);
  it.annotate({ [drain]: 'skip' });
  await clock.advance(1000);
  const report = reports.get('node-1');
  assert.equal(report?.complete, true);
  assert.deepEqual(
    report.pods.map(({ name, outcome }) => `${name} ${outcome}`),
    ['web evicted', 'batch stays'],
  );
});

test('a pod that changes its mind is shown as it is, each time', async () => {
  const told: string[] = [];
  const onPods = (news: readonly PodProgress[]): void => {
    for (const { name, state } of news) if (name === 'batch') told.push(state);
  };
  await using it = await draining({ onPods });
  const { api, clock } = it;
  api.addPod({ name: 'slow', node: 'node-1', shutdownMs: 60_000 });
  await clock.advance(1000);
  for (const wish of ['skip', 'wait', 'skip']) {
    it.annotate({ [drain]: wish });
    await clock.advance(1000);
  }
  assert.deepEqual(told, ['waiting', 'stays', 'waiting', 'stays']);
});

test('another grace period that is asked for in mid-drain is planned with', async () => {
  const deadline = new FakeClock().now() + 400_000;
  const goal: DrainGoal = { deadline, deadlineIsMachineEnd: true, endBy: deadline, escalation: 'evict' };
  await using it = await draining({ goal }, { [grace]: '300' });
  const { api, clock } = it;
  await clock.advance(10_000);
  it.annotate({ [drain]: 'wait', [grace]: '10' });
  await clock.advance(370_000);
  const evictions = () => api.requests.filter(({ subresource }) => subresource === 'eviction');
  assert.deepEqual(
    evictions().map(({ name }) => name),
    ['web'],
  );
  await clock.advance(10_000);
  assert.match(evictions()[1]?.body ?? '', /"gracePeriodSeconds":10\b/);
});
