import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writesTo } from '../fakes/api-server/admission.ts';
import { pods } from '../fakes/api-server/resources.ts';
import type { NodeDrain } from '../../src/drain/drain-node.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';
import type { LoggedRequest } from '../fakes/api-server/request-log.ts';
import { isDeletion, isEviction, machineEndsAt } from './before-the-end.ts';
import { drainsOverFake } from './drains-over-fake.ts';

function isNamed(prefix: string) {
  return ({ name }: { readonly name?: string | undefined }): boolean => name?.startsWith(prefix) === true;
}

/** How long after the notice each of the pods was asked to leave, with success, and with what grace. */
function asked(api: FakeApiServer, prefix: string, sinceMs: number) {
  return api.requests
    .filter((it) => isNamed(prefix)(it) && it.code !== undefined && it.code < 300)
    .filter((it) => isDeletion(it) || isEviction(it))
    .map(({ at, body }) => ({
      at: at - sinceMs,
      graceSeconds: Number(/"gracePeriodSeconds":(\d+)/u.exec(body)?.[1] ?? Number.NaN),
    }));
}

/** Nothing is in the way of ten pods on the second. */
async function twoNodes() {
  const drains = await drainsOverFake();
  for (const name of ['node-1', 'node-2']) drains.api.addNode({ name });
  for (let n = 0; n < 10; n += 1) {
    const name = `web-${n}`;
    drains.api.addPod({
      name,
      node: 'node-2',
      owner: 'ReplicaSet/web',
      graceSeconds: 60,
      shutdownMs: 55_000,
    });
  }
  return drains;
}

test('a webhook that answers 429 for one pod holds no other up', async () => {
  await using it = await twoNodes();
  const { api, clock } = it;
  api.addPod({ name: 'vm', node: 'node-1', owner: 'ReplicaSet/vm', graceSeconds: 5, shutdownMs: 5_000 });
  api.admission.deny({
    code: 429,
    reason: 'TooManyRequests',
    when: (request) => writesTo('pods/eviction')(request) && request.name === 'vm',
    message: 'Eviction triggered evacuation of VMI',
  });
  const at = clock.now();
  it.drain('node-1', { goal: machineEndsAt(at + 120_000) });
  await clock.advance(1_000);
  it.drain('node-2', { goal: machineEndsAt(at + 121_000) });
  await clock.advance(121_000);
  assert.deepEqual(
    asked(api, 'web', at).filter((pod) => pod.at > 2_000),
    [],
  );
  assert.equal(it.reports.get('node-2')?.complete, true);
  const vm = asked(api, 'vm', at);
  assert.equal(vm.length, 1, 'deleted at its latest instant');
  assert.ok(api.requests.filter(isNamed('vm')).length < 40, 'with a back-off until then');
});

test('a webhook that asks for time each time has it for its own pod', async () => {
  await using it = await twoNodes();
  const { api, clock } = it;
  api.addPod({ name: 'vm', node: 'node-1', owner: 'ReplicaSet/vm', graceSeconds: 5, shutdownMs: 5_000 });
  api.overload(1, { when: (request) => isEviction(request) && request.name === 'vm' });
  const at = clock.now();
  it.drain('node-1', { goal: machineEndsAt(at + 120_000) });
  it.drain('node-2', { goal: machineEndsAt(at + 121_000) });
  await clock.advance(20_000);
  assert.equal(asked(api, 'web', at).length, 10);
});

const troubles = {
  'fails after 10 s': [
    { kind: 'delay', ms: 10_000 },
    { kind: 'answer', code: 500, body: '{"kind":"Status","code":500,"message":"failed calling webhook"}' },
  ],
  hangs: [{ kind: 'hang' }],
} as const;

