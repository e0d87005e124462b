import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoggedRequest } from '../fakes/api-server/request-log.ts';
import { addMachine, startQueueDaemon } from '../daemon/queue-scene.ts';
import { notDrainedText } from '../daemon/running-daemon.ts';
import { eventBridge, spotWarning } from '../sources/sqs/messages.ts';

const isDeletion = ({ verb, resource }: LoggedRequest): boolean => verb === 'delete' && resource === 'pods';
const isMark = ({ verb, resource }: LoggedRequest): boolean => verb === 'patch' && resource === 'nodes';

async function held(graceSeconds: number, env: Readonly<Record<string, string>> = {}) {
  return startQueueDaemon({
    env,
    scene: (scene) => {
      addMachine(scene, { name: 'node-1' }, { instanceId: 'i-1' });
      const labels = { app: 'held' };
      const pod = { graceSeconds, shutdownMs: graceSeconds * 1000 - 500 };
      scene.api.addPod({ name: 'held', node: 'node-1', owner: 'ReplicaSet/held', labels, ...pod });
      scene.api.addBudget({ name: 'held', matchLabels: labels, minAvailable: 1 });
    },
  });
}

type Run = Awaited<ReturnType<typeof held>>;

/** Seconds from the warning to the pod's deletion. */
async function deletedAfter({ api, clock, sqs }: Run): Promise<number> {
  const warnedAt = clock.now();
  sqs.send(spotWarning('i-1', new Date(warnedAt).toISOString()));
  await clock.advanceUntil(() => api.requests.some(isDeletion));
  return (clock.now() - warnedAt) / 1000;
}

for (const [nodeGrace, podGrace, where] of [
  [30, 5, 'node'],
  [30, 45, 'node'],
  [90, 20, 'node'],
  [30, 8, 'node that can not be marked'],
  [30, 44, 'node that can not be marked'],
  [30, 80, 'node that can not be marked'],
  [10, 21, 'node that can not be marked'],
] as const) {
  test(`a node grace of ${nodeGrace} s leaves no gap before the machine's end: on a ${where} a pod of ${podGrace} s is deleted in time`, async () => {
    await using run = await held(podGrace, { NODE_TERMINATION_GRACE_PERIOD: `${nodeGrace}` });
    if (where !== 'node') run.api.faults.add({ kind: 'answer', code: 403 }, { when: isMark });
    const seconds = await deletedAfter(run);
    assert.ok(seconds <= 114.5 - podGrace, `after ${seconds} s`);
    assert.ok(run.said(notDrainedText).length > 0, 'that its grace was over is told');
  });
}

test('a warning that joins a drain has a node grace of its own', async () => {
  await using run = await held(52);
  run.sqs.send(eventBridge('aws.ec2', 'EC2 Instance Rebalance Recommendation', { 'instance-id': 'i-1' }));
  await run.clock.advance(60_000);
  const seconds = await deletedAfter(run);
  assert.ok(seconds <= 62.5, `after ${seconds} s`);
  assert.equal(run.said(notDrainedText).length, 0);
});

test('what joins in mid-drain is drained for by that drain, which is not begun once more where it fails', async () => {
  await using run = await startQueueDaemon({
    env: { DELETE_LOCAL_DATA: 'false' },
    scene: (scene) => {
      addMachine(scene, { name: 'node-1' }, { instanceId: 'i-1' });
      scene.api.addPod({ name: 'kept', node: 'node-1', owner: 'ReplicaSet/web', emptyDir: true });
      scene.api.addPod({ name: 'slow', node: 'node-1', owner: 'ReplicaSet/web', shutdownMs: 10_000 });
    },
  });
  const { api, clock, sqs } = run;
  sqs.send(eventBridge('aws.ec2', 'EC2 Instance Rebalance Recommendation', { 'instance-id': 'i-1' }));
  await clock.advance(5_000);
  sqs.send(spotWarning('i-1', new Date(clock.now()).toISOString()));
  await clock.advanceUntil(() => run.said(notDrainedText).length > 0);
  const lists = api.requests.filter(({ verb, resource }) => verb === 'list' && resource === 'pods');
  assert.equal(lists.length, 1);
});
