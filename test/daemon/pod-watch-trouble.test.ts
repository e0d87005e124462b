import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nthRules } from '../fakes/api-server/access.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';
import {
  drainedText,
  evictions,
  nodeName as node,
  requestsOf,
  startDaemon,
  untilDrained,
  type Given,
  type RunningDaemon,
} from './running-daemon.ts';

/** One pod that needs a while, so that the drain lives by its watch. */
function slow(api: FakeApiServer): void {
  api.addNode({ name: node });
  api.addPod({ name: 'slow', node, owner: 'ReplicaSet/web', shutdownMs: 25_000 });
}

/** A drain that waits for its pods. */
async function waiting(given: Given = {}): Promise<RunningDaemon> {
  const daemon = await startDaemon({ cluster: slow, ...given });
  daemon.imds.interrupt();
  await daemon.clock.advanceUntil(() => evictions(daemon.api).length > 0);
  await daemon.clock.settle();
  return daemon;
}

test('an expired version, told as an event, is followed by a list', async () => {
  await using daemon = await waiting();
  const { api, clock } = daemon;
  api.watches.expire();
  await clock.advance(1000);
  assert.equal(requestsOf(api, 'list', 'pods').length, 2);
  assert.equal(api.watches.open, 1);
  await untilDrained(daemon);
  assert.equal(requestsOf(api, 'watch', 'pods').length, 2);
});

test('an expired version, told by the status, is followed by a list that misses nobody', async () => {
  await using daemon = await waiting();
  const { api, clock } = daemon;
  api.watches.tooOldAs = 'code';
  api.watches.drop();
  await clock.settle();
  // While nobody watched, one pod landed, and the server forgot about it.
  api.addPod({ name: 'late', node, owner: 'ReplicaSet/web' });
  api.cluster.store.compact();
  await untilDrained(daemon);
  assert.equal(evictions(api, 'late').length, 1);
  assert.deepEqual(api.pods(node), []);
  assert.ok(requestsOf(api, 'watch', 'pods').some(({ code }) => code === 410));
});

test('a watch that nobody answers is given up after 30 s, and opened anew', async () => {
  await using daemon = await waiting({
    cluster: (api) => {
      slow(api);
      api.faults.add({ kind: 'hang' }, { when: ({ verb }) => verb === 'watch', times: 1 });
    },
  });
  const { api, clock } = daemon;
  await clock.advance(29_000);
  assert.equal(api.pod('slow'), undefined, 'it has gone, but nobody told us');
  assert.equal(requestsOf(api, 'watch', 'pods').length, 1);
  await untilDrained(daemon);
  assert.equal(requestsOf(api, 'watch', 'pods').length, 2);
  assert.equal(requestsOf(api, 'list', 'pods').length, 1);
});

test('a watch that is closed at once, over and over, is opened ever more rarely', async () => {
  await using daemon = await waiting();
  const { api, clock } = daemon;
  api.faults.add({ kind: 'answer', code: 200, body: '' }, { when: ({ verb }) => verb === 'watch' });
  api.watches.end();
  await clock.advance(20_000);
  const { length } = requestsOf(api, 'watch', 'pods');
  assert.ok(length >= 5 && length <= 15, `${length} watches in 20 s`);
  api.faults.clear();
  await untilDrained(daemon);
  assert.equal(requestsOf(api, 'list', 'pods').length, 1);
});

test('a connection that breaks costs one more watch, and no list', async () => {
  await using daemon = await waiting();
  daemon.api.watches.drop();
  await untilDrained(daemon);
  assert.equal(requestsOf(daemon.api, 'watch', 'pods').length, 2);
  assert.equal(requestsOf(daemon.api, 'list', 'pods').length, 1);
});

test('where no watch ever works, the list tells who has gone', async () => {
  await using daemon = await waiting({
    cluster: (api) => {
      slow(api);
      // A proxy in between that knows no streams.
      api.faults.add(
        { kind: 'answer', code: 501, body: 'not implemented' },
        { when: ({ verb }) => verb === 'watch' },
      );
    },
  });
  const { api, clock } = daemon;
  const startedAt = clock.now();
  await untilDrained(daemon);
  assert.ok(clock.now() - startedAt < 35_000);
  assert.ok(api.requests.length < 40, `${api.requests.length} API calls`);
});

test('without the right to watch the pods are listed every 2 s, and it is said once', async () => {
  await using daemon = await waiting({
    env: { ENABLE_REBALANCE_DRAINING: 'true' },
    cluster: (api) => {
      slow(api);
      api.access.grant(api.adminToken, { name: 'nth', rules: nthRules });
    },
  });
  const { api, clock } = daemon;
  api.addPod({ name: 'late', node, owner: 'ReplicaSet/web', shutdownMs: 20_000 });
  await untilDrained(daemon);
  assert.equal(
    requestsOf(api, 'watch', 'pods').length,
    2,
    'one refusal alone may be a server that has just started',
  );
  const lists = requestsOf(api, 'list', 'pods').length;
  assert.ok(lists >= 12 && lists <= 15, `${lists} lists in 25 s`);
  const warnings = daemon.log.filter(({ level }) => level === 'warn');
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]?.message ?? '', /add the verb "watch" on "pods" to the ClusterRole/);
  assert.equal(evictions(api, 'late').length, 1);

  // The right is asked for again at the next drain, but not told again.
  api.addPod({ name: 'again', node, owner: 'ReplicaSet/web', shutdownMs: 5000 });
  daemon.imds.recommendRebalance();
  await clock.advance(10_000);
  assert.equal(daemon.said(drainedText).length, 2);
  assert.equal(requestsOf(api, 'watch', 'pods').length, 4);
  assert.equal(daemon.log.filter(({ level }) => level === 'warn').length, 1);
});

test('only the first list of a drain may come from a cache', async () => {
  await using daemon = await waiting({ env: { USE_APISERVER_CACHE: 'true' } });
  const { api } = daemon;
  assert.match(requestsOf(api, 'list', 'pods')[0]?.path ?? '', /resourceVersion=0/);
  api.watches.expire();
  await untilDrained(daemon);
  // What the watch has shown already must not be undone by an older list.
  assert.doesNotMatch(requestsOf(api, 'list', 'pods')[1]?.path ?? '', /resourceVersion=/);
});
