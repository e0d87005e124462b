import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deletePod } from '../fakes/api-server/deletion.ts';
import { pods } from '../fakes/api-server/resources.ts';
import type { Effect } from '../fakes/faults.ts';
import type { LoggedRequest } from '../fakes/api-server/request-log.ts';
import { isDeletion, isEviction, machineEndsAt } from './before-the-end.ts';
import { drainsOverFake } from './drains-over-fake.ts';

/** More than may be under way at a time, last calls included, hang on node-1; nothing is in the way of node-2. */
async function draining(...effects: readonly Effect[]) {
  const drains = await drainsOverFake();
  const { api, clock } = drains;
  for (const name of ['node-1', 'node-2']) api.addNode({ name });
  for (let number = 0; number < 15; number += 1) {
    api.addPod({
      name: `slow-${number}`,
      node: 'node-1',
      owner: 'ReplicaSet/slow',
      graceSeconds: 10,
      shutdownMs: 1_000,
    });
  }
  for (const effect of effects) {
    api.faults.add(effect, { when: (it) => isEviction(it) && it.name.startsWith('slow') });
  }
  const startedAt = clock.now();
  return {
    ...drains,
    startedAt,
    /** When a pod was asked with success. */
    askedAt: (pod: string): readonly number[] =>
      api.requests
        .filter((it) => it.name === pod && isAnswered(it) && (isEviction(it) || isDeletion(it)))
        .map(({ at }) => at - startedAt),
  };
}

function isAnswered({ code }: LoggedRequest): boolean {
  return code !== undefined && code < 300;
}

/** With a grace period of 60 s their latest instant is 55 s after the notice of a machine that ends in two minutes. */
const slowPod = { owner: 'ReplicaSet/web', graceSeconds: 60, shutdownMs: 50_000 };
const latestMs = 56_000;

const webhooks: Readonly<Record<string, readonly Effect[]>> = {
  hangs: [{ kind: 'hang' }],
  'fails after 10 s': [
    { kind: 'delay', ms: 10_000 },
    { kind: 'answer', code: 500, body: '{"kind":"Status","code":500,"message":"failed calling webhook"}' },
  ],
};

for (const [what, effects] of Object.entries(webhooks)) {
  test(`pods are asked in time although a webhook ${what} for those of a machine that ends a second before`, async () => {
    await using it = await draining(...effects);
    const { api, clock, startedAt } = it;
    api.addPod({ name: 'web', node: 'node-2', ...slowPod });
    it.drain('node-1', { goal: machineEndsAt(startedAt + 120_000) });
    await clock.advance(500);
    it.drain('node-2', { goal: machineEndsAt(startedAt + 121_000) });
    await clock.advance(latestMs);
    assert.equal(it.askedAt('web').length, 1);
  });
}

test('pods are asked before their machine ends although evictions hang for maintenance that begins before that', async () => {
  await using it = await draining({ kind: 'hang' });
  const { api, clock, startedAt } = it;
  api.addPod({ name: 'web', node: 'node-2', ...slowPod });
  const goal = {
    deadline: startedAt + 110_000,
    deadlineIsMachineEnd: false,
    endBy: startedAt + 120_000,
    escalation: 'evict',
  } as const;
  it.drain('node-1', { goal });
  await clock.advance(500);
  it.drain('node-2', { goal: machineEndsAt(startedAt + 120_000) });
  await clock.advance(latestMs);
  assert.equal(it.askedAt('web').length, 1);
});

for (const escalation of ['evict-then-delete', 'evict'] as const) {
  test(`a watch is taken up although evictions hang: what lands is asked, what is gone is seen (${escalation})`, async () => {
    await using it = await draining({ kind: 'hang' });
    const { api, clock, startedAt } = it;
    const web = { owner: 'ReplicaSet/web', graceSeconds: 50, shutdownMs: 40_000 };
    api.addPod({ name: 'web', node: 'node-1', ...web });
    it.drain('node-1', { goal: { ...machineEndsAt(startedAt + 120_000), escalation } });
    await clock.advance(35_000);
    api.addPod({ name: 'landed', node: 'node-1', ...slowPod });
    await clock.advance(latestMs - 35_000);
    assert.equal(it.askedAt('landed').length, 1);
    await clock.advance(120_000 - latestMs);
    const gone = it.reports.get('node-1')?.pods.find(({ name }) => name === 'web')?.goneAt ?? Infinity;
    assert.ok(gone - startedAt < 42_000, `seen to be gone after ${gone - startedAt} ms`);
  });
}

test('a pod that was given more time than its machine has is given less although evictions hang elsewhere', async () => {
  await using it = await draining({ kind: 'hang' });
  const { api, clock, startedAt } = it;
  api.addPod({ name: 'web', node: 'node-2', ...slowPod, shutdownMs: 900_000 });
  const { store } = api.cluster;
  deletePod({ store, clock }, store.get(pods, 'web', 'default'), { gracePeriodSeconds: 600 });
  it.drain('node-1', { goal: machineEndsAt(startedAt + 120_000) });
  await clock.advance(500);
  it.drain('node-2', { goal: machineEndsAt(startedAt + 121_000) });
  await clock.advance(5_000);
  assert.equal(it.askedAt('web').length, 1);
});

test('a pod that lands and has no time left is asked at once although the shortenings of many others hang', async () => {
  await using it = await drainsOverFake();
  const { api, clock } = it;
  const { store } = api.cluster;
  api.addNode({ name: 'node-1' });
  const slow = { node: 'node-1', owner: 'ReplicaSet/slow', graceSeconds: 10, shutdownMs: 900_000 };
  for (let number = 0; number < 25; number += 1) {
    const name = `slow-${number}`;
    api.addPod({ name, ...slow });
    deletePod({ store, clock }, store.get(pods, name, 'default'), { gracePeriodSeconds: 600 });
  }
  api.faults.add({ kind: 'hang' }, { when: (request) => isEviction(request) && request.name !== 'landed' });
  it.drain('node-1', { goal: machineEndsAt(clock.now() + 120_000) });
  await clock.advance(1_000);
  const landed = { node: 'node-1', owner: 'ReplicaSet/web', graceSeconds: 3_600, shutdownMs: 50_000 };
  api.addPod({ name: 'landed', ...landed });
  await clock.advance(3_000);
  assert.notEqual(api.pod('landed')?.metadata.deletionTimestamp, undefined);
});

test('last calls are not late although lists of pods hang', async () => {
  await using it = await draining({ kind: 'hang' });
  const { api, clock, startedAt } = it;
  for (let number = 3; number <= 8; number += 1) api.addNode({ name: `node-${number}` });
  it.drain('node-1', { goal: machineEndsAt(startedAt + 30_000) });
  await clock.advance(1_000);
  const isList = ({ verb, resource }: LoggedRequest): boolean => verb === 'list' && resource === 'pods';
  api.faults.add({ kind: 'hang' }, { when: isList });
  for (let number = 2; number <= 8; number += 1) {
    it.drain(`node-${number}`, { goal: machineEndsAt(startedAt + 30_000) });
  }
  await clock.advance(24_000);
  assert.equal(api.requests.filter(isDeletion).length, 15);
});
