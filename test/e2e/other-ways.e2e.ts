import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { tellFigures } from './figures.ts';
import { assertMarkedOnce } from './marks.ts';
import { NodeWriters } from './node-writers.ts';
import { rightsOfNthChart } from './service-account.ts';
import { secondsFromNow } from './spot-times.ts';
import { standing } from './standing.ts';
import { TestCluster } from './test-cluster.ts';
import { Volumes } from './volumes.ts';

const PODS = 10;
/** Longer than anything in the daemon waits for a mark. */
const LATE_MS = 8_000;

const shared = TestCluster.forThisFile();

suite('a spot notice', { concurrency: true, timeout: 120_000 }, () => {
  test('in a dry run, nothing is written', async (t) => {
    const node = await shared.node(t, { name: 'dry-run' });
    const pods = await node.runPods({ count: PODS });
    const before = await node.object();
    const metadata = await node.startMetadata();
    const daemon = await node.startDaemon({ metadata, env: { DRY_RUN: 'true', TAINT_NODE: 'true' } });
    await daemon.says('Node would have been cordoned and drained, but dry-run flag was set.');
    assert.equal(daemon.count('Pod would have been evicted'), PODS);
    assert.deepEqual(await daemon.stop(), { code: 0, signal: null });

    const calls = await node.calls();
    const reading = new Set(['get', 'list', 'watch']);
    assert.deepEqual(
      calls.filter(({ verb }) => !reading.has(verb)),
      [],
    );
    assert.ok(calls.length > 0, 'the pods were looked at');
    assert.deepEqual((await node.object()).spec, before.spec);
    assert.deepEqual((await node.podsNow()).map(standing), pods.map(standing));
  });

  test('with cordon-only, marks the node and leaves the pods alone', async (t) => {
    const node = await shared.node(t, { name: 'cordon-only' });
    const pods = await node.runPods({ count: PODS });
    const metadata = await node.startMetadata();
    const daemon = await node.startDaemon({ metadata, env: { CORDON_ONLY: 'true', TAINT_NODE: 'true' } });
    await daemon.says('Node successfully cordoned');
    assert.deepEqual(await daemon.stop(), { code: 0, signal: null });

    await assertMarkedOnce(node);
    assert.deepEqual((await node.podsNow()).map(standing), pods.map(standing));
    assert.deepEqual(
      (await node.calls()).map(({ verb, resource }) => `${verb} ${resource}`),
      ['get nodes', 'get nodes', 'patch nodes'],
      'read once at the start, and again to be marked',
    );
  });

  test('on a node that is not there says what was looked for, and goes on until it is', async (t) => {
    const node = await shared.node(t, { name: 'late-node', exists: false });
    const metadata = await node.startMetadata();
    const daemon = await node.startDaemon({ metadata });
    const line = await daemon.says('there is no Node of this name');
    assert.match(line, /looked_for=late-node/u);
    await sleep(LATE_MS);
    assert.equal(daemon.count('Node successfully'), 0, daemon.lines.join('\n'));
    assert.equal(daemon.count('there is no Node of this name'), 1, 'told once, not at each attempt');

    await node.create();
    await daemon.says('Node marked');
    await daemon.says('Node successfully cordoned and drained');
    assert.equal((await node.object()).spec.unschedulable, true);
  });

  test("with no more than NTH's rights, drains by listing and says so once", async (t) => {
    const node = await shared.node(t, { name: 'nth-rights', rules: rightsOfNthChart });
    await node.runPods({ count: PODS, endsAfterSeconds: 5 });
    const metadata = await node.startMetadata();
    const daemon = await node.startDaemon({ metadata });
    await daemon.says('Node successfully cordoned and drained');
    await node.pods((left) => left.length === 0, 'the pods are gone');
    assert.equal(daemon.count('add the verb "watch" on "pods" to the ClusterRole'), 1);

    const calls = await node.calls();
    const refused = calls.filter(({ statusCode }) => statusCode === 403);
    assert.deepEqual(
      refused.map(({ verb, resource }) => `${verb} ${resource}`),
      // Once by the stream that would be the watch, once to be told why it did not come about.
      ['watch pods', 'watch pods'],
    );
    tellFigures(`NTH's ClusterRole, ${PODS} pods that take 5 s`, [
      `${calls.length} API calls`,
      `${calls.filter(({ verb }) => verb === 'list').length} lists instead of a watch`,
    ]);
  });

  test("with no more than NTH's rights, says once what each missing one costs, and goes on", async (t) => {
    const node = await shared.node(t, { name: 'nth-rights-held', rules: rightsOfNthChart });
    const volumes = new Volumes({ namespace: node.name }, shared);
    await volumes.attach(await volumes.bind('data'), node.name);
    const claim = { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] };
    await node.runPods({ count: 1, name: 'database', spec: claim });
    // It has left before the margin that is kept free of waiting for volumes.
    await node.runPods({ count: 1, name: 'held', labels: { app: 'held' }, gracePeriodSeconds: 15 });
    await node.workloads.guard('held', { minAvailable: 1 });
    const { time } = secondsFromNow(40);
    const daemon = await node.startDaemon({ metadata: await node.startMetadata({ spot: { time } }) });
    await daemon.says('Not allowed to delete pods, evicting on');
    await node.workloads.unguard('held');
    await daemon.says('Node successfully cordoned and drained');
    await node.pods((left) => left.length === 0, 'the pods are gone');
    for (const missing of [
      'the verb "watch" on "pods"',
      'the verb "delete" on "pods"',
      'the verb "patch" on "pods/status"',
      'the verbs "list" and "watch" on "poddisruptionbudgets"',
      'the verbs "list" and "watch" on "volumeattachments"',
    ]) {
      assert.equal(daemon.count(`add ${missing} to the ClusterRole`), 1, missing);
    }
  });

  test('told to stop in the midst of the drain, ends it first and answers probes meanwhile', async (t) => {
    const node = await shared.node(t, { name: 'stopped' });
    await node.runPods({ count: PODS, endsAfterSeconds: 5 });
    const daemon = await node.startDaemon({ metadata: await node.startMetadata() });
    await daemon.says('Requesting instance drain');
    const ended = daemon.stop('SIGTERM');
    await daemon.says('Stopping');
    assert.equal((await daemon.probe('/healthz')).status, 200);
    assert.deepEqual(await ended, { code: 0, signal: null });
    assert.equal(daemon.count('Node successfully cordoned and drained'), 1);
    assert.deepEqual(await node.podsNow(), []);
  });

  test('while others write to the node and a second daemon runs, marks it once and keeps theirs', async (t) => {
    const node = await shared.node(t, { name: 'contested' });
    await node.runPods({ count: PODS });
    const metadata = await node.startMetadata({ delaySeconds: 4 });
    const daemons = await Promise.all(
      [1, 2].map(() => node.startDaemon({ metadata, env: { TAINT_NODE: 'true' } })),
    );
    await Promise.all(daemons.map((daemon) => daemon.ready()));
    const others = new NodeWriters(shared.cluster, node.name);
    const writing = Promise.all([
      others.annotate('others/a'),
      others.annotate('others/b'),
      others.taint('others/t'),
    ]);
    await Promise.all(daemons.map((daemon) => daemon.says('Node marked')));
    others.end();
    const [a, b, taint] = await writing;
    await Promise.all(daemons.map((daemon) => daemon.says('Node successfully cordoned and drained')));

    await assertMarkedOnce(node);
    const { spec, metadata: written } = await node.object();
    assert.equal(spec.taints?.find(({ key }) => key === 'others/t')?.value, `${taint}`);
    assert.equal(written.annotations?.['others/a'], `${a}`);
    assert.equal(written.annotations['others/b'], `${b}`);
    const patches = (await node.calls()).filter(({ verb }) => verb === 'patch');
    tellFigures('node written to by others and a second daemon', [
      `${a + b + taint} writes of theirs`,
      `${patches.filter(({ statusCode }) => statusCode === 409).length} conflicts`,
    ]);
  });
});
