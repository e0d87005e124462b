import assert from 'node:assert/strict';
import { test } from 'node:test';
import { terminateAction } from '../sources/sqs/messages.ts';
import { heldScene, startQueueDaemon } from './queue-scene.ts';
import { notDrainedText } from './running-daemon.ts';

test('the hook of a machine whose kubelet is gone is kept open from drain to drain, until heartbeats end', async () => {
  await using run = await startQueueDaemon({
    env: { HEARTBEAT_INTERVAL: '30', HEARTBEAT_UNTIL: '600' },
  });
  const { api, aws, clock, sqs } = run;
  const hook = aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
  api.cluster.kubelets.cutOff('node-1');
  sqs.send(terminateAction('i-1', 't'));
  await clock.advance(600_000);
  assert.ok(run.said(notDrainedText).length > 1);
  assert.equal(hook.heartbeats.length, 19);
  await clock.advance(3_600_000);
  assert.equal(hook.heartbeats.length, 19);
  assert.equal(run.said('Heartbeat deadline exceeded, stopping heartbeat').length, 1);
  assert.ok(hook.endsAt < clock.now(), 'the group waits no more');
});

test('a hook that waits no more gets no more heartbeats, however often its drain is tried again', async () => {
  await using run = await startQueueDaemon({ scene: heldScene, env: { HEARTBEAT_INTERVAL: '30' } });
  const { aws, clock, sqs } = run;
  // Somebody has completed it by hand, or the group has given it up.
  sqs.send(terminateAction('i-1', 't'));
  await clock.advance(3_600_000);
  assert.ok(run.said(notDrainedText).length > 1);
  assert.equal(aws.count('RecordLifecycleActionHeartbeat'), 1);
  const told = run.said('Failed to send lifecycle heartbeat').map(({ next }) => next);
  assert.deepEqual(told, ['no more heartbeats are sent']);
});
