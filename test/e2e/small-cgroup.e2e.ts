import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { drainFigures, inSeconds, tellFigures } from './figures.ts';
import { SmallCgroup } from './small-cgroup.ts';
import { TestCluster } from './test-cluster.ts';

const PODS = 100;
const MIB = 1024 ** 2;
/** The requests and limits that many charts' users give NTH. */
const LIMITS = { milliCpu: 100, memoryBytes: 128 * MIB };
/** A daemon with so little takes some seconds to start. */
const NOTICE_DELAY_SECONDS = 12;
const NOTICE_MS = 120_000;

const shared = TestCluster.forThisFile();

test(`with a tenth of a core and 128 MiB, ${PODS} pods are gone in time`, { timeout: 180_000 }, async (t) => {
  const node = await shared.node(t, { name: 'small-cgroup' });
  const cgroup = smallCgroup(t);
  if (!cgroup) return;
  await node.runPods({ count: PODS, endsAfterSeconds: 5 });
  const metadata = await node.startMetadata({ delaySeconds: NOTICE_DELAY_SECONDS });
  const daemon = await node.startDaemon({
    metadata,
    mounted: await node.mountAccount(),
    wrappers: [cgroup.wrapper],
    env: { TAINT_NODE: 'true' },
  });
  await daemon.ready();
  await daemon.says('Node successfully cordoned and drained', NOTICE_MS);
  const drainedMs = Date.now() - metadata.noticeAtMs;
  assert.deepEqual(await node.podsNow(), []);
  const { peakMiB } = daemon.memory();
  assert.deepEqual(await daemon.stop(), { code: 0, signal: null });

  assert.equal(cgroup.killed, 0);
  assert.ok(cgroup.throttledPeriods > 0, 'the limit was felt');
  assert.ok(drainedMs < NOTICE_MS);
  const figures = drainFigures(await node.calls(), metadata.noticeAtMs);
  tellFigures(`spot notice, ${PODS} pods that take 5 s, in a cgroup of 100m CPU and 128 MiB`, [
    `cordoned ${inSeconds(figures.cordonedMs)} after the notice`,
    `all asked ${inSeconds(figures.askedMs)} after the mark`,
    `drained ${inSeconds(drainedMs)} after the notice (at most ${inSeconds(NOTICE_MS)})`,
    `peak RSS ${peakMiB.toFixed(0)} MiB`,
    `peak of the cgroup ${cgroup.peakMiB?.toFixed(0) ?? '?'} MiB`,
    `throttled in ${cgroup.throttledPeriods} periods of 0.1 s`,
  ]);
});

/** Skips the test where there can be none. */
function smallCgroup(t: TestContext): SmallCgroup | undefined {
  try {
    const cgroup = new SmallCgroup(`node-termination-handler-${process.pid}`, LIMITS);
    t.after(() => {
      cgroup.remove();
    });
    return cgroup;
  } catch (error) {
    t.skip(`Cannot limit a process here: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}
