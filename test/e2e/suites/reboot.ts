import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { tellFigures } from '../figures.ts';
import {
  ACTION,
  ACTION_TIME,
  DRAINED,
  ENV,
  EVENT_ID,
  eventIn,
  KIND,
  LABELS,
  TAINTS,
  UNMARKED,
} from '../maintenance-event.ts';
import { assertMarked, assertUnmarked } from '../marks.ts';
import type { NodeUnderTest } from '../node-under-test.ts';
import { action, assertMetrics } from '../shown-metrics.ts';
import type { TestCluster } from '../test-cluster.ts';
import { assertTold, conditionsOf } from '../told-events.ts';

const PODS = 10;
const CLEAN_STOP = { code: 0, signal: null };
/** What NTH leaves on a node, some of it perhaps taken away by somebody. */
const MARKS_OF_NTH: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'by all its labels': {
    [EVENT_ID]: 'instance-event-1',
    [ACTION]: 'UncordonAfterReboot',
    [ACTION_TIME]: '1700000000',
  },
  'by the action and its time': { [ACTION]: 'UncordonAfterReboot', [ACTION_TIME]: '1700000000' },
  'by the action alone': { [ACTION]: 'UncordonAfterReboot' },
};

/** What is undone once the machine is back. */
export function rebootSuite(shared: TestCluster): void {
  suite('after the reboot', { concurrency: true, timeout: 120_000 }, () => {
    test('the node is uncordoned, while the metadata service is away, and not drained again', async (t) => {
      const node = await shared.node(t, { name: 'rebooted', tells: true });
      await node.runPods({ count: PODS, endsAfterSeconds: 1 });
      const before = await node.object();
      const metadata = await node.startMetadata({ command: 'events', event: eventIn(0) });
      const daemon = await node.startDaemon({ metadata, env: ENV });
      await daemon.says(DRAINED);
      assert.deepEqual(await daemon.stop(), CLEAN_STOP);
      const { id } = await assertMarked(node, {
        kind: KIND,
        taints: TAINTS,
        labels: LABELS,
        phase: 'drained',
      });
      await metadata.stop();

      const uptime = justBooted(shared, node);
      await sleep(2_000);
      const env = { ...ENV, UPTIME_FROM_FILE: uptime };
      const booted = await node.startDaemon({ metadata, env });
      await booted.says(UNMARKED);
      await assertUnmarked(node, before, [id]);
      await node.replaceMetadata(metadata, { command: 'events', event: eventIn(0) });
      await booted.ready();
      await assertMetrics(booted, {
        [action('uncordon')]: 1,
        [action('pre-drain')]: 0,
        [action('cordon-and-drain')]: 0,
      });
      assert.deepEqual(await booted.stop(), CLEAN_STOP);
      await assertUnmarked(node, before, [id]);
      assert.deepEqual(await conditionsOf(node), []);
      const told = { ScheduledEvent: 1, PreDrain: 1, CordonAndDrain: 1, PodEviction: PODS };
      // The metadata service may be back before it is missed.
      await assertTold(node, { ...told, Uncordon: 1 }, 'MonitorError');
      tellFigures('reboot', ['uncordoned while the metadata service was away', 'not drained again']);
    });

    test('a node that somebody else had cordoned stays so', async (t) => {
      const node = await shared.node(t, { name: 'cordoned-by-hand', tells: true });
      await node.change({ spec: { unschedulable: true } });
      const before = await node.object();
      const event = eventIn(0);
      const metadata = await node.startMetadata({ command: 'events', event });
      const daemon = await node.startDaemon({ metadata, env: ENV });
      await daemon.says(DRAINED);
      assert.deepEqual(await daemon.stop(), CLEAN_STOP);
      assert.equal((await node.object()).metadata.labels?.[ACTION], undefined);

      await node.replaceMetadata(metadata, { command: 'events', event: { ...event, state: 'completed' } });
      const booted = await node.startDaemon({ metadata, env: ENV });
      await booted.says(UNMARKED);
      assert.deepEqual(await booted.stop(), CLEAN_STOP);
      await assertUnmarked(node, before);
      await assertTold(node, { ScheduledEvent: 1, PreDrain: 1, CordonAndDrain: 1, Uncordon: 1 });
    });

    for (const [name, labels] of Object.entries(MARKS_OF_NTH)) {
      test(`a node that NTH has marked is uncordoned: ${name}`, async (t) => {
        const node = await shared.node(t, {
          name: `marked-by-nth-${Object.keys(labels).length}`,
          tells: true,
        });
        const before = await node.object();
        const metadata = await node.startMetadata({ command: 'events', event: { state: 'completed' } });
        const taints = [{ key: TAINTS[0], value: 'instance-event-1', effect: 'NoSchedule' }];
        await node.change({ metadata: { labels }, spec: { unschedulable: true, taints } });
        const env = { ...ENV, UPTIME_FROM_FILE: justBooted(shared, node) };
        const daemon = await node.startDaemon({ metadata, env });
        await daemon.says(UNMARKED, 20_000);
        await assertMetrics(daemon, { [action('uncordon')]: 1 });
        assert.deepEqual(await daemon.stop(), CLEAN_STOP);
        const { spec, metadata: after } = await node.object();
        assert.deepEqual(spec, before.spec);
        assert.deepEqual(after.labels, before.metadata.labels);
        await assertTold(node, { Uncordon: 1 });
      });
    }
  });
}

/** A file like /proc/uptime of a machine that has booted this instant. @returns its path */
function justBooted(shared: TestCluster, node: NodeUnderTest): string {
  const path = `${shared.cluster.folder}/${node.name}-uptime`;
  writeFileSync(path, '0.50 0.40\n');
  return path;
}
