import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Marks } from '../../src/kubernetes/cluster.ts';
import { stateAnnotation } from '../../src/kubernetes/mark-state.ts';
import { Nodes } from '../../src/kubernetes/nodes.ts';
import type { LoggedRequest } from '../fakes/api-server/request-log.ts';
import { nthRules } from '../fakes/api-server/access.ts';
import { nodes } from '../fakes/api-server/resources.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { addNode, instanceId, runningIndex } from './running-index.ts';

const { signal } = new AbortController();
const name = 'ip-10-0-0-1.ec2.internal';

function marks(phase: Marks['phase']): Marks {
  const interruption = {
    kind: 'STATE_CHANGE',
    state: 'stopping',
    id: 'event-1',
    monitor: 'SQS_MONITOR',
    description: '',
    where: { nodeName: name },
    seenAt: 0,
    startTime: 0,
  } as const;
  return {
    interruptions: [{ interruption, deadline: undefined }],
    over: [],
    remembersOver: false,
    forDrain: false,
    phase,
    outOfService: false,
  };
}

async function marking(fill: (api: FakeApiServer) => void = () => {}) {
  const it = await runningIndex((api) => {
    addNode(api, 1);
    fill(api);
  });
  await it.clock.advance(2_000);
  const cluster = new Nodes(
    { taintEffect: undefined, excludeFromLoadBalancers: false },
    { ...it, knownNodes: it.index },
  );
  // Nothing is remembered after the last word about a drain.
  const mark = () => it.clock.advanceWhile(cluster.mark(name, marks('drained'), signal));
  return { ...it, mark, gets: () => it.api.requests.filter(({ verb }) => verb === 'get').length };
}

function unmark({ cluster: { store } }: FakeApiServer): void {
  const { annotations, ...metadata } = store.get(nodes, name).metadata;
  assert.ok(annotations?.[stateAnnotation]);
  store.update(nodes, { ...store.get(nodes, name), metadata, spec: {} });
}

test('a node that the index shows is marked without reading it', async () => {
  await using it = await marking();
  assert.equal(await it.mark(), 'marked');
  await it.clock.settle();
  assert.equal(await it.mark(), 'was-marked');
  unmark(it.api);
  await it.clock.settle();
  assert.equal(await it.mark(), 'marked');
  assert.equal(it.gets(), 0);
});

test('what the API server has shown by the way is known, until the watch tells of something newer', async () => {
  await using it = await marking();
  const shown = it.api.node(name);
  const taken = (resourceVersion: string, unschedulable: boolean) => {
    it.index.take({ ...shown, metadata: { ...shown.metadata, resourceVersion }, spec: { unschedulable } });
    return it.index.byName(name)?.unschedulable;
  };
  assert.equal(taken('2000', true), true);
  assert.equal(taken('1999', false), true);
  // An event from before that write.
  it.api.cluster.store.update(nodes, { ...shown, spec: { unschedulable: false } });
  await it.clock.settle();
  assert.equal(it.index.byName(name)?.unschedulable, true);
  assert.equal(taken('2001', false), false);
});

test('a list that began before a mark does not take the mark out of the index', async () => {
  // The node is on the second page, which shows the cluster as it was when the list began.
  await using it = await marking((api) => {
    for (let number = 2; number <= 300; number += 1) api.addNode({ name: `a-node-${number}` });
  });
  const { api, clock, index } = it;
  const nodesApi = new Nodes(
    { taintEffect: undefined, excludeFromLoadBalancers: false },
    { ...it, knownNodes: index },
  );
  const isSecondPage = ({ verb, path }: LoggedRequest): boolean =>
    verb === 'list' && path.includes('continue=');
  api.faults.add({ kind: 'delay', ms: 5000 }, { when: isSecondPage });
  // Nor does the watch tell of the mark for a while.
  api.faults.add({ kind: 'hang' }, { when: ({ verb }) => verb === 'watch' });
  api.watches.expire();
  await clock.advance(1000);
  assert.equal(await clock.advanceWhile(nodesApi.mark(name, marks('marked'), signal)), 'marked');
  await clock.advance(6000);
  assert.equal(api.requests.filter(isSecondPage).length, 2);
  assert.equal(index.byName(name)?.unschedulable, true);
  const over = { ...marks('marked'), interruptions: [], over: [{ id: 'event-1' }] };
  assert.equal(await clock.advanceWhile(nodesApi.mark(name, over, signal)), 'marked');
  assert.equal(api.node(name).spec.unschedulable, undefined);
});

test('of a restored backup the list is true, also for a node that was shown while it was read', async () => {
  await using it = await marking((api) => {
    for (let number = 2; number <= 300; number += 1) api.addNode({ name: `a-node-${number}` });
  });
  const { api, clock, index } = it;
  const shown = api.node(name);
  // As it was in the cluster whose backup has been restored since.
  index.take({
    ...shown,
    metadata: { ...shown.metadata, resourceVersion: '1000000' },
    spec: { ...shown.spec, unschedulable: true },
  });
  assert.equal(index.byName(name)?.unschedulable, true);
  const isSecondPage = ({ verb, path }: LoggedRequest): boolean =>
    verb === 'list' && path.includes('continue=');
  api.faults.add({ kind: 'delay', ms: 5000 }, { when: isSecondPage });
  api.watches.expire();
  await clock.advance(1000);
  index.take(api.node(name));
  await clock.advance(6000);
  assert.equal(index.byName(name)?.unschedulable, false);
});

test('a node that was deleted is not brought back by an answer from before', async () => {
  await using it = await marking();
  const shown = it.api.node(name);
  it.api.cluster.store.remove(nodes, shown);
  await it.clock.settle();
  it.index.take(shown);
  assert.equal(it.index.byName(name), undefined);
});

test('a node that was shown under the name of another one stays, whatever older things are told later', async () => {
  await using it = await marking();
  const { api, changes, clock, index } = it;
  const before = api.node(name);
  const release = api.watches.hold();
  api.cluster.store.remove(nodes, before);
  api.addNode({ name, providerId: `aws:///us-east-1a/${instanceId(2)}` });
  index.take(api.node(name));
  assert.equal(index.byInstanceId(instanceId(2))?.name, name);
  assert.equal(index.byInstanceId(instanceId(1)), undefined);
  index.take(before);
  release();
  await clock.settle();
  assert.equal(index.byInstanceId(instanceId(2))?.name, name);
  assert.deepEqual(changes, [`present ${name}`, `present ${name}`]);
});

test('an index that nobody keeps up to date is not believed', async () => {
  await using it = await marking((api) => {
    api.access.grant(api.adminToken, { name: 'nth', rules: nthRules });
  });
  assert.equal(await it.mark(), 'marked');
  await it.clock.advanceWhile(it.index.refresh(signal));
  assert.ok(it.index.byName(name)?.annotations[stateAnnotation]);
  unmark(it.api);
  assert.equal(await it.mark(), 'marked');
  assert.equal(it.api.node(name).spec.unschedulable, true);
  assert.equal(it.gets(), 2);
});
