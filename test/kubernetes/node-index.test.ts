import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instanceIdOf } from '../../src/kubernetes/indexed-node.ts';
import { nodes } from '../fakes/api-server/resources.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { addNode, instanceId, runningIndex } from './running-index.ts';

function change(api: FakeApiServer, name: string, fields: object): void {
  const { store } = api.cluster;
  store.update(nodes, { ...store.get(nodes, name), ...fields });
}

const ready = { type: 'Ready', status: 'True', lastTransitionTime: '2030-01-01T00:00:00Z' };
const heartbeat = { status: { conditions: [{ ...ready, lastHeartbeatTime: 'now' }] } };

test('a node is found by its instance, and by names as NTH looks for them', async () => {
  await using it = await runningIndex((api) => {
    addNode(api, 1);
    api.addNode({ name: 'short', labels: { 'kubernetes.io/hostname': 'ip-10-0-0-2' }, providerId: '' });
    api.addNode({
      name: 'long',
      labels: { 'kubernetes.io/hostname': 'ip-10-0-0-3.ec2.internal' },
      providerId: '',
    });
    api.addNode({
      name: 'ip-10-0-0-4.ec2.internal',
      labels: { 'kubernetes.io/hostname': 'four' },
      providerId: '',
    });
    api.addNode({ name: 'fargate', providerId: 'aws:///us-east-1a/c0ffee/fargate-ip-10-0-0-5' });
  });
  const { index } = it;
  assert.equal(index.size, 5);
  assert.equal(index.byInstanceId(instanceId(1))?.name, 'ip-10-0-0-1.ec2.internal');
  assert.equal(index.byName('short')?.instanceId, undefined);
  assert.equal(index.byName('fargate')?.instanceId, undefined);
  const byDns = (number: number) => index.byPrivateDnsName(`ip-10-0-0-${number}.ec2.internal`)?.name;
  assert.deepEqual([1, 2, 3, 4, 5].map(byDns), [
    'ip-10-0-0-1.ec2.internal',
    'short',
    'long',
    'ip-10-0-0-4.ec2.internal',
    undefined,
  ]);
  assert.equal(index.byPrivateDnsName(''), undefined);
});

test('an instance id is what a provider id of AWS ends in', () => {
  const cases: readonly [string | undefined, string | undefined][] = [
    ['aws:///us-east-1a/i-0123456789abcdef0', 'i-0123456789abcdef0'],
    ['aws:////i-0123456789abcdef0', 'i-0123456789abcdef0'],
    ['i-0123456789abcdef0', 'i-0123456789abcdef0'],
    ['aws:///us-east-1a/c0ffee/fargate-ip-10-0-0-1', undefined],
    ['gce://project/us-east1-b/i-1', undefined],
    ['eks-hybrid:///us-east-1/cluster/mi-0123456789abcdef0', undefined],
    ['', undefined],
    [undefined, undefined],
  ];
  for (const [providerId, expected] of cases)
    assert.equal(instanceIdOf(providerId), expected, String(providerId));
});

test('of a node is kept what marks are made from, and nothing else', async () => {
  const taints = [{ key: 'other', effect: 'NoSchedule', timeAdded: '2030-01-01T00:00:00Z' }];
  await using it = await runningIndex((api) => {
    api.addNode({
      name: 'n',
      labels: {
        app: 'x',
        'node.kubernetes.io/instance-type': 'm7i.large',
        'aws-node-termination-handler/event-id': 'e',
      },
      annotations: { note: 'y', 'aws-node-termination-handler/state': '{}' },
      taints,
      ready: false,
    });
  });
  const { readyChangedAt, resourceVersion, uid, ...kept } = it.index.byName('n') ?? assert.fail();
  assert.ok(Number(resourceVersion) > 0 && uid !== '' && readyChangedAt > 0);
  assert.deepEqual(kept, {
    name: 'n',
    providerId: 'aws:///eu-central-1a/i-0123456789abcdef0',
    instanceId: 'i-0123456789abcdef0',
    unschedulable: false,
    isReady: false,
    taints,
    labels: {
      'kubernetes.io/hostname': 'n',
      'node.kubernetes.io/instance-type': 'm7i.large',
      'aws-node-termination-handler/event-id': 'e',
    },
    annotations: { 'aws-node-termination-handler/state': '{}' },
  });
});

