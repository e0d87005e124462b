import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Interruption } from '../../src/interruption/interruption.ts';
import type { Marks, NodeView } from '../../src/kubernetes/cluster.ts';
import { readMarkState, stateAnnotation } from '../../src/kubernetes/mark-state.ts';
import { markPatch, type MarkOptions } from '../../src/kubernetes/node-marks.ts';
import { asgTermination, maintenance, rebalance, spot, t0 } from '../interruption/interruptions.ts';

const everything: MarkOptions = { taintEffect: 'NoSchedule', excludeFromLoadBalancers: true };
const nothing: MarkOptions = { taintEffect: undefined, excludeFromLoadBalancers: false };

function node(given: Partial<NodeView> = {}): NodeView {
  return {
    name: 'node-1',
    uid: 'uid-node-1',
    resourceVersion: '7',
    providerId: undefined,
    unschedulable: false,
    taints: [],
    labels: {},
    annotations: {},
    ...given,
  };
}

const drainMarks: Marks = {
  interruptions: [],
  over: [],
  remembersOver: false,
  forDrain: true,
  phase: 'marked',
  outOfService: false,
};

function mark(
  interruptions: readonly Interruption[],
  options: MarkOptions = nothing,
  before: Partial<NodeView> = {},
) {
  const marks = interruptions.map((interruption) => ({ interruption, deadline: undefined }));
  const patch = markPatch(node(before), { ...drainMarks, interruptions: marks }, options, t0);
  return { patch, state: readMarkState(patch?.annotations?.[stateAnnotation] ?? undefined) };
}

test('a node is cordoned under the version that was read, and the annotation says that it was us', () => {
  const { patch, state } = mark([spot()]);
  assert.equal(patch?.resourceVersion, '7');
  assert.equal(patch.unschedulable, true);
  assert.equal(patch.taints, undefined);
  assert.deepEqual(state?.ours, { cordon: true, taints: [], labels: [] });
  assert.deepEqual(
    state.signals.map((it) => it.kind),
    ['SPOT_ITN'],
  );
});

test('a signal that comes again after another one is no reason to write', () => {
  const { patch, state } = mark([rebalance(), spot()]);
  const marked = { unschedulable: true, annotations: { [stateAnnotation]: JSON.stringify(state) } };
  assert.ok(patch);
  assert.equal(mark([rebalance()], nothing, marked).patch, undefined);
  assert.equal(mark([spot(), rebalance()], nothing, marked).patch, undefined);
});

test('a message that comes again keeps the time at which it was first seen, and is no reason to write', () => {
  const monitor = 'SQS_MONITOR';
  for (const interruption of [asgTermination({ monitor }), maintenance({ monitor, toldAt: t0 })]) {
    const { state } = mark([interruption]);
    const marked = { unschedulable: true, annotations: { [stateAnnotation]: JSON.stringify(state) } };
    const again = { ...interruption, seenAt: t0 + 60_000 };
    assert.equal(mark([again], nothing, marked).patch, undefined);
  }
});

test('what AWS tells anew of maintenance is first seen when that comes', () => {
  const known = maintenance({ monitor: 'SQS_MONITOR', toldAt: t0 });
  const seenAt = t0 + 60_000;
  const news = [
    { ...known, seenAt, toldAt: t0 + 1_000 },
    { ...known, seenAt, notBefore: known.notBefore + 1_000 },
  ];
  for (const interruption of news) {
    const { state } = mark([known]);
    const marked = { unschedulable: true, annotations: { [stateAnnotation]: JSON.stringify(state) } };
    const [signal] = mark([interruption], nothing, marked).state?.signals ?? [];
    assert.equal(signal?.queued?.since, new Date(seenAt).toISOString());
  }
});

test("someone else's cordon is not ours", () => {
  assert.equal(mark([spot()], nothing, { unschedulable: true }).state?.ours.cordon, false);
});

