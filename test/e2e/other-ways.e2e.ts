import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError } from '../parts/api-client.ts';
import type { Pod, Taint } from '../parts/objects.ts';
import { tellFigures } from './figures.ts';
import type { NodeUnderTest } from './node-under-test.ts';
import { rightsOfNthChart } from './service-account.ts';
import { TestCluster } from './test-cluster.ts';

const SPOT_TAINT = 'aws-node-termination-handler/spot-itn';
const STATE = 'aws-node-termination-handler/state';
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

    const { spec } = await node.object();
    assert.equal(spec.unschedulable, true);
    assert.equal(oursAmong(spec.taints).length, 1);
    assert.deepEqual((await node.podsNow()).map(standing), pods.map(standing));
    assert.deepEqual(
      (await node.calls()).map(({ verb, resource }) => `${verb} ${resource}`),
      ['get nodes', 'patch nodes'],
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
      ['watch pods'],
    );
    tellFigures(`NTH's ClusterRole, ${PODS} pods that take 5 s`, [
      `${calls.length} API calls`,
      `${calls.filter(({ verb }) => verb === 'list').length} lists instead of a watch`,
    ]);
  });

  test('while others write to the node and a second daemon runs, marks it once and keeps theirs', async (t) => {
    const node = await shared.node(t, { name: 'contested' });
    await node.runPods({ count: PODS });
    const metadata = await node.startMetadata({ delaySeconds: 4 });
    const daemons = await Promise.all(
      [1, 2].map(() => node.startDaemon({ metadata, env: { TAINT_NODE: 'true' } })),
    );
    await Promise.all(daemons.map((daemon) => daemon.ready()));
    const areDone = (): boolean => daemons.every((daemon) => daemon.count('Node marked') > 0);
    const writers = ['others/a', 'others/b'].map((key) => annotateUntil(areDone, node, key));
    const tainter = taintUntil(areDone, node, 'others/taint');
    await Promise.all(daemons.map((daemon) => daemon.says('Node successfully cordoned and drained')));
    const [annotations, taints] = [await Promise.all(writers), await tainter];

    const { spec, metadata: meta } = await node.object();
    assert.equal(spec.unschedulable, true);
    assert.equal(oursAmong(spec.taints).length, 1);
    assert.equal(spec.taints?.find(({ key }) => key === 'others/taint')?.value, `${taints}`);
    assert.equal(meta.annotations?.['others/a'], `${annotations[0]}`);
    assert.equal(meta.annotations['others/b'], `${annotations[1]}`);
    const state = JSON.parse(meta.annotations[STATE] ?? '{}') as { ours?: object };
    assert.deepEqual(state.ours, { cordon: true, taints: [SPOT_TAINT], labels: [] }, 'to be undone by us');
    const patches = (await node.calls()).filter(({ verb }) => verb === 'patch');
    tellFigures(`node contested by others and a second daemon`, [
      `${annotations.reduce((sum, count) => sum + count, taints)} writes of theirs`,
      `${patches.filter(({ statusCode }) => statusCode === 409).length} conflicts`,
    ]);
  });
});

/** Sets an annotation as often as the API server lets it, blind as a kubelet's heartbeat. @returns its last value */
async function annotateUntil(isDone: () => boolean, node: NodeUnderTest, key: string): Promise<number> {
  for (let count = 1; ; count += 1) {
    await shared.cluster.api('PATCH', nodePath(node), { metadata: { annotations: { [key]: `${count}` } } });
    if (isDone()) return count;
  }
}

/** Sets a taint again and again, as those do who mean well: only on the node as they have read it. @returns its last value */
async function taintUntil(isDone: () => boolean, node: NodeUnderTest, key: string): Promise<number> {
  for (let count = 1; ; count += 1) {
    const { metadata, spec } = await node.object();
    const others = (spec.taints ?? []).filter((taint) => taint.key !== key);
    const taints = [...others, { key, value: `${count}`, effect: 'PreferNoSchedule' }];
    const { resourceVersion } = metadata;
    try {
      await shared.cluster.api('PATCH', nodePath(node), { metadata: { resourceVersion }, spec: { taints } });
      if (isDone()) return count;
    } catch (error) {
      if (!(error instanceof ApiError && error.statusCode === 409)) throw error;
    }
  }
}

function nodePath(node: NodeUnderTest): string {
  return `/api/v1/nodes/${node.name}`;
}

/** A pod, and whether anybody has asked it to leave. */
function standing({ metadata }: Pod): string {
  return `${metadata.name} ${metadata.uid} ${metadata.deletionTimestamp ?? 'runs'}`;
}

function oursAmong(taints: readonly Taint[] = []): Taint[] {
  return taints.filter(({ key }) => key === SPOT_TAINT);
}
