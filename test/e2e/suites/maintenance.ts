import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { asks } from '../asks.ts';
import { inSeconds, tellFigures } from '../figures.ts';
import { DRAINED, ENV, eventIn, HOUR_MS, KIND, LABELS, TAINTS, UNMARKED } from '../maintenance-event.ts';
import { assertMarked, assertUnmarked } from '../marks.ts';
import { action, assertMetrics, interruptions, pods as podsOf } from '../shown-metrics.ts';
import { standing } from '../standing.ts';
import type { TestCluster } from '../test-cluster.ts';
import { assertTold, conditionsOf } from '../told-events.ts';

const PODS = 10;
const CLEAN_STOP = { code: 0, signal: null };
const BEFORE_START = { ...ENV, NTH_SCHEDULED_EVENT_TIMING: 'before-start' };
/** Maintenance that AWS has scheduled, until the reboot. */
export function maintenanceSuite(shared: TestCluster): void {
  suite('scheduled maintenance', { concurrency: true, timeout: 120_000 }, () => {
    test('far off, is drained for when it is seen', async (t) => {
      const node = await shared.node(t, { name: 'at-once', tells: true });
      await node.runPods({ count: PODS, endsAfterSeconds: 2 });
      const metadata = await node.startMetadata({ command: 'events', event: eventIn(HOUR_MS) });
      const daemon = await node.startDaemon({ metadata, env: ENV });
      await daemon.says(DRAINED);
      await assertMetrics(daemon, {
        [action('pre-drain')]: 1,
        [action('cordon-and-drain')]: 1,
        [action('uncordon')]: 0,
        [interruptions(KIND)]: 1,
        [podsOf('evicted')]: PODS,
      });
      assert.deepEqual(await daemon.stop(), CLEAN_STOP);
      await assertMarked(node, { kind: KIND, taints: TAINTS, labels: LABELS, phase: 'drained' });
      await assertTold(node, { ScheduledEvent: 1, PreDrain: 1, CordonAndDrain: 1, PodEviction: PODS });
      assert.deepEqual(await node.podsNow(), []);
      tellFigures('maintenance in an hour, at once', [`${PODS} pods drained`, '3 labels of a reboot']);
    });

    test('with before-start, marks at once and drains the lead before its start', async (t) => {
      const node = await shared.node(t, { name: 'before-start', tells: true });
      await node.runPods({ count: PODS, endsAfterSeconds: 2 });
      const startMs = Math.floor(Date.now() / 1000) * 1000 + 35_000;
      const event = eventIn(startMs - Date.now());
      const metadata = await node.startMetadata({ command: 'events', event });
      const env = { ...BEFORE_START, NTH_SCHEDULED_EVENT_LEAD_SECONDS: '15' };
      const daemon = await node.startDaemon({ metadata, env });
      await daemon.says('The drain waits for its time');
      await daemon.says(DRAINED);
      assert.deepEqual(await daemon.stop(), CLEAN_STOP);
      const calls = await node.calls();
      const markedMs = calls.find(({ verb }) => verb === 'patch')?.answeredAtMs ?? Infinity;
      const asked = [...asks(calls).values()].map(({ atMs }) => startMs - 15_000 - atMs);
      assert.equal(asked.length, PODS);
      assert.ok(markedMs < startMs - 15_000, 'marked before the drain');
      assert.ok(Math.max(...asked) <= 0, 'nobody asked before');
      assert.ok(Date.now() < startMs);
      await assertMarked(node, { kind: KIND, taints: TAINTS, labels: LABELS, phase: 'drained' });
      await assertTold(node, { ScheduledEvent: 1, PreDrain: 1, CordonAndDrain: 1, PodEviction: PODS });
      tellFigures('maintenance in 35 s, before-start with a lead of 15 s', [
        `marked ${inSeconds(startMs - markedMs)} before the start`,
        `first asked ${inSeconds(-Math.max(...asked))} after the lead began`,
      ]);
    });

    for (const state of ['canceled', 'completed'] as const) {
      test(`${state} before its drain, is undone and nobody was asked`, async (t) => {
        const node = await shared.node(t, { name: `${state}-before`, tells: true });
        const pods = await node.runPods({ count: PODS });
        const before = await node.object();
        const event = eventIn(HOUR_MS);
        const metadata = await node.startMetadata({ command: 'events', event });
        const daemon = await node.startDaemon({ metadata, env: BEFORE_START });
        await daemon.says('The drain waits for its time');
        await daemon.says('Node marked');
        await assertMarked(node, { kind: KIND, taints: TAINTS, labels: LABELS, phase: 'marked' });
        await node.replaceMetadata(metadata, { command: 'events', event: { ...event, state } });
        const sinceMs = Date.now();
        await daemon.says(UNMARKED);
        const tookMs = Date.now() - sinceMs;
        await assertMetrics(daemon, {
          [action('pre-drain')]: 1,
          [action('uncordon')]: 1,
          [action('cordon-and-drain')]: 0,
          [action('cordon-and-drain', 'error')]: 0,
        });
        assert.deepEqual(await daemon.stop(), CLEAN_STOP);
        await assertUnmarked(node, before);
        assert.deepEqual(await conditionsOf(node), []);
        await assertTold(node, { ScheduledEvent: 1, PreDrain: 1, Uncordon: 1 });
        assert.deepEqual((await node.podsNow()).map(standing), pods.map(standing));
        tellFigures(`maintenance ${state} before its drain`, [
          `unmarked ${inSeconds(tookMs)} after it was shown`,
        ]);
      });
    }

    test('canceled in mid-drain, is undone and the pods that were held stay', async (t) => {
      const node = await shared.node(t, { name: 'canceled-in-drain', tells: true });
      await node.runPods({ count: PODS, endsAfterSeconds: 2 });
      const held = await node.runPods({ count: 2, name: 'held', labels: { app: 'held' } });
      await node.workloads.guard('held', { minAvailable: 2 });
      const before = await node.object();
      const event = eventIn(0);
      const metadata = await node.startMetadata({ command: 'events', event });
      const daemon = await node.startDaemon({ metadata, env: ENV });
      await node.pods((left) => left.length === held.length, 'the others have left');
      await daemon.says('Eviction refused');
      await node.replaceMetadata(metadata, { command: 'events', event: { ...event, state: 'canceled' } });
      const sinceMs = Date.now();
      await daemon.says('The drain ends, for there is no more reason for it');
      await daemon.says(UNMARKED);
      const tookMs = Date.now() - sinceMs;
      await assertMetrics(daemon, { [action('uncordon')]: 1, [action('cordon-and-drain')]: 0 });
      assert.deepEqual(await daemon.stop(), CLEAN_STOP);
      await assertUnmarked(node, before);
      assert.deepEqual(await conditionsOf(node), []);
      const told = { ScheduledEvent: 1, PreDrain: 1, PodEviction: PODS, CancelDrain: 1, Uncordon: 1 };
      await assertTold(node, told);
      assert.deepEqual((await node.podsNow()).map(standing), held.map(standing));
      tellFigures('maintenance canceled in mid-drain', [
        `unmarked ${inSeconds(tookMs)} after it was shown`,
        `${held.length} pods kept`,
      ]);
    });

    test('that AWS has moved to the history in mid-drain, is undone likewise', async (t) => {
      const node = await shared.node(t, { name: 'history', tells: true });
      const held = await node.runPods({ count: 1, name: 'held', labels: { app: 'held' } });
      await node.workloads.guard('held', { minAvailable: 1 });
      const before = await node.object();
      const metadata = await node.startFakeMetadata();
      const event = {
        NotBefore: '21 Jan 2039 09:00:43 GMT',
        Code: 'system-reboot',
        Description: 'scheduled reboot',
        EventId: 'instance-event-0d59937288b749b32',
        NotAfter: '21 Jan 2039 09:17:23 GMT',
        State: 'active',
      };
      metadata.set('events/maintenance/scheduled', [event]);
      const daemon = await node.startDaemon({ metadata, env: ENV });
      await daemon.says('Eviction refused');
      metadata.set('events/maintenance/scheduled', []);
      metadata.set('events/maintenance/history', [{ ...event, State: 'canceled' }]);
      await daemon.says(UNMARKED);
      await assertMetrics(daemon, { [action('uncordon')]: 1 });
      assert.deepEqual(await daemon.stop(), CLEAN_STOP);
      await assertUnmarked(node, before);
      await assertTold(node, { ScheduledEvent: 1, PreDrain: 1, CancelDrain: 1, Uncordon: 1 });
      assert.deepEqual((await node.podsNow()).map(standing), held.map(standing));
    });

    test('in a dry run, writes nothing', async (t) => {
      const node = await shared.node(t, { name: 'maintenance-dry-run', tells: true });
      const pods = await node.runPods({ count: PODS });
      const before = await node.object();
      const metadata = await node.startMetadata({ command: 'events', event: eventIn(0) });
      const daemon = await node.startDaemon({ metadata, env: { ...ENV, DRY_RUN: 'true' } });
      await daemon.says('Node would have been cordoned and drained, but dry-run flag was set.');
      await assertMetrics(daemon, { [action('pre-drain')]: 0, [action('cordon-and-drain')]: 0 });
      assert.deepEqual(await daemon.stop(), CLEAN_STOP);
      await assertUnmarked(node, before);
      assert.deepEqual((await node.podsNow()).map(standing), pods.map(standing));
      const writes = (await node.calls()).filter(({ verb }) => !['get', 'list', 'watch'].includes(verb));
      assert.deepEqual(writes, []);
      await assertTold(node, {});
    });
  });
}
