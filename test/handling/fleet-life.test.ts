import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stateAnnotation } from '../../src/kubernetes/mark-state.ts';
import { budgets } from '../fakes/api-server/resources.ts';
import { addMachine, heldScene, startQueueDaemon } from '../daemon/queue-scene.ts';
import { drainedText, notDrainedText } from '../daemon/running-daemon.ts';
import { healthEvent, spotWarning, terminateAction } from '../sources/sqs/messages.ts';

test('what the queue drops while its drain does not succeed is taken up from the Node by the same process', async () => {
  await using run = await startQueueDaemon({ queue: { retentionMs: 300_000 }, scene: heldScene });
  const { api, aws, clock, sqs } = run;
  const hook = aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
  sqs.send(terminateAction('i-1', 't'));
  await clock.advanceUntil(() => sqs.expired.length > 0, { stepMs: 1_000 });
  await clock.advance(300_000);
  api.cluster.store.remove(budgets, api.budget('held'));
  await clock.advanceUntil(() => hook.state === 'continued', { stepMs: 1_000 });
  assert.equal(run.said(drainedText).length, 1);
  assert.equal(api.pod('held'), undefined);
});

test('maintenance that is called off while its message waits to be tried again stays called off', async () => {
  await using run = await startQueueDaemon({ scene: heldScene });
  const { api, clock, sqs } = run;
  const event = { eventArn: 'arn:aws:health:eu-central-1::event/EC2/reboot/1', statusCode: 'open' };
  sqs.send(healthEvent(['i-1'], event));
  await clock.advanceUntil(() => run.said(notDrainedText).length > 0, { stepMs: 1_000 });
  sqs.send(healthEvent(['i-1'], { ...event, statusCode: 'closed' }));
  await clock.advanceUntil(() => sqs.size === 0, { stepMs: 1_000 });
  await clock.advance(60_000);
  const { spec, metadata } = api.node('node-1');
  assert.equal(spec.unschedulable, undefined, JSON.stringify(metadata.annotations?.[stateAnnotation]));
  assert.notEqual(api.pod('held'), undefined);
});

test('maintenance whose message was settled while it waited for its start is tried again after a drain that did not succeed', async () => {
  await using run = await startQueueDaemon({
    scene: heldScene,
    env: { NTH_SCHEDULED_EVENT_TIMING: 'before-start' },
  });
  const { api, clock, sqs } = run;
  const startTime = new Date(clock.now() + 3_600_000).toUTCString();
  sqs.send(healthEvent(['i-1'], { statusCode: 'open', startTime }));
  await clock.advanceUntil(() => sqs.size === 0, { stepMs: 1_000 });
  await clock.advanceUntil(() => run.said(notDrainedText).length > 0, { stepMs: 1_000, maxMs: 7_200_000 });
  api.cluster.store.remove(budgets, api.budget('held'));
  await clock.advanceUntil(() => api.pod('held') === undefined, { stepMs: 1_000 });
});

test('a hook that is taken up from the Node holds up no stop, and is completed by the next process', async () => {
  await using run = await startQueueDaemon({
    queue: { retentionMs: 60_000 },
    env: { COMPLETE_LIFECYCLE_ACTION_DELAY_SECONDS: '3000' },
  });
  const { aws, clock, sqs } = run;
  const hook = aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
  sqs.send(terminateAction('i-1', 't'));
  await clock.advanceUntil(() => run.said(drainedText).length === 1);
  run.kill();
  await clock.advance(70_000);
  assert.equal(sqs.size, 0, 'SQS has dropped it');
  await run.daemon.startAgain();
  const takenUp = 'What the node was marked for is taken up again';
  await clock.advanceUntil(() => run.said(takenUp).length === 1, { stepMs: 1_000 });
  const stopsAt = clock.now();
  await run.daemon.startAgain();
  assert.ok(clock.now() - stopsAt < 30_000, `stopped after ${clock.now() - stopsAt} ms`);
  assert.equal(hook.state, 'waiting');
  await clock.advanceUntil(() => hook.state === 'continued', { stepMs: 10_000, maxMs: 7_200_000 });
});

