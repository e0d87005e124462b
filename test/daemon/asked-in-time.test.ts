import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writesTo } from '../fakes/api-server/admission.ts';
import { deletePod } from '../fakes/api-server/deletion.ts';
import { budgets } from '../fakes/api-server/resources.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';
import {
  drainedText,
  evictions,
  nodeName as node,
  requestsOf,
  startDaemon,
  untilDrained,
  type RunningDaemon,
} from './running-daemon.ts';

/** Of a pod with a grace of 30 s: the notice of 120 s, less its grace, the margin and a second for rounding. */
const latestSeconds = 120 - 5 - 1 - 30;

/** Pods whose budgets never let them go. */
async function held(...names: readonly string[]): Promise<RunningDaemon> {
  return startDaemon({
    cluster: (api) => {
      api.addNode({ name: node });
      for (const name of names) {
        api.addPod({ name, node, owner: `ReplicaSet/${name}`, labels: { app: name }, shutdownMs: 20_000 });
        api.addBudget({ name, matchLabels: { app: name }, minAvailable: 1 });
      }
    },
  });
}

/** Seconds from the notice to the deletion that was granted. */
async function deletedAfter(daemon: RunningDaemon, ...names: readonly string[]): Promise<number[]> {
  const { api, clock, imds } = daemon;
  imds.interrupt();
  const noticedAt = clock.now();
  await untilDrained(daemon);
  return names.map((name) => {
    const granted = requestsOf(api, 'delete', 'pods').find((it) => it.name === name && it.code === 200);
    return ((granted?.at ?? Number.NaN) - noticedAt) / 1000;
  });
}

const isStatus = ({ verb, subresource }: { verb: string; subresource: string }): boolean =>
  verb === 'patch' && subresource === 'status';

test('a condition that can not be written does not keep the pod from being deleted in time', async () => {
  await using daemon = await held('hung', 'lost');
  daemon.api.faults.add({ kind: 'hang' }, { when: (it) => isStatus(it) && it.name === 'hung' });
  daemon.api.faults.add({ kind: 'drop-before' }, { when: (it) => isStatus(it) && it.name === 'lost' });
  const [hung = 0, lost = 0] = await deletedAfter(daemon, 'hung', 'lost');
  assert.ok(hung >= latestSeconds && hung <= latestSeconds + 4, `after ${hung} s`);
  assert.ok(lost >= latestSeconds && lost <= latestSeconds + 1, `after ${lost} s`);
});

test('a condition that was forbidden once is tried for the next pod', async () => {
  await using daemon = await held('one', 'two');
  const { api } = daemon;
  api.faults.add(
    { kind: 'answer', code: 403, body: '{"kind":"Status","code":403}' },
    { when: isStatus, times: 1 },
  );
  await deletedAfter(daemon);
  assert.deepEqual(
    api.requests.filter(isStatus).map(({ code }) => code),
    [403, 200],
  );
});

test("what is denied one pod's deletion does not keep the others from being deleted", async () => {
  await using daemon = await held('guarded', 'other');
  const { api, clock } = daemon;
  const relent = api.admission.deny({
    when: ({ verb, name }) => verb === 'delete' && name === 'guarded',
    message: 'a backup is running',
  });
  const relenting = clock.sleep(95_000).then(relent);
  const [guarded = 0, other = 0] = await deletedAfter(daemon, 'guarded', 'other');
  await relenting;
  assert.ok(other >= latestSeconds && other <= latestSeconds + 1, `after ${other} s`);
  assert.ok(guarded <= 95 + 14, `after ${guarded} s`);
});

test('an eviction that hangs is given up at the latest instant, and the pod has its whole grace', async () => {
  await using daemon = await held('stuck');
  const { api } = daemon;
  // As an admission webhook does whose server takes its time.
  api.faults.add({ kind: 'hang' }, { when: ({ subresource }) => subresource === 'eviction' });
  const [stuck = 0] = await deletedAfter(daemon, 'stuck');
  assert.ok(stuck >= latestSeconds && stuck <= latestSeconds + 1, `after ${stuck} s`);
  const [deletion] = requestsOf(api, 'delete', 'pods');
  assert.equal(
    (JSON.parse(deletion?.body ?? '{}') as Record<string, unknown>)['gracePeriodSeconds'],
    undefined,
  );
});

