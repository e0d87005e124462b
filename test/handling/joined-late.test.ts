import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rebalance, spot } from '../interruption/interruptions.ts';
import { drainsEverything } from './drains-everything.ts';
import { intakeOverFake } from './intake-over-fake.ts';

test('a notice that joins just after a drain has ended is drained for, not taken as done', async () => {
  await using parts = new AsyncDisposableStack();
  const { api, clock, intake, source } = parts.use(await intakeOverFake(drainsEverything));
  const startedAt = clock.now();
  const until = (second: number): Promise<void> => clock.advance(startedAt + second * 1_000 - clock.now());
  api.addNode({ name: 'node-1' });
  const web = { owner: 'ReplicaSet/web', graceSeconds: 60, shutdownMs: 40_000 };
  api.addPod({ name: 'web', node: 'node-1', ...web });
  const stop = new AbortController();
  const running = intake.run(stop.signal, stop.signal).catch(() => {});
  parts.defer(async () => {
    stop.abort(new Error('the test has ended'));
    await clock.advanceWhile(running);
  });
  source.show(rebalance());
  // Its owner tolerates the cordon, and puts it back each time: it is in nobody's way when the drain ends.
  let landed = 0;
  for (let second = 0; second <= 35; second += 1) {
    await until(second);
    const isThere = api
      .pods('node-1')
      .some(({ metadata }) => metadata.name !== 'web' && metadata.deletionTimestamp === undefined);
    if (isThere) continue;
    landed += 1;
    const operator = { owner: 'ReplicaSet/operator', shutdownMs: 1_000 };
    api.addPod({ name: `operator-${landed}`, node: 'node-1', ...operator });
  }
  // The marks for one more recommendation are still being written when the drain ends.
  api.faults.add({ kind: 'delay', ms: 3_500 }, { when: ({ resource }) => resource === 'nodes' });
  await until(39);
  source.show(rebalance({ id: 'rebalance-recommendation-2' }));
  await clock.advanceUntil(() => api.pod('web') === undefined);
  await clock.advance(700);
  source.show(spot({ deadline: clock.now() + 120_000 }));
  await clock.advance(122_000);
  const left = api.pods('node-1').filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  assert.deepEqual(
    left.map(({ metadata }) => metadata.name),
    [],
  );
});