test('a message that the queue drops while the API server is away costs nothing', async () => {
  await using run = await startQueueDaemon({ queue: { retentionMs: 300_000 }, scene: heldScene });
  const { api, aws, clock, sqs } = run;
  api.cluster.store.remove(budgets, api.budget('held'));
  const hook = aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
  await api.goAway();
  sqs.send(terminateAction('i-1', 't'));
  await clock.advanceUntil(() => sqs.expired.length > 0, { stepMs: 1_000 });
  await clock.advance(400_000);
  await api.restart();
  await clock.advanceUntil(() => hook.state === 'continued', { stepMs: 1_000 });
  assert.equal(api.node('node-1').spec.unschedulable, true);
  assert.equal(api.pod('held'), undefined);
});

test('a Spot warning that comes while the message of maintenance that waits is being deleted is not waited with', async () => {
  await using run = await startQueueDaemon({
    scene: (scene) => {
      addMachine(scene, { name: 'node-1' }, { instanceId: 'i-1' });
      scene.api.addPod({ name: 'web', node: 'node-1', owner: 'ReplicaSet/web' });
    },
    env: { NTH_SCHEDULED_EVENT_TIMING: 'before-start' },
  });
  const { api, aws, clock, sqs } = run;
  aws.faults.add({ kind: 'delay', ms: 5_000 }, { when: ({ action }) => action === 'DeleteMessageBatch' });
  const startTime = new Date(clock.now() + 3_600_000).toUTCString();
  sqs.send(healthEvent(['i-1'], { statusCode: 'open', startTime }));
  await clock.advanceUntil(() => aws.count('DeleteMessageBatch') > 0);
  sqs.send(spotWarning('i-1', new Date(clock.now()).toISOString()));
  await clock.advanceUntil(() => api.pod('web') === undefined, { maxMs: 100_000 });
});

test('a Spot warning that comes while the node is marked for maintenance that waits is not waited with', async () => {
  await using run = await startQueueDaemon({
    scene: (scene) => {
      addMachine(scene, { name: 'node-1' }, { instanceId: 'i-1' });
      scene.api.addPod({ name: 'web', node: 'node-1', owner: 'ReplicaSet/web' });
    },
    env: { NTH_SCHEDULED_EVENT_TIMING: 'before-start' },
  });
  const { api, clock, sqs } = run;
  api.faults.add({ kind: 'delay', ms: 500 }, { when: ({ verb }) => verb === 'patch' });
  const startTime = new Date(clock.now() + 3_600_000).toUTCString();
  sqs.send(healthEvent(['i-1'], { statusCode: 'open', startTime }));
  await clock.advance(200);
  sqs.send(spotWarning('i-1', new Date(clock.now()).toISOString()));
  await clock.advanceUntil(() => api.pod('web') === undefined, { maxMs: 100_000 });
});

test('maintenance that is called off while the node is marked for it drains nothing', async () => {
  await using run = await startQueueDaemon({
    scene: (scene) => {
      addMachine(scene, { name: 'node-1' }, { instanceId: 'i-1' });
      scene.api.addPod({ name: 'web', node: 'node-1', owner: 'ReplicaSet/web' });
    },
  });
  const { api, clock, sqs } = run;
  const event = { eventArn: 'arn:aws:health:eu-central-1::event/EC2/reboot/1', statusCode: 'open' };
  sqs.send(healthEvent(['i-1'], event));
  sqs.send(healthEvent(['i-1'], { ...event, statusCode: 'closed' }));
  await clock.advanceUntil(() => sqs.size === 0);
  await clock.advance(10_000);
  assert.notEqual(api.pod('web'), undefined);
  assert.equal(api.node('node-1').spec.unschedulable, undefined);
});