test('a pod that somebody else has asked while its eviction hangs is not deleted at its latest instant', async () => {
  await using daemon = await held('stuck');
  const { api, clock } = daemon;
  api.faults.add({ kind: 'hang' }, { when: ({ subresource }) => subresource === 'eviction' });
  const asked = clock.sleep(75_000).then(() => {
    deletePod({ store: api.cluster.store, clock }, api.pod('stuck') ?? assert.fail(), {});
  });
  await deletedAfter(daemon);
  await asked;
  assert.deepEqual(requestsOf(api, 'delete', 'pods'), []);
  assert.deepEqual(
    daemon.said('Pod deleted past its disruption budget, for the machine is about to end'),
    [],
  );
});

const refusal = JSON.stringify({
  kind: 'Status',
  code: 429,
  details: { causes: [{ reason: 'DisruptionBudget' }] },
});

/** Held for so long that it is asked every few seconds only. */
async function heldForLong(api: FakeApiServer, daemon: RunningDaemon): Promise<void> {
  daemon.imds.interrupt();
  await daemon.clock.advance(20_000);
  assert.ok(evictions(api, 'held').length > 5);
}

test('a budget that makes room while a refusal is on its way has the pod asked again at once', async () => {
  await using daemon = await held('held');
  const { api, clock } = daemon;
  await heldForLong(api, daemon);
  let answeredAt = 0;
  api.faults.add(
    { kind: 'delay', ms: 50 },
    { when: ({ subresource }) => subresource === 'eviction', times: 1 },
  );
  api.faults.add(
    { kind: 'answer', code: 429, body: refusal },
    {
      when: ({ subresource }) => {
        if (subresource !== 'eviction') return false;
        answeredAt = clock.now() + 50;
        api.addPod({ name: 'spare', node: 'node-b', owner: 'ReplicaSet/held', labels: { app: 'held' } });
        return true;
      },
      times: 1,
    },
  );
  await untilDrained(daemon);
  const granted = evictions(api, 'held').find(({ code }) => code === 201);
  assert.ok(answeredAt > 0 && (granted?.at ?? Infinity) - answeredAt < 100);
});

test('budgets that may not be listed once are listed again', async () => {
  await using daemon = await held('held');
  const { api, clock } = daemon;
  // As an API server does that has just started, and has not read its rules yet.
  const forbidden = { kind: 'answer', code: 403, body: '{"kind":"Status","code":403}' } as const;
  api.faults.add(forbidden, { when: ({ resource }) => resource === 'poddisruptionbudgets', times: 1 });
  await heldForLong(api, daemon);
  const roomAt = clock.now();
  api.addPod({ name: 'spare', node: 'node-b', owner: 'ReplicaSet/held', labels: { app: 'held' } });
  await untilDrained(daemon);
  const granted = evictions(api, 'held').find(({ code }) => code === 201);
  assert.ok((granted?.at ?? Infinity) - roomAt < 100);
});

test('a pod whose budget is taken away is asked again at once', async () => {
  await using daemon = await held('held');
  const { api, clock } = daemon;
  await heldForLong(api, daemon);
  const removedAt = clock.now();
  api.cluster.store.remove(budgets, api.budget('held'));
  await untilDrained(daemon);
  const granted = evictions(api, 'held').find(({ code }) => code === 201);
  assert.ok((granted?.at ?? Infinity) - removedAt < 100);
});