for (const [trouble, effects] of Object.entries(troubles)) {
  test(`pods whose webhook ${trouble} are deleted in time, however many wait behind them`, async () => {
    await using it = await drainsOverFake();
    const { api, clock } = it;
    api.addNode({ name: 'node-1' });
    const add = (prefix: string, count: number, graceSeconds: number): void => {
      for (let n = 0; n < count; n += 1) {
        const shutdownMs = (graceSeconds - 5) * 1_000;
        const owner = `ReplicaSet/${prefix}`;
        api.addPod({ name: `${prefix}-${n}`, node: 'node-1', owner, graceSeconds, shutdownMs });
      }
    };
    // Five requests may be under way at the same time.
    add('slow', 5, 60);
    add('quick', 20, 10);
    for (const effect of effects) api.faults.add(effect, { when: isEviction });
    const at = clock.now();
    it.drain('node-1', { goal: machineEndsAt(at + 120_000) });
    await clock.advance(121_000);
    const slow = asked(api, 'slow', at);
    assert.equal(slow.length, 5);
    assert.deepEqual(
      slow.filter((pod) => pod.at > 60_000),
      [],
    );
    const quick = asked(api, 'quick', at);
    assert.equal(quick.length, 20);
    assert.deepEqual(
      quick.filter((pod) => pod.at > 110_000),
      [],
    );
  });
}

test('deletions that hang hold up no other for longer than a webhook may take', async () => {
  await using it = await drainsOverFake();
  const { api, clock } = it;
  api.addNode({ name: 'node-1' });
  const add = (prefix: string, count: number, graceSeconds: number): void => {
    api.addBudget({ name: prefix, matchLabels: { app: prefix }, minAvailable: count });
    for (let n = 0; n < count; n += 1) {
      const labels = { app: prefix };
      const owner = `ReplicaSet/${prefix}`;
      api.addPod({
        name: `${prefix}-${n}`,
        node: 'node-1',
        owner,
        labels,
        graceSeconds,
        shutdownMs: 3_000,
      });
    }
  };
  add('hanging', 6, 60);
  add('held', 1, 58);
  api.faults.add({ kind: 'hang' }, { when: (request) => isDeletion(request) && isNamed('hanging')(request) });
  const at = clock.now();
  it.drain('node-1', { goal: machineEndsAt(at + 120_000) });
  await clock.advance(121_000);
  const [held] = asked(api, 'held', at);
  assert.ok(held && held.at < 70_000, `asked after ${held?.at} ms`);
});

test('a pod that somebody else removes before its eviction is sent has not been evicted', async () => {
  await using it = await drainsOverFake();
  const { api, clock } = it;
  api.addNode({ name: 'node-1' });
  for (let n = 0; n < 6; n += 1) api.addPod({ name: `web-${n}`, node: 'node-1', owner: 'ReplicaSet/web' });
  api.faults.add({ kind: 'delay', ms: 3_000 }, { when: isEviction });
  it.drain('node-1');
  await clock.advance(1_000);
  const { store } = api.cluster;
  store.remove(pods, store.get(pods, 'web-5', 'default'));
  await clock.advance(20_000);
  const { outcome, askedAt } = it.reports.get('node-1')?.pods.find(({ name }) => name === 'web-5') ?? {};
  assert.deepEqual({ outcome, askedAt }, { outcome: 'left', askedAt: undefined });
});

const forbidden = { kind: 'answer', code: 403, body: '{"kind":"Status","code":403,"message":"no"}' } as const;

test('a deletion that is pushed back each time takes no turn from another node', async () => {
  await using it = await twoNodes();
  const { api, clock } = it;
  const labels = { app: 'vm' };
  api.addPod({ name: 'vm', node: 'node-1', owner: 'ReplicaSet/vm', labels, graceSeconds: 200 });
  api.addBudget({ name: 'vm', matchLabels: labels, minAvailable: 1 });
  api.overload(1, { when: (request) => isDeletion(request) && request.name === 'vm' });
  // Else the condition that goes before a deletion would tell that the pause is over.
  api.faults.add(forbidden, { when: ({ subresource }) => subresource === 'status' });
  const at = clock.now();
  it.drain('node-1', { goal: machineEndsAt(at + 120_000) });
  await clock.advance(5_000);
  it.drain('node-2', { goal: machineEndsAt(at + 125_000) });
  await clock.advance(20_000);
  assert.equal(asked(api, 'web', at).length, 10);
});