const taintRows: readonly [Interruption, string | undefined][] = [
  [spot(), 'aws-node-termination-handler/spot-itn'],
  [rebalance(), 'aws-node-termination-handler/rebalance-recommendation'],
  [asgTermination(), 'aws-node-termination-handler/asg-lifecycle-termination'],
  [maintenance(), 'aws-node-termination-handler/scheduled-maintenance'],
  [maintenance({ code: 'system-maintenance' }), undefined],
];

for (const [interruption, key] of taintRows) {
  const code = interruption.kind === 'SCHEDULED_EVENT' ? ` (${interruption.code})` : '';
  test(`${interruption.kind}${code} puts the taint ${key ?? 'none'}`, () => {
    const { patch, state } = mark([interruption], everything);
    assert.deepEqual(patch?.taints?.map((taint) => taint.key) ?? [], key === undefined ? [] : [key]);
    assert.deepEqual(state?.ours.taints, key === undefined ? [] : [key]);
  });
}

test('the value of a taint is the event id, cut to 63 characters', () => {
  const [taint] = mark([spot()], everything).patch?.taints ?? [];
  assert.equal(taint?.value, spot().id.slice(0, 63));
  assert.equal(taint.effect, 'NoSchedule');
});

test("others' taints stay as they are, and one of our key is neither changed nor ours", () => {
  const foreign = { key: 'example.com/gpu', effect: 'NoExecute', timeAdded: '2029-01-01T00:00:00Z' };
  const same = { key: 'aws-node-termination-handler/spot-itn', value: 'older', effect: 'NoExecute' };
  const { patch, state } = mark([spot(), rebalance()], everything, { taints: [foreign, same] });
  assert.deepEqual(patch?.taints?.slice(0, 2), [foreign, same]);
  assert.deepEqual(
    patch.taints.slice(2).map((taint) => taint.key),
    ['aws-node-termination-handler/rebalance-recommendation'],
  );
  assert.deepEqual(state?.ours.taints, ['aws-node-termination-handler/rebalance-recommendation']);
});

test('a node is taken out of load balancers, unless somebody did so before', () => {
  const label = 'node.kubernetes.io/exclude-from-external-load-balancers';
  const { patch, state } = mark([spot()], everything);
  assert.equal(patch?.labels?.[label], 'aws-node-termination-handler');
  assert.deepEqual(state?.ours.labels, [label]);
  const before = mark([spot()], everything, { labels: { [label]: 'true' } });
  assert.equal(before.patch?.labels, undefined);
  assert.deepEqual(before.state?.ours.labels, []);
});

test('a node that is to reboot is labelled for the uncordon', () => {
  assert.deepEqual(mark([maintenance()]).patch?.labels, {
    'aws-node-termination-handler/event-id': 'instance-event-0d59937288b749b32',
    'aws-node-termination-handler/action': 'UncordonAfterReboot',
    'aws-node-termination-handler/action-time': String(t0 / 1000),
  });
});

test('maintenance that AWS Health tells of is a taint whatever its code, and no label: nobody sees the reboot', () => {
  for (const code of ['system-reboot', 'system-maintenance', 'AWS_EC2_SOMETHING_SCHEDULED']) {
    const { patch } = mark([maintenance({ monitor: 'SQS_MONITOR', code })], everything);
    assert.deepEqual(
      patch?.taints?.map(({ key }) => key),
      ['aws-node-termination-handler/scheduled-maintenance'],
    );
    assert.deepEqual(Object.keys(patch.labels ?? {}), [
      'node.kubernetes.io/exclude-from-external-load-balancers',
    ]);
  }
});

test('a node that somebody else cordoned is not labelled for the uncordon', () => {
  assert.deepEqual(mark([maintenance()], nothing, { unschedulable: true }).patch?.labels, {
    'aws-node-termination-handler/event-id': 'instance-event-0d59937288b749b32',
  });
});

test('a node that carries all its marks is not written again', () => {
  const { patch } = mark([spot()], everything);
  const marked: Partial<NodeView> = {
    unschedulable: true,
    taints: patch?.taints ?? [],
    labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': 'aws-node-termination-handler' },
    annotations: { [stateAnnotation]: patch?.annotations?.[stateAnnotation] ?? '' },
  };
  assert.equal(mark([spot()], everything, marked).patch, undefined);
});

