import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Departure } from '../../src/handling/departure.ts';
import type { WorkflowNews, WorkflowSummary } from '../../src/handling/workflow-observer.ts';
import { ApiCluster } from '../../src/kubernetes/api-cluster.ts';
import { t0 } from '../interruption/interruptions.ts';
import { clientOverFake } from '../kubernetes/client-over-fake.ts';

const node = 'node-1';
const pod = { name: 'nth-0', namespace: 'kube-system' };
const began: WorkflowNews = { type: 'marked' };
const drained: WorkflowNews = { type: 'ended', outcome: 'drained' };

function workflow(given: Partial<WorkflowSummary> = {}): WorkflowSummary {
  return {
    id: 1,
    node,
    startedAt: t0,
    phase: 'draining',
    interruptions: [],
    cancellations: [],
    response: 'drain',
    deadline: undefined,
    deadlineIsMachineEnd: false,
    dryRun: false,
    ...given,
  };
}

/** The pod of a daemon on `node-1`. */
async function ownPod() {
  const parts = await clientOverFake();
  const { api, clock } = parts;
  api.addNode({ name: node });
  api.addPod({ ...pod, node, owner: 'ReplicaSet/nth', labels: { app: 'nth' } });
  const cluster = new ApiCluster(
    {
      useApiServerCache: false,
      readNamespaceAnnotations: false,
      taintEffect: undefined,
      excludeFromLoadBalancers: false,
    },
    parts,
  );
  const departure = new Departure({ node, pod }, { ...parts, cluster });
  const stop = new AbortController();
  const running = departure.run(stop.signal);
  const asked = () => api.pod(pod.name, pod.namespace)?.metadata.deletionTimestamp !== undefined;
  return {
    ...parts,
    departure,
    /** Somebody has asked it to leave, or it has left. */
    hasLeft: () => asked() || api.pod(pod.name, pod.namespace) === undefined,
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('the test has ended'));
      await clock.advanceWhile(running);
      await parts[Symbol.asyncDispose]();
    },
  };
}

test('the pod leaves when the work for its node has ended', async () => {
  await using it = await ownPod();
  it.departure.observe(began, workflow());
  await it.clock.advance(600_000);
  assert.equal(it.hasLeft(), false);
  it.departure.observe(drained, workflow());
  await it.clock.advance(0);
  assert.equal(it.hasLeft(), true);
});

test("the pod leaves 20 s before its machine's end, by the earliest that is known", async () => {
  await using it = await ownPod();
  const end = { deadlineIsMachineEnd: true, deadline: t0 + 120_000 };
  it.departure.observe(began, workflow({ ...end, deadline: t0 + 300_000 }));
  it.departure.observe(began, workflow(end));
  it.departure.observe(began, workflow({ ...end, deadline: t0 + 240_000 }));
  await it.clock.advance(99_000);
  assert.equal(it.hasLeft(), false);
  await it.clock.advance(2_000);
  assert.equal(it.hasLeft(), true);
});

const stays: readonly { what: string; news: WorkflowNews; summary: Partial<WorkflowSummary> }[] = [
  { what: 'another node was drained', news: drained, summary: { node: 'node-2' } },
  { what: 'its drain is only rehearsed', news: drained, summary: { dryRun: true } },
  { what: 'its node was only marked', news: { type: 'ended', outcome: 'marked' }, summary: {} },
  { what: 'its drain failed, and is tried again', news: { type: 'ended', outcome: undefined }, summary: {} },
  {
    what: 'what its node was marked for is over',
    news: { type: 'ended', outcome: 'cancelled' },
    summary: {},
  },
  { what: "its deadline is not the machine's end", news: began, summary: { deadline: t0 + 60_000 } },
];

test('the pod stays', async (t) => {
  await using it = await ownPod();
  for (const { what, news, summary } of stays) {
    await t.test(`where ${what}`, async () => {
      it.departure.observe(news, workflow(summary));
      await it.clock.advance(120_000);
      assert.equal(it.hasLeft(), false);
    });
  }
});

test('a budget holds the pod for 10 s, then it is deleted', async () => {
  await using it = await ownPod();
  it.api.addBudget({ name: 'nth', namespace: 'kube-system', matchLabels: { app: 'nth' }, minAvailable: 1 });
  it.departure.observe(drained, workflow());
  await it.clock.advance(9_000);
  assert.equal(it.hasLeft(), false);
  await it.clock.advance(4_000);
  assert.equal(it.hasLeft(), true);
  assert.equal(it.warnings().length, 0);
});

test('while the API server is away it is asked again', async () => {
  await using it = await ownPod();
  await it.api.goAway();
  it.departure.observe(drained, workflow());
  await it.clock.advance(5_000);
  await it.api.restart();
  await it.clock.advanceUntil(it.hasLeft, { maxMs: 60_000 });
});

test('it ends at once where the daemon has ended before', async () => {
  await using it = await ownPod();
  let hasEnded = false;
  void it.departure.run(AbortSignal.abort(new Error('killed'))).then(() => {
    hasEnded = true;
  });
  await it.clock.settle();
  assert.equal(hasEnded, true);
});