test('pods that may not be deleted hold no place that others need at their latest instants', async () => {
  await using it = await drainsOverFake();
  const { api, clock } = it;
  api.addNode({ name: 'node-1' });
  for (const [name, count, graceSeconds] of [
    ['denied', 5, 200],
    ['held', 1, 72],
  ] as const) {
    api.addBudget({ name, matchLabels: { app: name }, minAvailable: count });
    for (let n = 0; n < count; n += 1) {
      const owner = `ReplicaSet/${name}`;
      const labels = { app: name };
      api.addPod({ name: `${name}-${n}`, node: 'node-1', owner, labels, graceSeconds, shutdownMs: 3_000 });
    }
  }
  const isDenied = isNamed('denied');
  api.faults.add(forbidden, { when: (request) => isDeletion(request) && isDenied(request) });
  const at = clock.now();
  it.drain('node-1', { goal: machineEndsAt(at + 120_000) });
  await clock.advance(1_000);
  api.faults.add({ kind: 'hang' }, { when: (request) => isEviction(request) && isDenied(request) });
  await clock.advance(100_000);
  const [held] = asked(api, 'held', at);
  assert.ok(held && held.at <= 43_000, `asked after ${held?.at} ms`);
});

test('a pod without a budget in its way is evicted after a pause of the server, however long its grace', async () => {
  await using it = await drainsOverFake();
  const { api, clock } = it;
  api.addNode({ name: 'node-1' });
  for (let n = 0; n < 5; n += 1) {
    const labels = { app: 'web' };
    api.addPod({ name: `web-${n}`, node: 'node-1', owner: 'ReplicaSet/web', labels, graceSeconds: 150 });
  }
  api.addBudget({ name: 'web', matchLabels: { app: 'web' }, minAvailable: 0 });
  const end = api.overload(10, { when: isEviction });
  it.drain('node-1', { goal: machineEndsAt(clock.now() + 120_000) });
  await clock.advance(1_000);
  end();
  await clock.advance(60_000);
  assert.equal(api.requests.some(isDeletion), false);
  assert.equal(it.reports.get('node-1')?.complete, true);
});

test('a machine that ends waits for no more than 5 s behind what hangs for another', async () => {
  await using it = await drainsOverFake();
  const { api, clock } = it;
  for (const name of ['node-1', 'node-2']) api.addNode({ name });
  for (let n = 0; n < 5; n += 1) api.addPod({ name: `slow-${n}`, node: 'node-1', owner: 'ReplicaSet/slow' });
  api.addPod({ name: 'web', node: 'node-2', owner: 'ReplicaSet/web', graceSeconds: 118 });
  api.faults.add({ kind: 'hang' }, { when: (request) => isEviction(request) && isNamed('slow')(request) });
  it.drain('node-1');
  await clock.advance(1_000);
  const at = clock.now();
  it.drain('node-2', { goal: machineEndsAt(at + 120_000) });
  await clock.advance(10_000);
  const [web] = asked(api, 'web', at);
  assert.ok(web && web.at <= 5_000, `asked after ${web?.at} ms`);
});

const onceRefused = {
  'an eviction': { when: isEviction, hasBudget: false },
  'a deletion': { when: isDeletion, hasBudget: true },
};

for (const [what, { when, hasBudget }] of Object.entries(onceRefused)) {
  for (const code of [429, 500]) {
    test(`${what} that is answered ${code} at the latest instant costs its pod a second, whatever else hangs`, async () => {
      await using it = await drainsOverFake();
      const { api, clock } = it;
      api.addNode({ name: 'node-1' });
      for (let n = 0; n < 20; n += 1) {
        api.addPod({ name: `hung-${n}`, node: 'node-1', owner: 'ReplicaSet/hung', graceSeconds: 5 });
      }
      api.faults.add(
        { kind: 'hang' },
        { when: (request) => isEviction(request) && isNamed('hung')(request) },
      );
      const labels = { app: 'last' };
      const annotations = { 'aws-node-termination-handler/drain': 'wait' };
      const owner = 'ReplicaSet/last';
      api.addPod({ name: 'last', node: 'node-1', owner, labels, annotations, graceSeconds: 60 });
      if (hasBudget) api.addBudget({ name: 'last', matchLabels: labels, minAvailable: 1 });
      const body = code === 429 ? 'Too many requests' : '{"kind":"Status","code":500}';
      const isIt = (request: LoggedRequest): boolean => when(request) && request.name === 'last';
      api.faults.add({ kind: 'answer', code, body }, { when: isIt, times: 1 });
      const at = clock.now();
      it.drain('node-1', { goal: machineEndsAt(at + 120_000) });
      await clock.advance(121_000);
      const [last] = asked(api, 'last', at);
      assert.ok(last && last.at < 56_000, `asked after ${last?.at} ms`);
    });
  }
}

