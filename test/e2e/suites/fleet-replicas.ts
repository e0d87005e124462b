import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { stateChange } from '../../sources/sqs/messages.ts';
import { until } from '../../parts/until.ts';
import { tellFigures } from '../figures.ts';
import { assertDrained } from '../fleet-marks.ts';
import { spot, terminate } from '../fleet-messages.ts';
import type { Machine } from '../fleet-under-test.ts';
import { seededRandom } from '../seeded-random.ts';
import type { TestFleets } from '../test-fleets.ts';

const drained = 'Node successfully cordoned and drained';
const timeoutMs = 90_000;

/** Daemons that end, and others that go on. */
export function fleetReplicasSuite(fleets: TestFleets): void {
  suite('replicas', { concurrency: true, timeout: 300_000 }, () => {
    test('two replicas, killed again and again with ten nodes in hand', async (t) => {
      const seed = Number(process.env['E2E_SEED'] ?? Date.now() % 1_000_000);
      const random = seededRandom(seed);
      console.log(`E2E_SEED=${seed} repeats these kills`);
      const fleet = await fleets.fleet(t, { name: 'killed' });
      const machines = await fleet.createMachines(10, { endsAfterSeconds: 14 });
      const env = { SQS_MSG_VISIBILITY_TIMEOUT_SEC: '3', WORKERS: '4' };
      const replicas = await Promise.all([1, 2].map(() => fleet.startDaemon(env)));
      const hooks = machines.map((machine) => fleet.wait(machine));
      await fleet.send(...machines.map(terminate), ...machines.slice(0, 3).map(spot));
      const sizes: number[] = [];
      let kills = 0;
      for (; kills < 6; kills += 1) {
        await sleep(500 + random() * 3_000);
        const victim = kills % 2;
        await replicas[victim]?.stop('SIGKILL');
        sizes.push(await fleet.size());
        replicas[victim] = await fleet.startDaemon(env);
      }
      await fleet.untilSize(0);
      for (const machine of machines) {
        const { spec } = await fleet.node(machine);
        assert.equal(spec.unschedulable, true);
        assert.deepEqual(await fleet.podsOn(machine), []);
      }
      assert.deepEqual(
        hooks.map(({ state }) => state),
        hooks.map(() => 'continued'),
      );
      tellFigures(`${kills} x kill -9 of two replicas, 13 messages for 10 nodes`, [
        `messages left at each kill: ${sizes.join(', ')}`,
        `seed ${seed}`,
      ]);
    });

    test('a drain that is under way is finished after SIGTERM, and all else is left to the next', async (t) => {
      const fleet = await fleets.fleet(t, { name: 'handed-over' });
      const machines = await fleet.createMachines(2, { endsAfterSeconds: 4 });
      const [first, second] = machines as readonly [Machine, Machine];
      const daemon = await fleet.startDaemon({ WORKERS: '1' });
      await fleet.send(stateChange(first.instanceId, 'stopping'));
      await daemon.says('Requesting instance drain');
      await fleet.send(stateChange(second.instanceId, 'stopping'));
      await until(async () => (await fleet.node(second)).spec.unschedulable === true, {
        what: 'the second is marked',
        timeoutMs,
      });
      assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
      await assertDrained(fleet, first, ['STATE_CHANGE']);
      assert.equal(await fleet.size(), 1);
      const next = await fleet.startDaemon();
      await next.says(drained, timeoutMs);
      await fleet.untilSize(0);
      await assertDrained(fleet, second, ['STATE_CHANGE']);
    });
  });
}