test('a budget that makes room for one pod has one of those that it holds asked', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node });
      for (let number = 0; number < 10; number += 1) {
        api.addPod({ name: `web-${number}`, node, owner: 'ReplicaSet/web', labels: { app: 'web' } });
      }
      api.addPod({ name: 'other', node, owner: 'ReplicaSet/other', labels: { app: 'other' } });
      api.addBudget({ name: 'web', matchLabels: { app: 'web' }, minAvailable: 10 });
      api.addBudget({ name: 'other', matchLabels: { app: 'other' }, minAvailable: 1 });
    },
  });
  const { api, clock, imds } = daemon;
  api.admission.deny({
    when: (request) => writesTo('pods/eviction')(request) && request.name === 'web-0',
    message: 'a backup is running',
  });
  imds.interrupt();
  await clock.advance(20_000);
  const before = evictions(api).length;
  api.addPod({ name: 'spare', node: 'node-b', owner: 'ReplicaSet/web', labels: { app: 'web' } });
  await clock.settle();
  const since = evictions(api).slice(before);
  assert.deepEqual(
    since.map(({ name, code }) => [name, code]),
    [['web-1', 201]],
    'not the one that something else holds',
  );
});

test('a pod that somebody else gave more time than there is gets what fits', async () => {
  await using daemon = await startDaemon();
  const { api, clock } = daemon;
  const pod = api.addPod({ name: 'slow', node, graceSeconds: 3600, shutdownMs: 3_600_000 });
  deletePod({ store: api.cluster.store, clock }, pod, {});
  daemon.imds.interrupt();
  await untilDrained(daemon);
  assert.ok(Number(daemon.said(drainedText)[0]?.['seconds_to_spare']) >= 4);
});

test('a pod whose request came late, with a grace cut for an earlier instant, is cut once more', async () => {
  await using daemon = await startDaemon({
    // So that the request is not given up.
    env: { NTH_DRAIN_ESCALATION: 'evict' },
    cluster: (api) => {
      api.addNode({ name: node });
      api.addPod({ name: 'slow', node, graceSeconds: 300, shutdownMs: 300_000 });
    },
  });
  const { api, imds } = daemon;
  api.faults.add(
    { kind: 'delay', ms: 20_000 },
    { when: ({ subresource }) => subresource === 'eviction', times: 1 },
  );
  imds.interrupt();
  await untilDrained(daemon);
  assert.ok(Number(daemon.said(drainedText)[0]?.['seconds_to_spare']) >= 4);
  assert.equal(evictions(api).length, 2);
});

test('that the node can not be looked at holds nobody up', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node });
      api.addPod({ name: 'stuck', node, graceSeconds: 1, finalizers: ['example.com/held'] });
      api.addPod({ name: 'late', node, graceSeconds: 78, priorityClassName: 'system-node-critical' });
    },
  });
  const { api, clock, imds } = daemon;
  imds.interrupt();
  const noticedAt = clock.now();
  // Once the pod is overdue: is its kubelet still there?
  api.faults.add(
    { kind: 'hang' },
    {
      when: ({ verb, resource }) =>
        verb === 'get' && resource === 'nodes' && clock.now() > noticedAt + 20_000,
    },
  );
  await clock.advance(60_000);
  const [late] = evictions(api, 'late');
  const after = ((late?.at ?? Infinity) - noticedAt) / 1000;
  assert.ok(after >= 36 && after < 36.2, `after ${after} s`);
});

test('a server that can not be reached has nobody ask for budgets', async () => {
  await using daemon = await held('one', 'two');
  const { api } = daemon;
  const when = ({ subresource }: { subresource: string }): boolean => subresource === 'eviction';
  api.faults.add({ kind: 'drop-before' }, { when, times: 4 });
  api.faults.add({ kind: 'answer', code: 503, body: 'upstream connect error' }, { when, times: 4 });
  daemon.imds.interrupt();
  await daemon.clock.advanceUntil(() => evictions(api).length >= 8);
  assert.deepEqual(requestsOf(api, 'list', 'poddisruptionbudgets'), []);
  await untilDrained(daemon);
  assert.equal(requestsOf(api, 'list', 'poddisruptionbudgets').length, 1);
});

test('a machine that outlives its deadline: pods are asked once', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node });
      for (const name of ['one', 'two']) api.addPod({ name, node, shutdownMs: 30_000 });
    },
  });
  daemon.imds.interrupt('terminate', -5_000);
  await untilDrained(daemon);
  assert.deepEqual(
    evictions(daemon.api)
      .map(({ name }) => name)
      .toSorted(),
    ['one', 'two'],
  );
});