test('a list comes in pages, and begins anew where they have expired', async () => {
  let lists = 0;
  await using it = await runningIndex((api) => {
    for (let number = 0; number < 600; number += 1) addNode(api, number);
    api.faults.add({ kind: 'delay', ms: 10 }, { when: ({ verb }) => verb === 'list' });
    api.faults.add(
      { kind: 'delay', ms: 1 },
      {
        when: ({ verb }) => {
          lists += verb === 'list' ? 1 : 0;
          if (verb === 'list' && lists === 2) {
            api.lists.expireTokens();
            addNode(api, 600);
          }
          return false;
        },
      },
    );
  });
  await it.clock.advanceUntil(() => it.index.isCurrent);
  assert.equal(it.index.size, 601);
  assert.deepEqual(
    it.requests('list').map(({ code }) => code),
    [200, 410, 200, 200, 200],
  );
  assert.deepEqual(it.warned(), []);
});

test('changes are told once they are in the index; heartbeats only move the version', async () => {
  await using it = await runningIndex((api) => void addNode(api, 1));
  const { api, clock, changes, index } = it;
  const first = index.byInstanceId(instanceId(1)) ?? assert.fail();
  const version = first.resourceVersion;
  change(api, first.name, heartbeat);
  await clock.settle();
  assert.equal(index.byName(first.name), first);
  assert.notEqual(first.resourceVersion, version);
  assert.deepEqual(changes, [`present ${first.name}`]);

  const second = addNode(api, 2, false);
  await clock.settle();
  assert.equal(index.byInstanceId(instanceId(2))?.isReady, false);
  change(api, second, { status: { conditions: [{ type: 'Ready', status: 'True' }] } });
  change(api, second, { spec: { providerID: `aws:///us-east-1a/${instanceId(3)}` } });
  await clock.settle();
  assert.equal(index.byInstanceId(instanceId(2)), undefined);
  assert.equal(index.byInstanceId(instanceId(3))?.isReady, true);
  api.cluster.store.remove(nodes, api.cluster.store.get(nodes, second));
  await clock.settle();
  assert.equal(index.byName(second), undefined);
  assert.equal(index.byInstanceId(instanceId(3)), undefined);
  assert.deepEqual(changes.slice(1), [
    `present ${second}`,
    `present ${second}`,
    `present ${second}`,
    `gone ${second}`,
  ]);
  assert.equal(it.requests('list').length, 1);
  assert.equal(await it.sample('nth_indexed_nodes'), 1);
});

test('a node made anew under its name is another one, found by its own instance only', async () => {
  await using it = await runningIndex((api) => void api.addNode({ name: 'n', providerId: 'aws:///a/i-1' }));
  const { api, index, clock } = it;
  api.watches.silence();
  api.cluster.store.remove(nodes, api.cluster.store.get(nodes, 'n'));
  api.addNode({ name: 'n', providerId: 'aws:///a/i-2' });
  api.watches.speak();
  api.cluster.store.compact();
  api.watches.drop();
  await clock.advanceUntil(() => index.byInstanceId('i-2'));
  assert.equal(index.byInstanceId('i-1'), undefined);
});

test('the Node of an instance is found once another one of it, which was ready, is gone', async () => {
  const providerId = 'aws:///a/i-1';
  await using it = await runningIndex((api) => void api.addNode({ name: 'old', providerId }));
  const { api, index, clock } = it;
  api.addNode({ name: 'new', providerId, ready: false });
  await clock.settle();
  assert.equal(index.byInstanceId('i-1')?.name, 'old');
  api.cluster.store.remove(nodes, api.cluster.store.get(nodes, 'old'));
  await clock.advanceUntil(() => index.byInstanceId('i-1')?.name === 'new');
});

