import assert from 'node:assert/strict';
import type { NodeUnderTest } from './node-under-test.ts';

const SPOT_TAINT = 'aws-node-termination-handler/spot-itn';
const STATE = 'aws-node-termination-handler/state';

/** What the annotation says, as far as tests look at it. */
interface MarkState {
  readonly signals: readonly { readonly id: string; readonly kind: string; readonly deadline: string }[];
  readonly ours: unknown;
}

/** The node carries the marks of one spot notice, each once, and remembers that all of them are ours to undo. */
export async function assertMarkedOnce(node: NodeUnderTest): Promise<{ readonly deadlineMs: number }> {
  const { spec, metadata } = await node.object();
  assert.equal(spec.unschedulable, true);
  const taints = (spec.taints ?? []).filter(({ key }) => key === SPOT_TAINT);
  assert.deepEqual(
    taints.map(({ effect }) => effect),
    ['NoSchedule'],
  );
  const value = taints[0]?.value ?? '';
  assert.match(value, /^spot-itn-[0-9a-f]+$/u);
  const state = JSON.parse(metadata.annotations?.[STATE] ?? '{}') as MarkState;
  assert.deepEqual(state.ours, { cordon: true, taints: [SPOT_TAINT], labels: [] });
  const [signal, ...others] = state.signals;
  assert.deepEqual(others, []);
  assert.equal(signal?.kind, 'SPOT_ITN');
  assert.ok(signal.id.startsWith(value), 'the taint names the signal');
  return { deadlineMs: Date.parse(signal.deadline) };
}
