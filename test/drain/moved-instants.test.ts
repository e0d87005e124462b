import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../src/clock.ts';
import type { DrainGoal } from '../../src/drain/plan.ts';
import { budgets, nodes, pods } from '../fakes/api-server/resources.ts';
import { isDeletion, isEviction, machineEndsAt } from './before-the-end.ts';
import { drainsOverFake } from './drains-over-fake.ts';

const grace = 'aws-node-termination-handler/grace-period-seconds';

/** One pod, of 30 s of grace, whose eviction comes to nothing. */
async function drainingInVain(fault: 'hang' | 'refuse', goalAt: (now: number) => DrainGoal) {
  const drains = await drainsOverFake();
  const { api, clock } = drains;
  api.addNode({ name: 'node-1' });
  api.addPod({ name: 'web', node: 'node-1', owner: 'ReplicaSet/web', shutdownMs: 300_000 });
  api.faults.add(fault === 'hang' ? { kind: 'hang' } : { kind: 'answer', code: 500 }, { when: isEviction });
  const drain = drains.drain('node-1', { goal: goalAt(clock.now()) });
  const count = () => api.requests.filter(isEviction).length;
  return {
    ...drains,
    drain,
    asksFor(seconds: number): void {
      const { store } = api.cluster;
      const pod = store.get(pods, 'web', 'default');
      store.update(pods, { ...pod, metadata: { ...pod.metadata, annotations: { [grace]: `${seconds}` } } });
    },
    /** Just after an eviction was refused, so that the next one would come last. */
    async untilRefused(): Promise<void> {
      const before = count();
      await clock.advanceUntil(() => count() > before);
    },
    /** Seconds until the pod is deleted, and what it is given then. */
    async deletion(): Promise<readonly [seconds: number, body: string]> {
      const from = clock.now();
      await clock.advanceUntil(() => api.requests.some(isDeletion));
      return [(clock.now() - from) / 1000, api.requests.find(isDeletion)?.body ?? ''];
    },
  };
}

const inTwoHours = (now: number): DrainGoal => {
  const deadline = now + 7_200_000;
  return { deadline, deadlineIsMachineEnd: false, endBy: deadline, escalation: 'evict' };
};

test('an eviction hangs, and its pod asks for more time than is left: it is given up at once', async () => {
  await using it = await drainingInVain('hang', (now) => machineEndsAt(now + 120_000));
  await it.clock.advance(50_000);
  it.asksFor(75);
  const [seconds, body] = await it.deletion();
  assert.ok(seconds <= 0.5, `after ${seconds} s`);
  assert.match(body, /"gracePeriodSeconds":6[45]\b/);
});

test('an eviction hangs, and the end moves so near that it should have been given up before it was sent', async () => {
  await using it = await drainingInVain('hang', inTwoHours);
  await it.clock.advance(6000);
  it.drain.moveGoal(machineEndsAt(it.clock.now() + 30_000));
  const [seconds, body] = await it.deletion();
  assert.ok(seconds <= 0.5, `after ${seconds} s`);
  assert.match(body, /"gracePeriodSeconds":2[45]\b/);
});

test('an eviction that is sent when it is late already is given up after a few seconds', async () => {
  await using it = await drainingInVain('hang', (now) => machineEndsAt(now + 30_000));
  const [seconds, body] = await it.deletion();
  assert.ok(seconds >= 4 && seconds <= 6, `after ${seconds} s`);
  assert.match(body, /"gracePeriodSeconds":(19|20)\b/);
});

test('a back-off ends when its pod asks for more time than is left', async () => {
  await using it = await drainingInVain('refuse', (now) => machineEndsAt(now + 120_000));
  await it.clock.advance(40_000);
  await it.untilRefused();
  it.asksFor(100);
  const [seconds] = await it.deletion();
  assert.ok(seconds <= 0.5, `after ${seconds} s`);
});

