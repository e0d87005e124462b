import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { asks, assertNoPodRead } from '../asks.ts';
import { drainFigures, inSeconds, tellFigures } from '../figures.ts';
import { assertMarkedOnce } from '../marks.ts';
import { OverloadedApiServer } from '../overloaded-api-server.ts';
import { PodHistory } from '../pod-history.ts';
import { ReadyPods } from '../ready-pods.ts';
import { action, assertMetrics, pods as podsOf } from '../shown-metrics.ts';
import type { TestCluster } from '../test-cluster.ts';
import { claimTemplate, Volumes } from '../volumes.ts';

const DRAINED = 'Node successfully cordoned and drained';
const CLEAN_STOP = { code: 0, signal: null };
const NOTICE_SECONDS = 120;
const MARGIN_SECONDS = 5;
/** What the mark and whole seconds may take from a grace period that is cut. */
const LATE_SECONDS = 8;
const OVERLOADED_MS = 10_000;
/** Of a client that keeps to Retry-After: 1, and meanwhile has 5 requests to make each second. */
const MOST_REFUSED = 60;
/** After the overload, with 5 requests a second. */
const ASKED_WITHIN_MS = 15_000;
/** Calls of a drain besides one for each pod. */
const MORE_CALLS = 8;

/** Pods that leave in time, each in its way. */
export function drainsSuite(shared: TestCluster): void {
  suite('drains', { concurrency: true, timeout: 120_000 }, () => {
    test('a Deployment of 3 with a budget of 2 never has fewer than 2 ready', async (t) => {
      const node = await shared.node(t, { name: 'deployment' });
      const spec = { replicas: 3 };
      await node.workloads.run('deployments', 'web', { spec, readyAfterSeconds: 3, endsAfterSeconds: 2 });
      await node.workloads.guard('web', { minAvailable: 2 });
      await node.workloads.ready('web', 3);
      assert.equal((await node.podsNow()).length, 3);
      await node.createSpare();
      const ready = await ReadyPods.of(shared.cluster, node.name, 'web');
      const daemon = await node.startDaemon({ metadata: await node.startMetadata() });
      await daemon.says(DRAINED, 100_000);
      const fewest = await ready.stop();
      assert.ok(fewest >= 2, `${fewest} were ready`);
      await node.workloads.ready('web', 3);
      await assertMetrics(daemon, { [action('cordon-and-drain')]: 1, [podsOf('evicted')]: 3 });
      assert.deepEqual(await daemon.stop(), CLEAN_STOP);
      const calls = await node.calls();
      assertNoPodRead(calls);
      const asked = [...asks(calls).values()];
      const tookMs = Math.max(...asked.map(({ atMs }) => atMs)) - Math.min(...asked.map(({ atMs }) => atMs));
      tellFigures('(b) Deployment of 3, minAvailable 2, pods Ready after 3 s', [
        `never fewer than ${fewest} ready`,
        `asked one by one within ${inSeconds(tookMs)}`,
        `${calls.filter(({ statusCode }) => statusCode === 429).length} refused on the way`,
      ]);
    });

    test("a StatefulSet's volumes are waited for", async (t) => {
      const node = await shared.node(t, { name: 'volumes' });
      const volumes = new Volumes({ namespace: node.name }, { cluster: shared.cluster });
      const names = await Promise.all([0, 1].map((number) => volumes.bind(`data-database-${number}`)));
      await node.workloads.run('statefulsets', 'database', {
        spec: {
          replicas: 2,
          serviceName: 'database',
          podManagementPolicy: 'Parallel',
          volumeClaimTemplates: [claimTemplate],
        },
        endsAfterSeconds: 2,
      });
      await node.workloads.ready('database', 2);
      for (const name of names) await volumes.attach(name, node.name);
      // Of no concern to this node.
      await volumes.attach('elsewhere', 'another-node');
      const daemon = await node.startDaemon({ metadata: await node.startMetadata() });
      await node.pods((left) => left.length === 0, 'the pods are gone');
      let detachedMs = 0;
      for (const name of names) {
        await sleep(1_500);
        assert.equal(daemon.count(DRAINED), 0, 'its volumes are still attached');
        await volumes.detach(name, node.name);
        detachedMs = Date.now();
      }
      const line = await daemon.says(DRAINED);
      const afterMs = Date.now() - detachedMs;
      assert.match(line, /volumes_attached=0/u);
      await assertMetrics(daemon, { [action('cordon-and-drain')]: 1, [podsOf('evicted')]: 2 });
      assert.deepEqual(await daemon.stop(), CLEAN_STOP);
      const calls = await node.calls();
      assertNoPodRead(calls);
      assert.ok(calls.length <= 2 + MORE_CALLS + 2, 'besides a list and a watch of the volumes');
      tellFigures('(c) StatefulSet of 2 with volumes', [
        `done ${inSeconds(afterMs)} after the last volume was detached`,
        `${calls.length} API calls, a list and a watch of volumes among them`,
      ]);
    });

    test('a pod of 300 s grace is asked first, and given what fits', async (t) => {
      const node = await shared.node(t, { name: 'long-grace' });
      await node.runPods({ count: 30, endsAfterSeconds: 2 });
      await node.runPods({ count: 1, name: 'long', gracePeriodSeconds: 300, endsAfterSeconds: 8 });
      const history = await PodHistory.of(shared.cluster, node.name);
      const daemon = await node.startDaemon({
        metadata: await node.startMetadata({ delaySeconds: 4 }),
        // With more the requests are all sent at the same time, and arrive in any order: so do four and its own.
        env: { NTH_KUBE_API_CONCURRENCY: '4' },
      });
      await daemon.says(DRAINED);
      await assertMetrics(daemon, { [podsOf('clamped')]: 1, [podsOf('evicted')]: 30 });
      assert.equal(daemon.count('Grace periods are cut, for they do not fit before the deadline'), 1);
      assert.deepEqual(await daemon.stop(), CLEAN_STOP);
      const calls = await node.calls();
      assertNoPodRead(calls);
      const evictions = calls.filter(({ subresource }) => subresource === 'eviction');
      const place = evictions.findIndex(({ name }) => name === 'long-0') + 1;
      assert.ok(place >= 1 && place <= 5, `it was asked as number ${place}`);
      const lives = await history.stop();
      const given = lives.find(({ name }) => name === 'long-0')?.graceSeconds ?? 0;
      const fits = NOTICE_SECONDS - MARGIN_SECONDS;
      assert.ok(given <= fits && given >= fits - LATE_SECONDS, `${given} s`);
      tellFigures('(d) a pod of 300 s grace, notice of 120 s', [
        `request number ${place} of ${evictions.length}`,
        `given ${given} s`,
      ]);
    });

    test('100 pods of mixed grace are asked at once, each with what it needs', async (t) => {
      const node = await shared.node(t, { name: 'mixed' });
      const graces = [5, 30, 60, 100, 300];
      await Promise.all(
        graces.map((gracePeriodSeconds) =>
          node.runPods({
            count: 20,
            name: `grace-${gracePeriodSeconds}`,
            gracePeriodSeconds,
            endsAfterSeconds: Math.min(gracePeriodSeconds / 10, 10),
          }),
        ),
      );
      const history = await PodHistory.of(shared.cluster, node.name);
      const metadata = await node.startMetadata({ delaySeconds: 4 });
      const daemon = await node.startDaemon({ metadata });
      await daemon.says(DRAINED);
      const drainedMs = Date.now() - metadata.noticeAtMs;
      await assertMetrics(daemon, {
        [action('cordon-and-drain')]: 1,
        [podsOf('evicted')]: 80,
        [podsOf('clamped')]: 20,
        [podsOf('deleted')]: 0,
      });
      assert.deepEqual(await daemon.stop(), CLEAN_STOP);
      const lives = await history.stop();
      const fits = NOTICE_SECONDS - MARGIN_SECONDS;
      const wrong = lives.filter(({ name, graceSeconds = 0 }) => {
        const own = Number(name.split('-')[1]);
        return own <= 100 ? graceSeconds !== own : graceSeconds > fits || graceSeconds < fits - LATE_SECONDS;
      });
      assert.deepEqual(wrong, []);
      const calls = await node.calls();
      assertNoPodRead(calls);
      const figures = drainFigures(calls, metadata.noticeAtMs);
      assert.equal(figures.asked, 100);
      const others = calls.filter(({ subresource }) => subresource !== 'eviction');
      tellFigures('(e) 100 pods of 5, 30, 60, 100 and 300 s grace', [
        `all asked ${inSeconds(figures.askedMs)} after the mark`,
        `drained ${inSeconds(drainedMs)} after the notice`,
        `${calls.length} API calls in the daemon's life (at most ${100 + MORE_CALLS})`,
        others.map(({ verb, resource }) => `${verb} ${resource}`).join(', '),
      ]);
      const patches = others.filter(({ verb }) => verb === 'patch');
      assert.equal(patches.length, 2, 'the node is marked, and told that it is drained');
      assert.ok(calls.length <= 100 + MORE_CALLS, `${calls.length} API calls`);
    });

    for (const { when, name, env } of [
      { when: 'from the notice on', name: 'overloaded', env: {} },
      { when: 'in the midst', name: 'overloaded-later', env: { KUBE_API_QPS: '5', KUBE_API_BURST: '5' } },
    ]) {
      test(`an API server that answers 429 to everything for 10 s ${when}`, async (t) => {
        const node = await shared.node(t, { name });
        await node.runPods({ count: 30, endsAfterSeconds: 2 });
        const proxy = await OverloadedApiServer.start(shared.cluster);
        t.after(() => proxy.stop());
        const kubeconfig = proxy.kubeconfig(name, await node.account.token());
        const metadata = await node.startMetadata({ delaySeconds: 4 });
        const daemon = await node.startDaemon({
          metadata,
          kubeconfig,
          env: { ...env, TAINT_NODE: 'true' },
        });
        if (when === 'in the midst') await node.pods((left) => left.length <= 25, 'some pods have left');
        else await sleep(metadata.noticeAtMs - Date.now());
        await proxy.overload(OVERLOADED_MS);
        const overMs = Date.now();
        await daemon.says(DRAINED);
        await assertMetrics(daemon, { [action('cordon-and-drain')]: 1, [podsOf('evicted')]: 30 });
        assert.deepEqual(await daemon.stop(), CLEAN_STOP);
        await assertMarkedOnce(node);
        assert.deepEqual(await node.podsNow(), []);
        const calls = await node.calls();
        assertNoPodRead(calls);
        const asked = [...asks(calls).values()];
        assert.equal(asked.length, 30);
        assert.ok(proxy.refused > 0 && proxy.refused <= MOST_REFUSED, `${proxy.refused} were refused`);
        const next = calls.find(({ receivedAtMs }) => receivedAtMs >= overMs);
        const lastMs = Math.max(...asked.map(({ atMs }) => atMs)) - overMs;
        assert.ok(lastMs <= ASKED_WITHIN_MS, `the last was asked ${lastMs} ms after`);
        tellFigures(`(h) 429 with Retry-After to everything for 10 s ${when}`, [
          `${proxy.refused} requests refused`,
          `${asked.filter(({ atMs }) => atMs < overMs).length} pods asked before`,
          `first call ${inSeconds((next?.receivedAtMs ?? 0) - overMs)} after it was over`,
          `last pod asked ${inSeconds(lastMs)} after`,
        ]);
      });
    }
  });
}
