import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Interruption } from '../../src/interruption/interruption.ts';
import type { Marks } from '../../src/kubernetes/cluster.ts';
import { readMarkState, stateAnnotation } from '../../src/kubernetes/mark-state.ts';
import { Nodes } from '../../src/kubernetes/nodes.ts';
import { addNode, instanceId, runningIndex } from './running-index.ts';

const { signal } = new AbortController();
const name = 'ip-10-0-0-1.ec2.internal';
const options = { taintEffect: undefined, excludeFromLoadBalancers: false };

function marksFor(kind: 'STATE_CHANGE' | 'REBALANCE_RECOMMENDATION'): Marks {
  const base = {
    id: kind,
    monitor: 'SQS_MONITOR',
    description: '',
    where: { nodeName: name, instanceId: instanceId(1) },
    seenAt: 0,
    startTime: 0,
  } as const;
  const interruption: Interruption =
    kind === 'STATE_CHANGE' ? { ...base, kind, state: 'stopping' } : { ...base, kind, noticedAt: 0 };
  return {
    interruptions: [{ interruption, deadline: undefined }],
    over: [],
    remembersOver: false,
    forDrain: true,
    phase: 'marked',
    outOfService: false,
  };
}

test('a replica whose view of the node is old does not undo what another one has written on it', async () => {
  await using it = await runningIndex((api) => addNode(api, 1));
  await it.clock.advance(2_000);
  const [first, second] = [1, 2].map(() => new Nodes(options, { ...it, knownNodes: it.index }));
  assert.ok(first && second);
  await it.clock.advanceWhile(first.mark(name, marksFor('STATE_CHANGE'), signal));
  await it.clock.settle();
  // As after the API server was away: what it last heard of is still there.
  const before = structuredClone(it.index.byName(name));
  assert.ok(before);
  const knownNodes = { isCurrent: true, byName: () => before, take: () => {} };
  const third = new Nodes(options, { ...it, knownNodes });
  await it.clock.advanceWhile(second.mark(name, marksFor('REBALANCE_RECOMMENDATION'), signal));
  const drained = { ...marksFor('STATE_CHANGE'), phase: 'drained' } as const;
  await it.clock.advanceWhile(third.mark(name, drained, signal));
  const state = readMarkState(it.api.node(name).metadata.annotations?.[stateAnnotation]);
  assert.deepEqual(
    state?.signals.map(({ id }) => id),
    ['STATE_CHANGE', 'REBALANCE_RECOMMENDATION'],
  );
});

test('a replica marks again what another one has unmarked since', async () => {
  await using it = await runningIndex((api) => addNode(api, 1));
  await it.clock.advance(2_000);
  const [first, second] = [1, 2].map(() => new Nodes(options, { ...it, knownNodes: it.index }));
  assert.ok(first && second);
  const marks = marksFor('STATE_CHANGE');
  await it.clock.advanceWhile(first.mark(name, marks, signal));
  const over = { ...marks, interruptions: [], over: [{ id: 'STATE_CHANGE' }] };
  await it.clock.advanceWhile(second.mark(name, over, signal));
  await it.clock.settle();
  assert.equal(it.api.node(name).spec.unschedulable, undefined);
  assert.equal(await it.clock.advanceWhile(first.mark(name, marks, signal)), 'marked');
  assert.equal(it.api.node(name).spec.unschedulable, true);
});

test('a Node of another instance is not marked, however its name was come by', async () => {
  await using it = await runningIndex((api) => addNode(api, 1));
  await it.clock.advance(2_000);
  const cluster = new Nodes(options, { ...it, knownNodes: it.index });
  const marks = marksFor('STATE_CHANGE');
  const [mark] = marks.interruptions;
  assert.ok(mark);
  const interruption = { ...mark.interruption, where: { nodeName: name, instanceId: instanceId(2) } };
  const others = { ...marks, interruptions: [{ ...mark, interruption }] };
  assert.equal(await it.clock.advanceWhile(cluster.mark(name, others, signal)), 'other-machine');
  assert.equal(it.api.node(name).spec.unschedulable, undefined);
});
