import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { inSeconds, tellFigures } from '../figures.ts';
import { assertMarked, assertUnmarked } from '../marks.ts';
import type { NodeUnderTest } from '../node-under-test.ts';
import type { RunningDaemon } from '../running-daemon.ts';
import { action, assertMetrics, interruptions, pods as podsOf } from '../shown-metrics.ts';
import { standing } from '../standing.ts';
import type { TestCluster } from '../test-cluster.ts';
import { assertTold } from '../told-events.ts';

const PODS = 10;
const CLEAN_STOP = { code: 0, signal: null };
const REBALANCE = 'REBALANCE_RECOMMENDATION';
const REBALANCE_TAINT = 'aws-node-termination-handler/rebalance-recommendation';
const ASG_TAINT = 'aws-node-termination-handler/asg-lifecycle-termination';
const OUT_OF_SERVICE_TAINT = 'node.kubernetes.io/out-of-service';
const BALANCER_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers';
/** The mock shows a spot notice along with each recommendation. */
const REBALANCE_ONLY = { ENABLE_SPOT_INTERRUPTION_DRAINING: 'false', TAINT_NODE: 'true' };
const DRAINED = 'Node successfully cordoned and drained';
const NOTHING_DONE = {
  [action('pre-drain')]: 0,
  [action('cordon')]: 0,
  [action('cordon-and-drain')]: 0,
  [action('uncordon')]: 0,
  [podsOf('evicted')]: 0,
};

/** The Kubernetes events of a drain, besides the interruption's own. */
const drainTold = { PreDrain: 1, CordonAndDrain: 1, PodEviction: PODS };

/** The recommendation to move off an instance. */
export function rebalanceSuite(shared: TestCluster): void {
  suite('a rebalance recommendation', { concurrency: true, timeout: 90_000 }, () => {
    test('when monitored, marks the node and leaves the pods alone', async (t) => {
      const node = await shared.node(t, { name: 'rebalance-monitored', tells: true });
      const pods = await node.runPods({ count: PODS });
      const metadata = await node.startMetadata({ rebalance: true });
      const env = { ...REBALANCE_ONLY, ENABLE_REBALANCE_MONITORING: 'true' };
      const daemon = await node.startDaemon({ metadata, env });
      await daemon.says('Node successfully cordoned');

      await assertMetrics(daemon, {
        ...NOTHING_DONE,
        [action('pre-drain')]: 1,
        [action('cordon')]: 1,
        [interruptions(REBALANCE)]: 1,
      });
      assert.deepEqual(await daemon.stop(), CLEAN_STOP);
      await assertMarked(node, { kind: REBALANCE, taints: [REBALANCE_TAINT], phase: 'marked' });
      await assertTold(node, { RebalanceRecommendation: 1, PreDrain: 1, Cordon: 1 });
      assert.deepEqual((await node.podsNow()).map(standing), pods.map(standing));
      await tellEnd('rebalance, monitored', node, ['marked', `${PODS} pods left alone`]);
    });

    test('with draining, drains', async (t) => {
      const node = await shared.node(t, { name: 'rebalance-drained', tells: true });
      await node.runPods({ count: PODS, endsAfterSeconds: 2 });
      const metadata = await node.startMetadata({ rebalance: true });
      const env = { ...REBALANCE_ONLY, ENABLE_REBALANCE_DRAINING: 'true' };
      const daemon = await node.startDaemon({ metadata, env });
      await assertDrains(daemon, REBALANCE);
      await assertMarked(node, { kind: REBALANCE, taints: [REBALANCE_TAINT], phase: 'drained' });
      await assertTold(node, { RebalanceRecommendation: 1, ...drainTold });
      assert.deepEqual(await node.podsNow(), []);
      await tellEnd('rebalance, draining', node, [`${PODS} pods drained`]);
    });

    test('in a dry run, writes nothing', async (t) => {
      const node = await shared.node(t, { name: 'rebalance-dry-run', tells: true });
      const pods = await node.runPods({ count: PODS });
      const before = await node.object();
      const metadata = await node.startMetadata({ rebalance: true });
      const env = { ...REBALANCE_ONLY, ENABLE_REBALANCE_DRAINING: 'true', DRY_RUN: 'true' };
      const daemon = await node.startDaemon({ metadata, env });
      await daemon.says('Node would have been cordoned and drained, but dry-run flag was set.');
      assert.equal(daemon.count('Pod would have been evicted'), PODS);
      await assertMetrics(daemon, { ...NOTHING_DONE, [interruptions(REBALANCE)]: 1 });
      assert.deepEqual(await daemon.stop(), CLEAN_STOP);
      await assertUnmarked(node, before);
      await assertTold(node, {});
      assert.deepEqual((await node.podsNow()).map(standing), pods.map(standing));
      await tellEnd('rebalance, dry run', node, ['nothing written']);
    });

    test('is upgraded in the midst of its drain by the spot notice that follows', async (t) => {
      const node = await shared.node(t, { name: 'upgraded', tells: true });
      // Behind a budget that only the notice's deadline overrules.
      await node.runPods({ count: 1, name: 'held', labels: { app: 'held' }, gracePeriodSeconds: 5 });
      await node.workloads.guard('held', { minAvailable: 1 });
      await node.runPods({ count: PODS, gracePeriodSeconds: 10, endsAfterSeconds: 2 });
      const metadata = await node.startFakeMetadata();
      metadata.recommendRebalance();
      const daemon = await node.startDaemon({ metadata, env: { ENABLE_REBALANCE_DRAINING: 'true' } });
      await daemon.says('Eviction refused');
      metadata.interrupt('terminate', 20_000);
      const deadlineMs = Date.now() + 20_000;
      await daemon.says(DRAINED);
      assert.ok(Date.now() < deadlineMs);
      await assertMetrics(daemon, {
        [action('cordon-and-drain')]: 1,
        [podsOf('evicted')]: PODS,
        [podsOf('deleted')]: 1,
        [interruptions(REBALANCE)]: 1,
        [interruptions('SPOT_ITN')]: 1,
      });
      assert.equal(daemon.count('Requesting instance drain'), 1);
      assert.deepEqual(await node.podsNow(), []);
      assert.deepEqual(await daemon.stop(), CLEAN_STOP);
      const told = { RebalanceRecommendation: 1, SpotInterruption: 1, DrainBlocked: 1, PodDeletion: 1 };
      await assertTold(node, { ...told, ...drainTold });
    });
  });
}

