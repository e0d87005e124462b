import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { pods } from '../fakes/api-server/resources.ts';
import type { DrainGoal } from '../../src/drain/plan.ts';
import type { PodProgress } from '../../src/drain/pod-progress.ts';
import { FakeClock } from '../fakes/clock.ts';
import { isDeletion, isEviction, machineEndsAt } from './before-the-end.ts';
import { drainsOverFake } from './drains-over-fake.ts';

const drain = 'aws-node-termination-handler/drain';
const grace = 'aws-node-termination-handler/grace-period-seconds';

/** A node with a pod that leaves at once, and one that waits until it has finished. */
async function draining(given: Parameters<Drains['drain']>[1] = {}, annotations = {}) {
  const drains = await drainsOverFake();
  const { api } = drains;
  api.addNode({ name: 'node-1' });
  api.addPod({ name: 'web', node: 'node-1', owner: 'ReplicaSet/web' });
  api.addPod({
    name: 'batch',
    node: 'node-1',
    annotations: { [drain]: 'wait', ...annotations },
  });
  drains.drain('node-1', given);
  return {
    ...drains,
    annotate: (now: Readonly<Record<string, string>>) => annotate(api, 'batch', now),
    annotateOf: (name: string, now: Readonly<Record<string, string>>) => annotate(api, name, now),
  };
}

function annotate(
  { cluster: { store } }: FakeApiServer,
  name: string,
  now: Readonly<Record<string, string>>,
): void {
  const pod = store.get(pods, name, 'default');
  store.update(pods, { ...pod, metadata: { ...pod.metadata, annotations: now } });
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

const holds: Readonly<Record<string, (api: FakeApiServer) => void>> = {
  'a budget': () => {},
  'two budgets': (api) => api.addBudget({ name: 'two', matchLabels: { app: 'held' }, minAvailable: 1 }),
  'a budget, after an answer that was lost': (api) =>
    api.faults.add({ kind: 'drop-after' }, { when: isEviction, times: 1 }),
  'a webhook that hangs': (api) => api.faults.add({ kind: 'hang' }, { when: isEviction }),
};

for (const [what, hold] of Object.entries(holds)) {
  test(`a pod that is told to stay while it is held by ${what} is not deleted at its latest instant`, async () => {
    await using it = await drainsOverFake();
    const { api, clock, reports } = it;
    api.addNode({ name: 'node-1' });
    api.addPod({ name: 'held', node: 'node-1', owner: 'ReplicaSet/held', labels: { app: 'held' } });
    api.addBudget({ name: 'held', matchLabels: { app: 'held' }, minAvailable: 1 });
    hold(api);
    it.drain('node-1', { goal: machineEndsAt(clock.now() + 120_000) });
    await clock.advance(20_000);
    annotate(api, 'held', { [drain]: 'skip' });
    await clock.advance(100_000);
    const report = reports.get('node-1');
    assert.equal(report?.complete, true);
    assert.deepEqual(
      report.pods.map(({ name, outcome }) => `${name} ${outcome}`),
      ['held stays'],
    );
    assert.equal(api.requests.some(isDeletion), false);
  });
}

test('a pod that is told to stay after it was evicted, though the answer was lost, is waited for', async () => {
  await using it = await drainsOverFake();
  const { api, clock, reports } = it;
  api.addNode({ name: 'node-1' });
  api.addPod({ name: 'held', node: 'node-1', owner: 'ReplicaSet/held', shutdownMs: 20_000 });
  api.faults.add({ kind: 'delay', ms: 3_000 }, { when: isEviction });
  api.faults.add({ kind: 'drop-after' }, { when: isEviction });
  it.drain('node-1', { goal: machineEndsAt(clock.now() + 120_000) });
  await clock.advance(1_000);
  annotate(api, 'held', { [drain]: 'skip' });
  await clock.advance(10_000);
  assert.equal(reports.size, 0);
  await clock.advance(15_000);
  assert.deepEqual(
    reports.get('node-1')?.pods.map(({ name, outcome }) => `${name} ${outcome}`),
    ['held evicted'],
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

test('the report tells what a pod was given to shut down, not what it asks for since', async () => {
  await using it = await draining({}, { [drain]: 'last', [grace]: '20' });
  const { clock, reports } = it;
  it.api.addPod({ name: 'slow', node: 'node-1', shutdownMs: 10_000, annotations: { [grace]: '40' } });
  await clock.advance(5000);
  it.annotateOf('slow', { [grace]: '300' });
  await clock.advance(60_000);
  assert.deepEqual(
    reports
      .get('node-1')
      ?.pods.map(({ name, outcome, graceSeconds }) => `${name} ${outcome} ${graceSeconds}`),
    ['slow evicted 40', 'web evicted 30', 'batch evicted 20'],
  );
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

test('a pod whose wish to stay is taken back while its eviction is in doubt has to leave', async () => {
  await using it = await draining();
  const { api, clock } = it;
  api.faults.add({ kind: 'drop-before' }, { when: isEviction, times: 5 });
  await clock.advance(500);
  it.annotateOf('web', { [drain]: 'skip' });
  await clock.advance(2_000);
  it.annotateOf('web', {});
  await clock.advance(30_000);
  assert.equal(api.pod('web'), undefined);
});
