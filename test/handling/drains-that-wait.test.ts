import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Admission } from '../../src/drain/admission.ts';
import type { Interruption } from '../../src/interruption/interruption.ts';
import { rebalance, spot, t0 } from '../interruption/interruptions.ts';
import { drainsEverything } from './drains-everything.ts';
import { intakeOverFake } from './intake-over-fake.ts';

/** An intake whose one place to drain in is taken, until the test gives it back. */
async function crowded(nodes: readonly string[]) {
  await using parts = new AsyncDisposableStack();
  let admission: Admission | undefined;
  const world = parts.use(
    await intakeOverFake(
      drainsEverything,
      [],
      (modules) => (admission = new Admission({ mostDrains: 1, mostPods: 1 }, modules)),
    ),
  );
  const { api, clock, intake } = world;
  for (const node of nodes) {
    api.addNode({ name: node });
    api.addPod({ name: `web-${node}`, node, owner: 'ReplicaSet/web' });
  }
  const ticket = admission?.enter(0, () => {});
  const stop = new AbortController();
  const running = intake.run(stop.signal, stop.signal).catch(() => {});
  parts.defer(async () => {
    stop.abort(new Error('the test has ended'));
    await clock.advanceWhile(running);
  });
  const kept = parts.move();
  return {
    ...world,
    makeRoom: () => ticket?.leave(),
    evicted: () =>
      api.requests.filter(({ subresource }) => subresource === 'eviction').map(({ name }) => name),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function on<I extends Interruption>(nodeName: string, interruption: I): I {
  return { ...interruption, id: `${interruption.kind}-${nodeName}`, where: { nodeName } };
}

test('a drain that waits is marked for, and begins as soon as there is room', async () => {
  await using world = await crowded(['node-1']);
  const { api, clock, source } = world;
  source.show(on('node-1', spot()));
  await clock.advance(30_000);
  assert.equal(api.node('node-1').spec.unschedulable, true);
  assert.deepEqual(world.evicted(), []);
  world.makeRoom();
  await clock.advance(60_000);
  assert.deepEqual(world.evicted(), ['web-node-1']);
  assert.equal(source.lendings[0]?.ends[0]?.end, 'drained');
});

test('a drain that waits longer than the machine has is over with it', async () => {
  await using world = await crowded(['node-1']);
  const { clock, source } = world;
  source.show(on('node-1', spot({ deadline: t0 + 120_000 })));
  const ends = () => source.lendings.flatMap((lending) => lending.ends.map(({ end }) => end));
  await clock.advance(119_000);
  assert.deepEqual(ends(), []);
  await clock.advance(2000);
  assert.deepEqual(ends(), ['deadline-passed']);
  assert.deepEqual(world.evicted(), []);
});

test('a drain that is given a deadline while it waits goes before those without', async () => {
  await using world = await crowded(['node-1', 'node-2', 'node-3']);
  const { clock, source } = world;
  for (const node of ['node-1', 'node-2', 'node-3']) source.show(on(node, rebalance()));
  await clock.advance(5000);
  source.show(on('node-3', spot()));
  await clock.advance(5000);
  assert.deepEqual(world.evicted(), []);
  world.makeRoom();
  await clock.advance(60_000);
  assert.deepEqual(world.evicted(), ['web-node-3', 'web-node-1', 'web-node-2']);
});
