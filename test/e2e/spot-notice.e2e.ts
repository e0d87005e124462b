import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Pod } from '../parts/objects.ts';
import { drainFigures, inSeconds, tellFigures, untilWithin, type DrainFigures } from './figures.ts';
import { assertMarkedOnce } from './marks.ts';
import type { NodeUnderTest } from './node-under-test.ts';
import type { RunningDaemon } from './running-daemon.ts';
import { assertMetrics } from './shown-metrics.ts';
import { TestCluster } from './test-cluster.ts';

const PODS = 100;
/** The daemon's own period, and what the way from there to the API server may take. */
const CORDONED_WITHIN_MS = 1000 + 300;
const ASKED_WITHIN_MS = 1000;
const MOST_CALLS = PODS + 6;
/** Long enough that the daemon polls when the notice comes. */
const NOTICE_DELAY_SECONDS = 5;

const shared = TestCluster.forThisFile();

test(`a spot notice marks the node and asks ${PODS} pods to leave, from inside the cluster`, async (t) => {
  const figures = await untilWithin(3, (attempt) => drain(t, attempt), isWithinBounds);
  assert.ok(isWithinBounds(figures), JSON.stringify(figures));
});

function isWithinBounds({ cordonedMs, askedMs, calls }: DrainFigures): boolean {
  return cordonedMs <= CORDONED_WITHIN_MS && askedMs <= ASKED_WITHIN_MS && calls <= MOST_CALLS;
}

async function drain(t: TestContext, attempt: string): Promise<DrainFigures> {
  const node = await shared.node(t, { name: attempt.replaceAll(' ', '-') });
  await node.runPods({ count: PODS, endsAfterSeconds: 1 });
  const staying = await runPodsThatStay(node);
  const metadata = await node.startMetadata({ delaySeconds: NOTICE_DELAY_SECONDS });
  const mounted = await node.mountAccount();
  const daemon = await node.startDaemon({ metadata, mounted, env: { TAINT_NODE: 'true' } });

  await daemon.ready();
  await daemon.says('Node successfully cordoned and drained');
  const left = await node.podsNow();
  assert.deepEqual(left.map(uid).sort(), staying.map(uid).sort(), 'the DaemonSet and static pods stay');
  const { deadlineMs } = await assertMarkedOnce(node);
  assert.equal(deadlineMs, metadata.noticeAtMs + 120_000, "both clocks are this machine's");
  await assertServers(daemon);
  assertStory(daemon);
  const { peakMiB } = daemon.memory();
  assert.deepEqual(await daemon.stop('SIGTERM'), { code: 0, signal: null });

  const calls = await node.calls();
  assert.deepEqual(
    calls.filter(({ statusCode }) => statusCode >= 300).map(({ uri, statusCode }) => ({ uri, statusCode })),
    [],
    'nothing that was asked of the API server was refused',
  );
  const figures = drainFigures(calls, metadata.noticeAtMs);
  assert.equal(figures.asked, PODS);
  tellFigures(`spot notice, ${PODS} pods`, [
    `cordoned ${inSeconds(figures.cordonedMs)} after the notice (at most ${inSeconds(CORDONED_WITHIN_MS)})`,
    `all asked ${inSeconds(figures.askedMs)} after the mark (at most ${inSeconds(ASKED_WITHIN_MS)})`,
    `${figures.calls} API calls (at most ${MOST_CALLS})`,
    `peak RSS ${peakMiB.toFixed(0)} MiB`,
    attempt,
  ]);
  return figures;
}

/** A DaemonSet's pod, and one as the kubelet shows a static pod. */
async function runPodsThatStay(node: NodeUnderTest): Promise<Pod[]> {
  const mirror = { 'kubernetes.io/config.mirror': 'made-up' };
  const fixed = await node.runPods({ count: 1, name: 'static', annotations: mirror });
  await node.workloads.run('daemonsets', 'agent', {});
  return [...fixed, ...(await node.workloads.ready('agent', 1))];
}

async function assertServers(daemon: RunningDaemon): Promise<void> {
  assert.deepEqual(await daemon.probe('/healthz'), { status: 200, body: '{"health":"OK"}' });
  assert.equal((await daemon.probe('/readyz')).status, 200);
  await assertMetrics(daemon, {
    'actions_total{node_action="pre-drain",node_status="success"}': 1,
    'actions_total{node_action="cordon-and-drain",node_status="success"}': 1,
    'actions_total{node_action="cordon-and-drain",node_status="error"}': 0,
    'events_error_total{event_error_where="SPOT_ITN_MONITOR"}': 0,
    'nth_pods_total{outcome="evicted"}': PODS,
    'nth_pods_total{outcome="stays"}': 2,
    nth_notice_to_drained_seconds_count: 1,
    'nth_kubernetes_request_duration_seconds_count{verb="create",resource="pods/eviction",code="201"}': PODS,
  });
}

/** The lines that people alert on, each once. */
function assertStory(daemon: RunningDaemon): void {
  const texts = ['Node marked', 'Requesting instance drain', 'Node successfully cordoned and drained'];
  const counts = texts.map((text) => daemon.count(text));
  assert.deepEqual(counts, [1, 1, 1], daemon.lines.join('\n'));
  const bad = daemon.lines.filter((line) => / (?:WRN|ERR) /u.test(line));
  assert.deepEqual(bad, []);
}

function uid({ metadata }: Pod): string {
  return metadata.uid ?? '';
}
