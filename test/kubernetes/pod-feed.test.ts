import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nthRules } from '../fakes/api-server/access.ts';
import { pods } from '../fakes/api-server/resources.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { followingPods, nodesWithOwnWatch } from './followed-pods.ts';

function remove(api: FakeApiServer, name: string): void {
  api.cluster.store.remove(pods, api.pod(name) ?? assert.fail(`no pod ${name}`));
}

test('a few nodes have a watch each, all further ones share one, which ends with the last of them', async () => {
  await using following = await followingPods();
  const { clock, api, follow, sharedWatches } = following;
  assert.equal(api.watches.open, nodesWithOwnWatch);
  for (let number = 0; number < 40; number += 1)
    api.addPod({ name: `web-${number}`, node: `node-${number}` });
  const nodes = Array.from({ length: 40 }, (_, number) => follow(`node-${number}`));
  await clock.advance(1000);
  assert.equal(api.watches.open, nodesWithOwnWatch + 1);
  assert.equal(sharedWatches().length, 1);
  assert.equal(api.requests.filter(({ verb }) => verb === 'list').length, nodesWithOwnWatch + 40);

  for (let number = 0; number < 40; number += 1) remove(api, `web-${number}`);
  api.addPod({ name: 'elsewhere', node: 'nobodys' });
  api.addPod({ name: 'late', node: 'node-7' });
  await clock.settle();
  for (const [number, { changes }] of nodes.entries()) {
    assert.deepEqual(changes, [`all web-${number}`, 'gone', ...(number === 7 ? ['present late'] : [])]);
  }

  // The server closes a watch after 30 s: it goes on where it was.
  await clock.advance(31_000);
  assert.equal(sharedWatches().length, 2);
  api.addPod({ name: 'later', node: 'node-7' });
  await clock.settle();
  assert.equal(nodes[7]?.changes.at(-1), 'present later');
  assert.equal(api.requests.filter(({ verb }) => verb === 'list').length, nodesWithOwnWatch + 40);

  for (const node of nodes) node.stop();
  await clock.settle();
  assert.equal(api.watches.open, nodesWithOwnWatch);
  // A place that has become free is taken first.
  following.own[0]?.stop();
  await clock.settle();
  follow('node-1');
  await clock.settle();
  assert.equal(api.watches.open, nodesWithOwnWatch);
  follow('node-2');
  await clock.advance(1000);
  assert.equal(api.watches.open, nodesWithOwnWatch + 1);
  assert.equal(sharedWatches().length, 3);
});

test('what happens between the list and the beginning of the watch is not missed', async () => {
  await using following = await followingPods();
  const { clock, api, follow, isShared } = following;
  api.addPod({ name: 'web-1', node: 'node-1' });
  api.faults.add({ kind: 'delay', ms: 5000 }, { when: isShared });
  const { changes } = follow('node-1');
  await clock.settle();
  assert.deepEqual(changes, ['all web-1']);
  remove(api, 'web-1');
  api.addPod({ name: 'web-1', node: 'node-1' });
  await clock.advance(6000);
  assert.deepEqual(changes, ['all web-1', 'gone', 'present web-1'], 're-created under the same name');
});

test('a node that joins while the feed lags is not told of what its list knew already', async () => {
  await using following = await followingPods();
  const { clock, api, follow, lists } = following;
  follow('node-1');
  await clock.advance(1000);
  api.addPod({ name: 'web-1', node: 'node-2' });
  api.addPod({ name: 'web-2', node: 'node-2' });
  const release = api.watches.hold();
  remove(api, 'web-1');
  api.addPod({ name: 'web-3', node: 'node-2' });
  const { changes } = follow('node-2');
  await clock.settle();
  assert.deepEqual(changes, ['all web-2 web-3']);
  remove(api, 'web-3');
  release();
  await clock.settle();
  assert.deepEqual(changes, ['all web-2 web-3', 'gone']);
  assert.equal(lists('node-2').length, 1);
});

test('who joins while the list of the first is under way, with an older list, lists again', async () => {
  await using following = await followingPods();
  const { clock, api, follow, lists, isListOf } = following;
  api.addPod({ name: 'web-2', node: 'node-2' });
  // An answer of now that comes when the watch has begun.
  const scope = { when: isListOf('node-2'), times: 1 };
  const body = JSON.stringify({
    kind: 'PodList',
    metadata: { resourceVersion: String(api.cluster.store.version) },
    items: [api.pod('web-2')],
  });
  api.faults.add({ kind: 'delay', ms: 3000 }, scope);
  api.faults.add({ kind: 'answer', code: 200, body }, scope);
  const { changes } = follow('node-2');
  await clock.settle();
  api.addPod({ name: 'web-1', node: 'node-1' });
  remove(api, 'web-2');
  follow('node-1');
  await clock.advance(1000);
  assert.deepEqual(changes, []);
  await clock.advance(3000);
  assert.deepEqual(changes, ['all']);
  assert.equal(lists('node-2').length, 2);
});

for (const [how, breakIt] of [
  ['an expired version', (api: FakeApiServer) => api.watches.expire()],
  ['silence', (api: FakeApiServer) => api.watches.silence()],
] as const) {
  test(`after ${how} each node is listed again, and nothing is missed`, async () => {
    await using following = await followingPods();
    const { clock, api, follow, sharedWatches } = following;
    for (const number of [1, 2]) api.addPod({ name: `web-${number}`, node: `node-${number}` });
    const first = follow('node-1');
    const second = follow('node-2');
    await clock.advance(1000);
    breakIt(api);
    // Nobody tells of it.
    remove(api, 'web-1');
    api.addPod({ name: 'web-1', node: 'node-1' });
    if (how === 'silence') {
      await clock.advance(34_000);
      assert.deepEqual(first.changes, ['all web-1']);
      api.cluster.store.compact();
      api.watches.speak();
    }
    await clock.advance(3000);
    assert.deepEqual(first.changes, ['all web-1', 'all web-1']);
    assert.deepEqual(second.changes, ['all web-2', 'all web-2']);
    remove(api, 'web-2');
    await clock.settle();
    assert.equal(second.changes.at(-1), 'gone');
    assert.ok(sharedWatches().length >= 2);
  });
}

test('without the right to watch many nodes are listed again and again, but not 50 times a second', async () => {
  await using following = await followingPods();
  const { clock, api, follow, lists, warnings } = following;
  for (const node of following.own) node.stop();
  await clock.settle();
  api.access.grant(api.adminToken, { name: 'nth', rules: nthRules });
  const followed = Array.from({ length: 200 }, (_, number) => follow(`node-${number}`));
  await clock.advance(10_000);
  const before = lists('node-150').length;
  api.addPod({ name: 'late', node: 'node-150' });
  await clock.advance(21_000);
  const times = lists('node-150').length - before;
  assert.ok(times >= 4 && times <= 6, `${times} lists of one of 200 nodes in 21 s`);
  assert.equal(followed[150]?.changes.at(-1), 'all late');
  assert.equal(warnings().length, 1);
  assert.match(warnings()[0]?.message ?? '', /add the verb "watch" on "pods" to the ClusterRole/);
});
