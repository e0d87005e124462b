import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { asks, assertNoPodRead } from '../asks.ts';
import { inSeconds, tellFigures } from '../figures.ts';
import { PodHistory } from '../pod-history.ts';
import { action, assertMetrics, pods as podsOf } from '../shown-metrics.ts';
import { secondsFromNow } from '../spot-times.ts';
import { standing } from '../standing.ts';
import type { TestCluster } from '../test-cluster.ts';

const DRAINED = 'Node successfully cordoned and drained';
const NOT_DRAINED = 'There was a problem while trying to cordon and drain the node';
const CLEAN_STOP = { code: 0, signal: null };
const HELD = { app: 'held' };
const MARGIN_MS = 5_000;
/** What deletionTimestamps and grace periods, which are in whole seconds, may take from a pod. */
const PRECISION_MS = 1_000;
/** By which the plan's latest instant may be missed on a busy machine. */
const LATE_MS = 1_500;
/** Of those that no machine's end overrules. */
const NO_END = {
  ENABLE_SPOT_INTERRUPTION_DRAINING: 'false',
  ENABLE_REBALANCE_DRAINING: 'true',
};

/** Pods that something keeps from leaving. */
export function heldPodsSuite(shared: TestCluster): void {
  suite('pods that are held', { concurrency: true, timeout: 150_000 }, () => {
    test('by a budget that never allows, 60 s before the end of the machine', async (t) => {
      const node = await shared.node(t, { name: 'never-allowed' });
      const labels = HELD;
      await node.runPods({ count: 3, name: 'short', labels, gracePeriodSeconds: 20, endsAfterSeconds: 17 });
      await node.runPods({ count: 1, name: 'long', labels, gracePeriodSeconds: 90, endsAfterSeconds: 40 });
      await node.runPods({ count: 5, name: 'free', endsAfterSeconds: 2 });
      await node.workloads.guard('held', { minAvailable: 4 });
      const history = await PodHistory.of(shared.cluster, node.name);
      const { atMs: deadlineMs, time } = secondsFromNow(60);
      const daemon = await node.startDaemon({ metadata: await node.startMetadata({ spot: { time } }) });
      await daemon.says(DRAINED, 90_000);
      const spareMs = deadlineMs - Date.now();
      assert.ok(spareMs > 0, 'nobody was cut off');
      await assertMetrics(daemon, {
        [action('cordon-and-drain')]: 1,
        [podsOf('deleted')]: 4,
        [podsOf('evicted')]: 5,
      });
      assert.equal(daemon.count('Pod deleted past its disruption budget'), 4);
      assert.deepEqual(await daemon.stop(), CLEAN_STOP);

      const calls = await node.calls();
      assertNoPodRead(calls);
      const asked = asks(calls);
      const lives = new Map((await history.stop()).map((life) => [life.name, life]));
      assert.equal(asked.size, 9, 'no pod was left un-asked');
      const early = deadlineMs - MARGIN_MS - 20_000;
      for (const name of ['short-0', 'short-1', 'short-2']) {
        const { by, atMs = 0 } = asked.get(name) ?? {};
        assert.equal(by, 'deletion');
        assert.ok(atMs >= early - PRECISION_MS, 'its budget was kept until its latest instant');
        assert.ok(atMs <= early + LATE_MS, `asked ${atMs - early} ms after its latest instant`);
        assert.equal(lives.get(name)?.graceSeconds, 20, 'its own grace period, which fits');
      }
      const long = asked.get('long-0');
      assert.equal(long?.by, 'deletion', 'its grace did not fit: it was asked at once');
      const leftMs = deadlineMs - long.atMs;
      assert.ok((lives.get('long-0')?.graceSeconds ?? 0) * 1000 >= leftMs - MARGIN_MS - 2 * PRECISION_MS);
      const targets = [...lives.values()].filter((life) => life.isDisruptionTarget);
      assert.equal(targets.length, 9);
      tellFigures('(a) a budget that never allows, 60 s', [
        `4 deleted: 3 of 20 s grace with ${inSeconds(deadlineMs - (asked.get('short-0')?.atMs ?? 0))} to go`,
        `1 of 90 s grace with ${inSeconds(leftMs)} to go`,
        `grace given ${lives.get('short-0')?.graceSeconds} s and ${lives.get('long-0')?.graceSeconds} s`,
        '0 un-asked at the deadline',
        `${inSeconds(spareMs)} to spare`,
      ]);
    });

    test('by a budget that never allows, where nothing ends the machine', async (t) => {
      const node = await shared.node(t, { name: 'no-end' });
      const held = await node.runPods({ count: 2, name: 'held', labels: HELD, endsAfterSeconds: 1 });
      await node.runPods({ count: 5, name: 'free', endsAfterSeconds: 1 });
      await node.workloads.guard('held', { minAvailable: 2 });
      const metadata = await node.startMetadata({ rebalance: true });
      const env = { ...NO_END, NODE_TERMINATION_GRACE_PERIOD: '10' };
      const daemon = await node.startDaemon({ metadata, env });
      const line = await daemon.says(NOT_DRAINED);
      assert.match(line, /2 pods held by disruption budget no-end\/held: needs 2 healthy, has 2/u);
      await assertMetrics(daemon, { [action('cordon-and-drain', 'error')]: 1, [podsOf('refused')]: 2 });
      assert.deepEqual((await node.podsNow()).map(standing), held.map(standing), 'the budget is kept');
      await node.workloads.unguard('held');
      await daemon.says(DRAINED);
      assert.deepEqual(await node.podsNow(), []);
      assert.deepEqual(await daemon.stop(), CLEAN_STOP);
      const calls = await node.calls();
      assertNoPodRead(calls);
      const deletions = calls.filter(({ verb }) => verb === 'delete');
      assert.deepEqual(deletions, []);
      const refused = calls.filter(({ statusCode }) => statusCode === 429).length;
      tellFigures('(a) the same without a deadline', [
        'budget kept, told why, tried again, drained once it allowed',
        `${refused} evictions refused in all`,
      ]);
    });

    test('by a finalizer', async (t) => {
      const node = await shared.node(t, { name: 'finalizer' });
      await node.runPods({ count: 5, name: 'free', gracePeriodSeconds: 10, endsAfterSeconds: 2 });
      await node.runPods({ count: 1, name: 'stuck', gracePeriodSeconds: 5, endsAfterSeconds: 2 });
      const pod = `/api/v1/namespaces/${node.name}/pods/stuck-0`;
      await shared.cluster.api('PATCH', pod, { metadata: { finalizers: ['tests.parts/holds'] } });
      const { atMs: deadlineMs, time } = secondsFromNow(35);
      const daemon = await node.startDaemon({ metadata: await node.startMetadata({ spot: { time } }) });
      await node.pods((left) => left.length === 1, 'the others have left');
      // As the kubelet says that the containers have ended.
      const terminated = { exitCode: 0, reason: 'Completed' };
      const containerStatuses = [
        { name: 'main', image: 'made-up', imageID: '', ready: false, restartCount: 0, state: { terminated } },
      ];
      await shared.cluster.api('PATCH', `${pod}/status`, { status: { containerStatuses } });
      const line = await daemon.says(NOT_DRAINED);
      assert.match(line, /1 pod stopped, but held by a finalizer or by a kubelet that does not answer/u);
      assert.match(line, /finalizer\/stuck-0/u);
      assert.ok(Date.now() - deadlineMs < 10_000, 'no endless wait');
      await assertMetrics(daemon, {
        [action('cordon-and-drain', 'error')]: 1,
        [podsOf('evicted')]: 5,
        [podsOf('terminating')]: 1,
      });
      assert.deepEqual(await daemon.stop(), CLEAN_STOP);
      const calls = await node.calls();
      assertNoPodRead(calls);
      assert.equal(asks(calls).size, 6);
      assert.deepEqual(
        calls.filter(({ verb }) => verb === 'delete'),
        [],
        'never force-deleted',
      );
      tellFigures('(f) a finalizer that holds a pod', [
        '5 of 6 drained, 1 reported as held, none force-deleted',
        `ended ${inSeconds(Date.now() - deadlineMs)} after the deadline`,
      ]);
    });

    test('by two budgets at once', async (t) => {
      const node = await shared.node(t, { name: 'two-budgets' });
      await node.runPods({
        count: 1,
        name: 'held',
        labels: { app: 'one', other: 'two' },
        gracePeriodSeconds: 10,
        endsAfterSeconds: 3,
      });
      await node.runPods({ count: 5, name: 'free', endsAfterSeconds: 1 });
      await node.workloads.guard('one', { minAvailable: 0 });
      await node.workloads.guard('two', { minAvailable: 0 }, { other: 'two' });
      const metadata = await node.startFakeMetadata();
      metadata.recommendRebalance();
      const env = { ENABLE_REBALANCE_DRAINING: 'true', NODE_TERMINATION_GRACE_PERIOD: '8' };
      const daemon = await node.startDaemon({ metadata, env });
      const line = await daemon.says(NOT_DRAINED);
      assert.match(
        line,
        /1 pod held by 2 disruption budgets at once \(two-budgets\/one, two-budgets\/two\)/u,
      );
      assert.equal((await node.podsNow()).length, 1);
      // Nothing but the machine's end overrules them.
      const { atMs: deadlineMs } = secondsFromNow(30);
      metadata.interrupt('terminate', 30_000);
      const patient = await node.startDaemon({ metadata });
      assert.deepEqual(await daemon.stop('SIGKILL'), { code: null, signal: 'SIGKILL' });
      await patient.says(DRAINED);
      const spareMs = deadlineMs - Date.now();
      assert.ok(spareMs > 0);
      await assertMetrics(patient, { [podsOf('deleted')]: 1 });
      assert.deepEqual(await patient.stop(), CLEAN_STOP);
      const calls = await node.calls();
      assertNoPodRead(calls);
      const toGoMs = deadlineMs - (asks(calls).get('held-0')?.atMs ?? 0);
      assert.ok(toGoMs >= 10_000, 'its grace fits');
      assert.ok(toGoMs <= 10_000 + MARGIN_MS + 2 * PRECISION_MS, 'not before it must be');
      tellFigures('(g) two budgets on a pod', [
        'both named',
        `deleted with ${inSeconds(toGoMs)} to go for a grace of 10 s`,
        `${calls.filter(({ statusCode }) => statusCode === 500).length} answers of status 500`,
      ]);
    });
  });
}