for (const graceSeconds of [60, 50]) {
  test(`a pod of ${graceSeconds} s grace whose turn comes while another's eviction hangs is evicted first`, async () => {
    await using it = await drainsOverFake();
    const { api, clock } = it;
    api.addNode({ name: 'node-1' });
    api.addPod({ name: 'slow', node: 'node-1', owner: 'ReplicaSet/slow', graceSeconds: 60 });
    const annotations = { 'aws-node-termination-handler/drain': 'wait' };
    api.addPod({ name: 'batch', node: 'node-1', owner: 'ReplicaSet/batch', graceSeconds, annotations });
    api.faults.add({ kind: 'hang' }, { when: (request) => isEviction(request) && isNamed('slow')(request) });
    it.drain('node-1', { goal: machineEndsAt(clock.now() + 120_000) });
    await clock.advance(121_000);
    assert.equal(
      api.requests.some((request) => isDeletion(request) && isNamed('batch')(request)),
      false,
    );
    assert.equal(it.reports.get('node-1')?.complete, true);
  });
}

const changes: Readonly<
  Record<string, (it: Awaited<ReturnType<typeof drainsOverFake>>, drain: NodeDrain) => void>
> = {
  'the machine is not to end any more': ({ clock }, drain) => {
    const endBy = clock.now() + 900_000;
    drain.moveGoal({ deadline: undefined, deadlineIsMachineEnd: false, endBy, escalation: 'evict' });
  },
  'the pod is to stay': ({ api: { cluster } }) => {
    const pod = cluster.store.get(pods, 'held', 'default');
    const annotations = { 'aws-node-termination-handler/drain': 'skip' };
    cluster.store.update(pods, { ...pod, metadata: { ...pod.metadata, annotations } });
  },
};

for (const [what, change] of Object.entries(changes)) {
  test(`a deletion that waits for its turn is not sent where ${what}`, async () => {
    await using it = await drainsOverFake();
    const { api, clock } = it;
    api.addNode({ name: 'node-1' });
    const labels = { app: 'held' };
    api.addPod({ name: 'held', node: 'node-1', owner: 'ReplicaSet/held', labels, graceSeconds: 60 });
    api.addBudget({ name: 'held', matchLabels: labels, minAvailable: 1 });
    const drain = it.drain('node-1', { goal: machineEndsAt(clock.now() + 120_000) });
    await clock.advance(53_500);
    // The condition that goes before the deletion.
    api.overload(10, { times: 1, when: ({ subresource }) => subresource === 'status' });
    await clock.advance(3_000);
    change(it, drain);
    await clock.advance(60_000);
    assert.equal(api.requests.some(isDeletion), false);
  });
}

test('a deletion whose machine ends first waits a second at most behind last evictions that hang for another', async () => {
  await using it = await drainsOverFake();
  const { api, clock } = it;
  const annotations = { 'aws-node-termination-handler/drain': 'wait' };
  for (const name of ['node-1', 'node-2']) api.addNode({ name });
  api.addPod({ name: 'web', node: 'node-1', annotations, graceSeconds: 1, shutdownMs: 500 });
  // As many as there are places.
  for (let number = 0; number < 5; number += 1) {
    api.addPod({ name: `other-${number}`, node: 'node-2', annotations, graceSeconds: 5, shutdownMs: 500 });
  }
  api.faults.add({ kind: 'hang' }, { when: isEviction });
  const at = clock.now();
  it.drain('node-1', { goal: machineEndsAt(at + 120_000) });
  it.drain('node-2', { goal: machineEndsAt(at + 127_000) });
  // Its eviction is sent at its latest instant, 114 s after the notice, and given up 5 s later at most.
  await clock.advance(119_500);
  assert.equal(api.requests.filter((request) => isDeletion(request) && request.name === 'web').length, 1);
});