test('a back-off ends when the end moves before its own', async () => {
  await using it = await drainingInVain('refuse', inTwoHours);
  await it.clock.advance(40_000);
  await it.untilRefused();
  it.drain.moveGoal(machineEndsAt(it.clock.now() + 30_000));
  const [seconds] = await it.deletion();
  assert.ok(seconds <= 0.5, `after ${seconds} s`);
});

test('a back-off ends when the machine is to end, though the pod may be asked later than before', async () => {
  await using it = await drainingInVain('refuse', (now) => ({
    ...inTwoHours(now),
    deadline: undefined,
    endBy: now + 120_000,
  }));
  it.asksFor(600);
  await it.clock.advance(40_000);
  await it.untilRefused();
  it.drain.moveGoal(machineEndsAt(it.clock.now() + 120_000));
  const [seconds] = await it.deletion();
  assert.ok(seconds <= 0.5, `after ${seconds} s`);
});

test('a clock that is set forward in mid-drain holds up no pod for long', async () => {
  await using it = await drainsOverFake();
  const { api, clock } = it;
  let aheadMs = 0;
  const stepped: Clock = {
    now: () => clock.now() + aheadMs,
    sleep: (ms, signal) => clock.sleep(ms, signal),
    startTimer: (ms, ring) => clock.startTimer(ms, ring),
  };
  api.addNode({ name: 'node-1' });
  const annotations = { 'aws-node-termination-handler/drain': 'wait' };
  api.addPod({ name: 'batch', node: 'node-1', annotations, graceSeconds: 30, shutdownMs: 1_000 });
  it.drain('node-1', { goal: machineEndsAt(clock.now() + 120_000) }, { clock: stepped });
  await clock.advance(1_000);
  aheadMs = 60_000;
  await clock.advance(35_000);
  assert.equal(api.pod('batch'), undefined);
});

test('a drain that has ended takes no other end', async () => {
  await using it = await drainsOverFake();
  it.api.addNode({ name: 'node-1' });
  const drain = it.drain('node-1', { goal: machineEndsAt(it.clock.now() + 120_000) });
  await it.clock.advanceUntil(() => it.reports.has('node-1'));
  assert.equal(drain.moveGoal(machineEndsAt(it.clock.now() + 120_000)), false);
});

test('a kubelet that was away a while ago is looked at anew before a drain ends for its sake', async () => {
  await using it = await drainsOverFake();
  const { api, clock, reports } = it;
  const { kubelets, store } = api.cluster;
  const setReady = (status: 'True' | 'Unknown'): void => {
    const node = api.node('node-1');
    store.update(nodes, { ...node, status: { ...node.status, conditions: [{ type: 'Ready', status }] } });
  };
  api.addNode({ name: 'node-1' });
  setReady('Unknown');
  api.addPod({ name: 'web', node: 'node-1', owner: 'ReplicaSet/web', graceSeconds: 1 });
  const labels = { app: 'held' };
  api.addPod({ name: 'held', node: 'node-1', owner: 'ReplicaSet/held', labels, graceSeconds: 10 });
  api.addBudget({ name: 'held', matchLabels: labels, minAvailable: 1 });
  kubelets.cutOff('node-1');
  const drain = it.drain('node-1', { goal: machineEndsAt(clock.now() + 120_000) });
  await clock.advance(35_000);
  kubelets.rejoin('node-1');
  setReady('True');
  await clock.advance(5_000);
  assert.equal(api.pod('web'), undefined);
  // Something else holds the next one.
  kubelets.cutOff('node-1');
  store.remove(budgets, store.get(budgets, 'held', 'default'));
  await clock.advance(10_000);
  const endBy = clock.now() + 900_000;
  drain.moveGoal({ deadline: undefined, deadlineIsMachineEnd: false, endBy, escalation: 'evict' });
  await clock.advance(60_000);
  assert.equal(reports.size, 0);
});