test('an expired version is followed by a list that finds who came and who went', async () => {
  await using it = await runningIndex((api) => {
    addNode(api, 1);
    addNode(api, 2);
  });
  const { api, index, clock } = it;
  api.watches.drop();
  api.cluster.store.remove(nodes, api.cluster.store.get(nodes, 'ip-10-0-0-1.ec2.internal'));
  addNode(api, 3);
  api.cluster.store.compact();
  await clock.advanceUntil(() => index.byInstanceId(instanceId(3)), { maxMs: 5_000 });
  assert.equal(index.byInstanceId(instanceId(1)), undefined);
  assert.equal(index.size, 2);
  assert.equal(it.requests('list').length, 2);
  assert.deepEqual(it.warned(), []);
});

test('a watch that breaks off, ends or falls silent is taken up where it was', async () => {
  await using it = await runningIndex((api) => void addNode(api, 1));
  const { api, index, clock } = it;
  api.watches.drop();
  addNode(api, 2);
  await clock.advanceUntil(() => index.byInstanceId(instanceId(2)), { maxMs: 1_000 });
  api.watches.end();
  addNode(api, 3);
  await clock.advanceUntil(() => index.byInstanceId(instanceId(3)), { maxMs: 1_000 });
  api.watches.silence();
  addNode(api, 4);
  api.watches.speak();
  await clock.advanceUntil(() => index.byInstanceId(instanceId(4)), { maxMs: 70_000 });
  assert.ok(it.requests('watch').length >= 4);
  assert.equal(it.requests('list').length, 1);
});

test('a quiet cluster is still known, for its watches end in good order', async () => {
  await using it = await runningIndex((api) => void addNode(api, 1));
  it.api.watches.bookmarkEveryMs = 3_600_000;
  for (let minutes = 0; minutes < 10; minutes += 1) {
    await it.clock.advance(60_000);
    assert.equal(it.index.isCurrent, true);
    assert.deepEqual(it.health.notReadyReasons(), []);
  }
  assert.equal(it.requests('list').length, 1);
});

test('an API server that is away is told of once the index is out of date', async () => {
  await using it = await runningIndex((api) => void addNode(api, 1));
  const { api, index, clock } = it;
  await api.goAway();
  await clock.advance(60_000);
  assert.deepEqual(it.warned(), []);
  await clock.advance(30_000);
  assert.equal(index.isCurrent, false);
  assert.equal(await index.refresh(new AbortController().signal), false);
  assert.equal(index.size, 1, 'what was known is still there');
  assert.deepEqual(it.warned(), ['Cannot follow the nodes of the cluster, trying again']);
  assert.equal(it.health.notReadyReasons().length, 1);
  addNode(api, 2);
  await api.restart();
  await clock.advanceUntil(() => index.byInstanceId(instanceId(2)), { maxMs: 10_000 });
  assert.deepEqual(it.health.notReadyReasons(), []);
  assert.ok(it.records.some(({ message }) => message === 'The nodes of the cluster are known again'));
});

test('a node is waited for until it is there and ready', async () => {
  await using it = await runningIndex();
  const { api, index, clock } = it;
  const name = 'ip-10-0-0-1.ec2.internal';
  const { signal } = new AbortController();
  const waiting = index.untilReady(name, signal);
  addNode(api, 1, false);
  addNode(api, 2);
  await clock.settle();
  change(api, name, { status: { conditions: [{ type: 'Ready', status: 'True' }] } });
  assert.equal((await clock.advanceWhile(waiting))?.name, name);
  assert.equal((await index.untilReady(name, signal))?.name, name);
  const stop = new AbortController();
  const never = index.untilReady('nobody', stop.signal);
  stop.abort(new Error('enough'));
  await assert.rejects(never, /enough/);
});

test('that a node was ready is not believed while the API server is away', async () => {
  await using it = await runningIndex();
  const { api, index, clock } = it;
  const name = addNode(api, 1);
  await clock.settle();
  await api.goAway();
  await clock.advance(120_000);
  let isSeen = false;
  const waiting = index.untilReady(name, new AbortController().signal).finally(() => {
    isSeen = true;
  });
  await clock.advance(60_000);
  assert.equal(isSeen, false);
  await api.restart();
  assert.equal((await clock.advanceWhile(waiting, { maxMs: 20_000 }))?.name, name);
});
