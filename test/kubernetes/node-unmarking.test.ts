import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import * as fc from 'fast-check';
import type { Interruption } from '../../src/interruption/interruption.ts';
import type { Marks, NodePatch, NodeView, Taint } from '../../src/kubernetes/cluster.ts';
import { readMarkState, stateAnnotation } from '../../src/kubernetes/mark-state.ts';
import { markPatch, readMemory, type MarkOptions } from '../../src/kubernetes/node-marks.ts';
import { asgTermination, maintenance, rebalance, spot, t0 } from '../interruption/interruptions.ts';

const everything: MarkOptions = { taintEffect: 'NoSchedule', excludeFromLoadBalancers: true };

const untouched: NodeView = {
  name: 'node-1',
  uid: 'uid-node-1',
  resourceVersion: '7',
  providerId: undefined,
  unschedulable: false,
  taints: [],
  labels: {},
  annotations: {},
};

/** What the API server makes of a patch. */
function patched(node: NodeView, patch: NodePatch | undefined): NodeView {
  if (!patch) return node;
  const without = (all: Readonly<Record<string, string>>, change: Readonly<Record<string, string | null>>) =>
    Object.fromEntries(
      Object.entries({ ...all, ...change }).filter((entry): entry is [string, string] => entry[1] !== null),
    );
  return {
    ...node,
    unschedulable: patch.unschedulable ?? node.unschedulable,
    taints: patch.taints ?? node.taints,
    labels: without(node.labels, patch.labels ?? {}),
    annotations: without(node.annotations, patch.annotations ?? {}),
  };
}

function marks(
  interruptions: readonly Interruption[],
  over: readonly string[],
  more: Partial<Marks> = {},
): Marks {
  return {
    interruptions: interruptions.map((interruption) => ({ interruption, deadline: undefined })),
    over: over.map((id) => ({ id })),
    remembersOver: false,
    forDrain: true,
    phase: 'marked',
    outOfService: false,
    ...more,
  };
}

function apply(node: NodeView, wanted: Marks, options: MarkOptions = everything): NodeView {
  return patched(node, markPatch(node, wanted, options, t0));
}

describe('when all is over', () => {
  it('the node is as it was before', () => {
    const marked = apply(untouched, marks([spot(), maintenance()], []), everything);
    assert.equal(marked.unschedulable, true);
    assert.deepEqual(apply(marked, marks([], [spot().id, maintenance().id])), untouched);
  });

  it('a cordon that was there before stays', () => {
    const cordoned = { ...untouched, unschedulable: true };
    assert.deepEqual(apply(apply(cordoned, marks([spot()], [])), marks([], [spot().id])), cordoned);
  });

  it("a load balancers' label with another value than ours stays", () => {
    const marked = apply(untouched, marks([spot()], []));
    const label = 'node.kubernetes.io/exclude-from-external-load-balancers';
    const changed = { ...marked, labels: { ...marked.labels, [label]: 'by-hand' } };
    assert.deepEqual(apply(changed, marks([], [spot().id])).labels, { [label]: 'by-hand' });
  });

  it('the out-of-service taint goes with the rest', () => {
    const marked = apply(untouched, marks([spot()], []));
    const out = apply(marked, marks([spot()], [], { phase: 'drained', outOfService: true }));
    assert.ok(out.taints.some(({ key }) => key === 'node.kubernetes.io/out-of-service'));
    assert.deepEqual(apply(out, marks([], [spot().id])), untouched);
  });
});

describe('when one of several is over', () => {
  it('its taint and its labels go, and the rest stays', () => {
    const marked = apply(untouched, marks([maintenance(), spot()], []));
    const left = apply(marked, marks([spot()], [maintenance().id]));
    assert.equal(left.unschedulable, true);
    assert.deepEqual(
      left.taints.map(({ key }) => key),
      ['aws-node-termination-handler/spot-itn'],
    );
    assert.equal(left.labels['aws-node-termination-handler/action'], undefined);
    assert.deepEqual(apply(left, marks([], [spot().id])), untouched);
  });
});

describe('a node that NTH marked before the image was swapped', () => {
  const byNth: NodeView = {
    ...untouched,
    unschedulable: true,
    taints: [
      { key: 'aws-node-termination-handler/scheduled-maintenance', value: 'e-1', effect: 'NoSchedule' },
    ],
    labels: {
      'aws-node-termination-handler/action': 'UncordonAfterReboot',
      'aws-node-termination-handler/action-time': '1700000000',
      'aws-node-termination-handler/event-id': 'e-1',
      team: 'shop',
    },
  };

  it('is recognised by its labels', () => {
    assert.deepEqual(readMemory(byNth), {
      signals: [],
      phase: 'marked',
      done: [],
      reboot: { eventId: 'e-1', markedAt: 1_700_000_000_000 },
    });
  });

  it('is uncordoned and unmarked after the reboot, with whichever of the labels are there', () => {
    const withoutTime = { ...byNth, labels: { ...byNth.labels } };
    delete (withoutTime.labels as Record<string, string>)['aws-node-termination-handler/action-time'];
    for (const node of [byNth, withoutTime]) {
      const after = apply(node, marks([], ['e-1'], { remembersOver: true }));
      assert.equal(after.unschedulable, false);
      assert.deepEqual(after.taints, []);
      assert.deepEqual(after.labels, { team: 'shop' });
      assert.deepEqual(readMemory(after).done, [{ id: 'e-1' }]);
    }
  });

  it('is uncordoned also where we marked it for the same event in between', () => {
    const resumed = apply(byNth, marks([maintenance({ id: 'e-1' })], []));
    const after = apply(resumed, marks([], ['e-1'], { remembersOver: true }));
    assert.equal(after.unschedulable, false);
    assert.equal(after.labels['aws-node-termination-handler/action'], undefined);
  });
});

