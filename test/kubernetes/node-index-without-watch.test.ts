import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nthRules } from '../fakes/api-server/access.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { addNode, instanceId, runningIndex } from './running-index.ts';

const { signal } = new AbortController();

async function withNthRights(fill: (api: FakeApiServer) => void = () => {}) {
  const it = await runningIndex((api) => {
    api.access.grant(api.adminToken, { name: 'nth', rules: nthRules });
    fill(api);
  });
  // One refusal alone may be a server that has just started.
  await it.clock.advance(2_000);
  return it;
}

test('without the right to watch the nodes are listed when a look-up asks, and it is said once', async () => {
  await using it = await withNthRights((api) => void addNode(api, 1));
  const { api, clock, index } = it;
  assert.equal(it.requests('watch').length, 2);
  assert.deepEqual(it.warned(), [
    'Not allowed to watch nodes, listing them when a message names one that is not known instead: add the verb "watch" on "nodes" to the ClusterRole',
  ]);
  await clock.advance(60_000);
  assert.equal(it.requests('list').length, 1, 'nobody has asked');
  addNode(api, 2);
  assert.equal(await clock.advanceWhile(index.refresh(signal)), true);
  assert.ok(index.byInstanceId(instanceId(2)));
  assert.equal(it.requests('list').length, 2);
  assert.equal(await index.refresh(signal, 60_000), true, 'a list of a minute ago is good enough');
  assert.equal(it.requests('list').length, 2);
  assert.equal(it.requests('watch').length, 2);
});

test('the nodes are listed every 5 s at most, for all who ask together', async () => {
  await using it = await withNthRights();
  const { clock, index } = it;
  const beganAt = clock.now();
  const asking = Array.from({ length: 20 }, () => index.refresh(signal));
  await clock.advanceWhile(Promise.all(asking));
  for (let round = 0; round < 4; round += 1) await clock.advanceWhile(index.refresh(signal));
  assert.equal(it.requests('list').length, 6);
  assert.ok(clock.now() - beganAt >= 20_000);
});

test('a list serves only those who asked before it began', async () => {
  await using it = await withNthRights();
  const { api, clock, index } = it;
  await clock.advance(5_000);
  api.faults.add({ kind: 'delay', ms: 1_000 }, { when: ({ verb }) => verb === 'list', times: 1 });
  const first = index.refresh(signal);
  await clock.advance(500);
  const second = index.refresh(signal);
  await clock.advanceWhile(first);
  addNode(api, 1);
  assert.equal(index.byInstanceId(instanceId(1)), undefined);
  await clock.advanceWhile(second);
  assert.ok(index.byInstanceId(instanceId(1)));
});

test('who asks while the API server is away is told so', async () => {
  await using it = await withNthRights();
  const { api, clock, index } = it;
  await api.goAway();
  assert.equal(await clock.advanceWhile(index.refresh(signal)), false);
  assert.deepEqual(it.warned().slice(1), ['Cannot follow the nodes of the cluster, trying again']);
  await api.restart();
  assert.equal(await clock.advanceWhile(index.refresh(signal)), true);
});

test('a node is waited for by listing', async () => {
  await using it = await withNthRights();
  const { api, clock, index } = it;
  const waiting = index.untilReady('ip-10-0-0-1.ec2.internal', signal);
  await clock.advance(20_000);
  addNode(api, 1);
  await clock.advanceWhile(waiting, { maxMs: 10_000 });
  const lists = it.requests('list').length;
  await clock.advance(60_000);
  assert.ok(it.requests('list').length <= lists + 1, 'nobody waits any more');
});

test('a right that is granted later is used', async () => {
  await using it = await withNthRights();
  const { api, clock, index } = it;
  api.access.grant(api.adminToken);
  await clock.advance(600_000);
  await clock.advanceWhile(index.refresh(signal));
  await clock.advance(1_000);
  assert.equal(api.watches.open, 1);
  addNode(api, 1);
  await clock.advanceUntil(() => index.byInstanceId(instanceId(1)), { maxMs: 1_000 });
  assert.equal(it.warned().length, 1);
});
