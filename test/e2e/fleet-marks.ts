import assert from 'node:assert/strict';
import type { FleetUnderTest, Machine } from './fleet-under-test.ts';

const stateAnnotation = 'aws-node-termination-handler/state';

/** Marked for these kinds, and empty. */
export async function assertDrained(
  fleet: FleetUnderTest,
  machine: Machine,
  kinds: readonly string[],
): Promise<void> {
  const { metadata, spec } = await fleet.node(machine);
  assert.equal(spec.unschedulable, true, machine.node);
  const { signals, phase } = JSON.parse(metadata.annotations?.[stateAnnotation] ?? '{}') as {
    readonly signals: readonly { readonly kind: string }[];
    readonly phase: string;
  };
  assert.deepEqual(signals.map(({ kind }) => kind).toSorted(), kinds.toSorted());
  assert.equal(phase, 'drained');
  assert.deepEqual(await fleet.podsOn(machine), []);
}

/** Nobody has been here. */
export async function assertUntouched(fleet: FleetUnderTest, machine: Machine): Promise<void> {
  const { metadata, spec } = await fleet.node(machine);
  assert.equal(spec.unschedulable, undefined, machine.node);
  assert.equal(spec.taints, undefined);
  assert.equal(metadata.annotations?.[stateAnnotation], undefined);
  assert.equal((await fleet.podsOn(machine)).length, 2);
}
