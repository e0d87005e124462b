import assert from 'node:assert/strict';
import { test } from 'node:test';
import { terminateAction } from '../sources/sqs/messages.ts';
import { startQueueDaemon } from './queue-scene.ts';
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
