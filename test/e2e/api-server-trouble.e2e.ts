import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../parts/until.ts';
import { inSeconds, tellFigures } from './figures.ts';
import { assertMarkedOnce } from './marks.ts';
import type { MountedAccount } from './mounted-account.ts';
import type { NodeUnderTest } from './node-under-test.ts';
import type { RunningDaemon } from './running-daemon.ts';
import { TestCluster } from './test-cluster.ts';

const PODS = 40;
const ASKED_BEFORE = 10;
const NOTICE_MS = 120_000;
const AWAY_MS = 20_000;
/** The kubelet brings new credentials to a pod some time after the API server has them. */
const KUBELET_LAG_MS = 3_000;
const USER_AGENT = /^aws-node-termination-handler\//u;

const shared = TestCluster.forThisFile();

suite('in the midst of a drain', { timeout: 240_000 }, () => {
  test('the API server goes away for 20 s', async (t) => {
    const node = await shared.node(t, { name: 'away' });
    const { daemon } = await draining(node, 5);
    await shared.cluster.stopApiServer();
    const stoppedMs = Date.now();
    await sleep(AWAY_MS);
    assert.equal((await daemon.probe('/healthz')).status, 200, 'a restart would not help');
    await shared.cluster.startApiServer();
    await assertDrained(node, daemon, { what: 'API server away for 20 s', sinceMs: stoppedMs });
  });

  test('the certificate authority and the serving certificate change', async (t) => {
    const node = await shared.node(t, { name: 'new-authority' });
    const { daemon, mounted } = await draining(node, 5);
    await shared.cluster.stopApiServer();
    const stoppedMs = Date.now();
    await shared.cluster.startApiServer({ newCertificate: true });
    // The new one is met with the old authority.
    await daemon.says('certificate', 20_000);
    await sleep(KUBELET_LAG_MS);
    mounted.write({ token: await node.account.token(), ca: shared.cluster.ca });
    await assertDrained(node, daemon, { what: 'new certificate authority', sinceMs: stoppedMs });
  });

  test('the token becomes worthless, and later another one comes', async (t) => {
    const node = await shared.node(t, { name: 'new-token' });
    // The API server believes a token for 10 s after it has checked it.
    const { daemon, mounted } = await draining(node, 2);
    const replacedMs = Date.now();
    await node.account.replace();
    await until(() => isRefused(replacedMs), { what: 'the old token is refused', timeoutMs: 30_000 });
    await sleep(KUBELET_LAG_MS);
    mounted.write({ token: await node.account.token(), ca: shared.cluster.ca });
    await assertDrained(node, daemon, { what: 'token replaced', sinceMs: replacedMs });
  });
});

/**
 * A daemon inside the cluster that has asked some of its node's pods to leave, and not yet the others.
 * @param perSecond so many are asked, so that there is a midst of the drain, and more to ask after the trouble
 */
async function draining(
  node: NodeUnderTest,
  perSecond: number,
): Promise<{ readonly daemon: RunningDaemon; readonly mounted: MountedAccount }> {
  await node.runPods({ count: PODS, endsAfterSeconds: 2 });
  const mounted = await node.mountAccount();
  const env = { KUBE_API_QPS: `${perSecond}`, KUBE_API_BURST: `${perSecond}`, TAINT_NODE: 'true' };
  const daemon = await node.startDaemon({ metadata: await node.startMetadata(), mounted, env });
  await node.pods((pods) => pods.length <= PODS - ASKED_BEFORE, 'some pods have left');
  return { daemon, mounted };
}

async function isRefused(sinceMs: number): Promise<boolean> {
  const calls = await shared.cluster.audit.events({ sinceMs });
  return calls.some(({ statusCode, userAgent }) => statusCode === 401 && USER_AGENT.test(userAgent));
}

async function assertDrained(
  node: NodeUnderTest,
  daemon: RunningDaemon,
  trouble: { readonly what: string; readonly sinceMs: number },
): Promise<void> {
  await daemon.says('Node successfully cordoned and drained', NOTICE_MS);
  const tookMs = Date.now() - trouble.sinceMs;
  assert.deepEqual(await node.podsNow(), []);
  await assertMarkedOnce(node);
  const evictions = (await node.calls()).filter(
    ({ subresource, statusCode }) => subresource === 'eviction' && statusCode === 201,
  );
  const after = evictions.filter(({ receivedAtMs }) => receivedAtMs > trouble.sinceMs);
  assert.ok(after.length > 0 && after.length < evictions.length, 'the trouble came in the midst');
  assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
  tellFigures(`${trouble.what}, in the midst of a drain of ${PODS} pods`, [
    `${evictions.length - after.length} asked before, ${after.length} after`,
    `drained ${inSeconds(tookMs)} after the trouble began`,
    `${daemon.lines.length} log lines in all`,
  ]);
}