test('an event that has been dealt with is remembered through later ones', () => {
  const rebooted = apply(
    apply(untouched, marks([maintenance({ id: 'e-1' })], [])),
    marks([], ['e-1'], { remembersOver: true }),
  );
  const later = apply(rebooted, marks([maintenance({ id: 'e-2' })], []));
  assert.deepEqual(readMemory(later).done, [{ id: 'e-1' }]);
  assert.deepEqual(readMemory(apply(later, marks([], ['e-2']))).done, [{ id: 'e-1' }]);
});

test('what another replica has marked the node for since it was called off stays', () => {
  const toldAt = t0 + 60_000;
  const { id } = maintenance();
  const news = maintenance({ monitor: 'SQS_MONITOR', toldAt });
  const marked = apply(untouched, marks([news], []));
  const calledOffAt = (instant: number): NodeView =>
    apply(marked, marks([], [], { over: [{ id, toldAt: instant }], remembersOver: true }));
  const late = calledOffAt(t0);
  assert.equal(late.unschedulable, true);
  assert.deepEqual(
    readMemory(late).signals.map((it) => it.id),
    [id],
  );
  assert.equal(calledOffAt(toldAt).unschedulable, false);
});

test('events that an earlier version remembered by their ids alone are remembered on', () => {
  const state = { version: 1, phase: 'marked', signals: [], ours: { cordon: false, taints: [], labels: [] } };
  const annotation = JSON.stringify({ ...state, done: ['e-1', 1, { id: 'e-2', toldAt: 'never' }] });
  const node = { ...untouched, annotations: { [stateAnnotation]: annotation } };
  assert.deepEqual(readMemory(node).done, [{ id: 'e-1' }]);
  const rebooted = marks([], ['e-3'], { remembersOver: true });
  assert.deepEqual(readMemory(apply(node, rebooted)).done, [{ id: 'e-1' }, { id: 'e-3' }]);
});

test('of spot notices there is one at a time: a newer one takes the place of the one before', () => {
  const first = apply(untouched, marks([spot({ id: 'spot-itn-a' })], []));
  const second = apply(first, marks([spot({ id: 'spot-itn-b' })], []));
  assert.deepEqual(
    readMemory(second).signals.map(({ id }) => id),
    ['spot-itn-b'],
  );
  assert.deepEqual(apply(second, marks([], ['spot-itn-b'])), untouched);
});

const foreignTaints: readonly Taint[] = [
  { key: 'example.com/gpu', value: 'true', effect: 'NoSchedule' },
  { key: 'aws-node-termination-handler/spot-itn', value: 'older', effect: 'NoExecute' },
];

const anyNode: fc.Arbitrary<NodeView> = fc.record(
  {
    name: fc.constant('node-1'),
    uid: fc.constant('uid-node-1'),
    resourceVersion: fc.constant('7'),
    providerId: fc.constant(undefined),
    unschedulable: fc.boolean(),
    taints: fc.subarray([...foreignTaints]),
    labels: fc.constantFrom<Readonly<Record<string, string>>>(
      {},
      { team: 'shop' },
      { 'node.kubernetes.io/exclude-from-external-load-balancers': 'true' },
    ),
    annotations: fc.constantFrom<Readonly<Record<string, string>>>({}, { owner: 'shop' }),
  },
  { noNullPrototype: true },
);

const anyInterruptions = fc.subarray(
  [
    spot(),
    rebalance(),
    maintenance(),
    asgTermination(),
    maintenance({ id: 'e-2', code: 'system-maintenance' }),
  ],
  { minLength: 1 },
);

test('whatever is marked in whatever order and then over, what was there before is there afterwards', () => {
  fc.assert(
    fc.property(
      anyNode,
      anyInterruptions,
      fc.boolean(),
      fc.boolean(),
      fc.func(fc.boolean()),
      (before, interruptions, atOnce, outOfService, overFirst) => {
        let node = before;
        const joined: Interruption[] = [];
        for (const interruption of interruptions) {
          joined.push(interruption);
          if (!atOnce) node = apply(node, marks(joined, []));
        }
        node = apply(node, marks(joined, []));
        node = apply(node, marks(joined, [], { phase: 'drained', outOfService }));
        assert.equal(node.unschedulable, true);
        assert.equal(readMarkState(node.annotations[stateAnnotation])?.phase, 'drained');
        const first = interruptions.filter((it) => overFirst(it.id));
        const second = interruptions.filter((it) => !first.includes(it));
        node = apply(
          node,
          marks(
            second,
            first.map((it) => it.id),
          ),
        );
        node = apply(
          node,
          marks(
            [],
            interruptions.map((it) => it.id),
          ),
        );
        assert.deepEqual(node, before);
      },
    ),
    { numRuns: 2_000 },
  );
});

test('writing twice is writing once', () => {
  fc.assert(
    fc.property(anyNode, anyInterruptions, (before, interruptions) => {
      const once = apply(before, marks(interruptions, []));
      assert.equal(markPatch(once, marks(interruptions, []), everything, t0 + 60_000), undefined);
    }),
    { numRuns: 500 },
  );
});