/** Signals that are handled alike, each with an option of its own. */
export function otherSignalsSuite(shared: TestCluster): void {
  suite('other signals', { concurrency: true, timeout: 90_000 }, () => {
    test('the target state Terminated drains, and lets the volumes go once all pods have left', async (t) => {
      const node = await shared.node(t, { name: 'group', tells: true });
      await node.runPods({ count: PODS, endsAfterSeconds: 2 });
      const metadata = await node.startMetadata({ command: 'asglifecycle', delaySeconds: 3 });
      const env = {
        ENABLE_ASG_LIFECYCLE_DRAINING: 'true',
        TAINT_NODE: 'true',
        ENABLE_OUT_OF_SERVICE_TAINT: 'true',
        EXCLUDE_FROM_LOAD_BALANCERS: 'true',
      };
      const daemon = await node.startDaemon({ metadata, env });
      await assertDrains(daemon, 'ASG_LIFECYCLE');
      const taints = [ASG_TAINT, OUT_OF_SERVICE_TAINT];
      await assertMarked(node, { kind: 'ASG_LIFECYCLE', taints, labels: [BALANCER_LABEL], phase: 'drained' });
      await assertTold(node, { ASGLifecycle: 1, ...drainTold });
      assert.deepEqual(await node.podsNow(), []);
      await tellEnd('target state Terminated', node, [`${PODS} pods drained`, 'out-of-service taint last']);
    });

    test('with cordon-only, mark the node and leave the pods alone', async (t) => {
      const node = await shared.node(t, { name: 'group-cordon-only', tells: true });
      const pods = await node.runPods({ count: PODS });
      const metadata = await node.startMetadata({ command: 'asglifecycle' });
      const env = {
        ENABLE_ASG_LIFECYCLE_DRAINING: 'true',
        CORDON_ONLY: 'true',
        TAINT_NODE: 'true',
        ENABLE_OUT_OF_SERVICE_TAINT: 'true',
        EXCLUDE_FROM_LOAD_BALANCERS: 'true',
      };
      const daemon = await node.startDaemon({ metadata, env });
      await daemon.says('Node successfully cordoned');
      await assertMetrics(daemon, { ...NOTHING_DONE, [action('pre-drain')]: 1, [action('cordon')]: 1 });
      assert.deepEqual(await daemon.stop(), CLEAN_STOP);
      await assertMarked(node, { kind: 'ASG_LIFECYCLE', taints: [ASG_TAINT], phase: 'marked' });
      await assertTold(node, { ASGLifecycle: 1, PreDrain: 1, Cordon: 1 });
      assert.deepEqual((await node.podsNow()).map(standing), pods.map(standing));
      await tellEnd('cordon-only', node, ['marked', `${PODS} pods left alone`]);
    });

    test('are heard where the metadata service answers version 2 only', async (t) => {
      const node = await shared.node(t, { name: 'version-2', tells: true });
      await node.runPods({ count: PODS, endsAfterSeconds: 2 });
      const metadata = await node.startMetadata({ command: 'spot', imdsv2: true });
      const { status } = await fetch(`${metadata.url}/latest/meta-data/spot/instance-action`);
      assert.equal(status, 401, 'without a token there is no answer');
      const daemon = await node.startDaemon({ metadata });
      await assertDrains(daemon, 'SPOT_ITN');
      await assertMarked(node, { kind: 'SPOT_ITN', phase: 'drained' });
      await assertTold(node, { SpotInterruption: 1, ...drainTold });
      assert.deepEqual(await node.podsNow(), []);
      await tellEnd('IMDSv2 only', node, [`${PODS} pods drained`]);
    });
  });
}

/** Drains all the pods, shows so, and is stopped. */
async function assertDrains(daemon: RunningDaemon, kind: string): Promise<void> {
  await daemon.says(DRAINED);
  await assertMetrics(daemon, {
    ...NOTHING_DONE,
    [action('pre-drain')]: 1,
    [action('cordon-and-drain')]: 1,
    [interruptions(kind)]: 1,
    [podsOf('evicted')]: PODS,
  });
  assert.deepEqual(await daemon.stop(), CLEAN_STOP);
}

async function tellEnd(what: string, node: NodeUnderTest, figures: readonly string[]): Promise<void> {
  const calls = await node.calls();
  const tookMs = Math.max(...calls.map((it) => it.answeredAtMs)) - (calls[0]?.receivedAtMs ?? 0);
  tellFigures(what, [...figures, `${calls.length} API calls in ${inSeconds(tookMs)}`]);
}