test('what was ours stays ours when another signal joins', () => {
  const first = mark([spot()], everything).patch;
  const { state } = mark([spot(), rebalance()], everything, {
    unschedulable: true,
    taints: first?.taints ?? [],
    annotations: { [stateAnnotation]: first?.annotations?.[stateAnnotation] ?? '' },
  });
  assert.deepEqual(state?.ours, {
    cordon: true,
    taints: [
      'aws-node-termination-handler/spot-itn',
      'aws-node-termination-handler/rebalance-recommendation',
    ],
    labels: ['node.kubernetes.io/exclude-from-external-load-balancers'],
  });
});

for (const garbage of ['', '{', 'null', '[]', '{"version":1}', '{"version":2,"signals":[],"ours":{}}']) {
  test(`an annotation of ${JSON.stringify(garbage)} is survived`, () => {
    const { state } = mark([spot()], nothing, { annotations: { [stateAnnotation]: garbage } });
    assert.equal(state?.ours.cordon, true);
  });
}

test('what another replica was told is over is not marked for, by a taint either', () => {
  const state = {
    version: 1,
    phase: 'marked',
    signals: [],
    ours: { cordon: false, taints: [], labels: [] },
    done: ['event-1'],
  };
  const before = { annotations: { [stateAnnotation]: JSON.stringify(state) } };
  const over = maintenance({ id: 'event-1', monitor: 'SQS_MONITOR' });
  const { patch } = mark([over, rebalance()], everything, before);
  assert.deepEqual(
    patch?.taints?.map(({ key }) => key),
    ['aws-node-termination-handler/rebalance-recommendation'],
  );
});

test('the time of the labels for a reboot is that of the event that they name', () => {
  const prefix = 'aws-node-termination-handler';
  const labels = {
    [`${prefix}/action`]: 'UncordonAfterReboot',
    [`${prefix}/action-time`]: '1000',
    [`${prefix}/event-id`]: 'event-1',
  };
  const { state } = mark([maintenance({ id: 'event-1' })]);
  const before = { labels, unschedulable: true, annotations: { [stateAnnotation]: JSON.stringify(state) } };
  const { patch } = mark([maintenance({ id: 'event-2' })], nothing, before);
  assert.deepEqual(patch?.labels, {
    [`${prefix}/event-id`]: 'event-2',
    [`${prefix}/action-time`]: `${t0 / 1000}`,
  });
});

test('labels that are not ours are not handed on to the next reboot', () => {
  const first = mark([maintenance({ id: 'event-1' }), maintenance({ id: 'event-2' })], nothing, {
    unschedulable: true,
  });
  const eventId = 'aws-node-termination-handler/event-id';
  assert.deepEqual(first.patch?.labels, { [eventId]: 'event-1' });
  const marked = {
    unschedulable: true,
    labels: { [eventId]: 'event-1' },
    annotations: { [stateAnnotation]: JSON.stringify(first.state) },
  };
  const marks = { ...drainMarks, over: [{ id: 'event-1' }] };
  assert.deepEqual(markPatch(node(marked), marks, nothing, t0)?.labels, { [eventId]: 'event-2' });
});

test('the labels for a reboot stay for the event that is still to come when the one they name is over', () => {
  const prefix = 'aws-node-termination-handler';
  const first = mark([maintenance({ id: 'event-1' })]);
  const marked = {
    unschedulable: true,
    labels: Object.fromEntries(
      Object.entries(first.patch?.labels ?? {}).map(([key, value]) => [key, value ?? '']),
    ),
    annotations: { [stateAnnotation]: JSON.stringify(first.state) },
  };
  const second = { interruption: maintenance({ id: 'event-2' }), deadline: undefined };
  const marks = { ...drainMarks, interruptions: [second], over: [{ id: 'event-1' }] };
  const labels = markPatch(node(marked), marks, nothing, t0 + 60_000)?.labels;
  assert.deepEqual(labels, {
    [`${prefix}/event-id`]: 'event-2',
    [`${prefix}/action-time`]: `${t0 / 1000 + 60}`,
  });
});
