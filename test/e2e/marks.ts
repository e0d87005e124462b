import assert from 'node:assert/strict';
import type { Node } from '../parts/objects.ts';
import type { NodeUnderTest } from './node-under-test.ts';

const SPOT_TAINT = 'aws-node-termination-handler/spot-itn';
const STATE = 'aws-node-termination-handler/state';

/** What the annotation says, as far as tests look at it. */
interface MarkState {
  readonly phase: string;
  readonly signals: readonly { readonly id: string; readonly kind: string; readonly deadline?: string }[];
  readonly ours: unknown;
}

export interface ExpectedMarks {
  readonly kind: string;
  /** @default either */
  readonly phase?: 'marked' | 'drained';
  /** Keys, in the order in which they came. @default none */
  readonly taints?: readonly string[];
  /** Keys. @default none */
  readonly labels?: readonly string[];
}

/** The node carries the marks of one signal, each once, and remembers that all of them are ours to undo. */
export async function assertMarked(node: NodeUnderTest, expected: ExpectedMarks): Promise<MarkedNode> {
  const { kind, phase, taints = [], labels = [] } = expected;
  const { spec, metadata } = await node.object();
  assert.equal(spec.unschedulable, true);
  const state = JSON.parse(metadata.annotations?.[STATE] ?? '{}') as MarkState;
  assert.deepEqual(state.ours, { cordon: true, taints, labels });
  if (phase !== undefined) assert.equal(state.phase, phase);
  const [signal, ...others] = state.signals;
  assert.deepEqual(others, []);
  assert.equal(signal?.kind, kind);
  const ownTaints = (spec.taints ?? []).filter(({ key }) => taints.includes(key));
  assert.deepEqual(
    ownTaints.map(({ key }) => key),
    taints,
  );
  const missing = labels.filter((key) => metadata.labels?.[key] === undefined);
  assert.deepEqual(missing, []);
  const [first] = ownTaints;
  if (first) {
    assert.equal(first.effect, 'NoSchedule');
    assert.ok(signal.id.startsWith(first.value ?? '?'), 'the taint names the signal');
  }
  return { id: signal.id, deadlineMs: Date.parse(signal.deadline ?? ''), labels: metadata.labels ?? {} };
}

export interface MarkedNode {
  /** Of the signal. */
  readonly id: string;
  /** NaN where the signal has none. */
  readonly deadlineMs: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** As `assertMarked`, for a spot notice with taints. */
export async function assertMarkedOnce(node: NodeUnderTest): Promise<MarkedNode> {
  const marked = await assertMarked(node, { kind: 'SPOT_ITN', taints: [SPOT_TAINT] });
  assert.match(marked.id, /^spot-itn-[0-9a-f]+$/u);
  return marked;
}

interface State {
  readonly done?: readonly { readonly id: string }[];
}

/**
 * Nothing of ours is on the node but perhaps the memory of what was done, and everything else is as it was.
 * @param done ids of reboots that have come to pass
 */
export async function assertUnmarked(
  node: NodeUnderTest,
  before: Node,
  done: readonly string[] = [],
): Promise<void> {
  const { spec, metadata } = await node.object();
  assert.deepEqual(spec, before.spec);
  assert.deepEqual(metadata.labels, before.metadata.labels);
  const state = metadata.annotations?.[STATE];
  const remembered = state === undefined ? [] : (JSON.parse(state) as State).done?.map(({ id }) => id);
  assert.deepEqual(remembered, done);
}
