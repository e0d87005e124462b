import assert from 'node:assert/strict';
import { test } from 'node:test';
import { events } from '../fakes/api-server/resources.ts';
import type { EventObject } from '../kubernetes/events/events-over-fake.ts';
import { launchAction, spotWarning } from '../sources/sqs/messages.ts';
import { startQueueDaemon } from './queue-scene.ts';

const env = { EMIT_KUBERNETES_EVENTS: 'true', NTH_NODE_CONDITIONS: 'true' };

test('in queue mode the events are on the node that is drained, and the post-drain task is one of them', async () => {
  await using run = await startQueueDaemon({ env });
  const { api, clock, daemon, sqs } = run;
  sqs.send(spotWarning('i-1'));
  await clock.advanceUntil(() => sqs.size === 0);
  await clock.advance(5_000);
  const shown = api.cluster.store.list(events) as unknown as EventObject[];
  const onNode = shown.filter(({ involvedObject }) => involvedObject['kind'] === 'Node');
  assert.deepEqual(onNode.map(({ reason }) => reason).sort(), [
    'CordonAndDrain',
    'PostDrain',
    'PreDrain',
    'SpotInterruption',
  ]);
  for (const { involvedObject, metadata, source } of onNode) {
    assert.equal(involvedObject['name'], 'node-1');
    assert.equal(source.host, 'node-of-the-daemon');
    assert.equal(metadata.annotations?.['instance-id'], 'i-1');
    assert.equal(metadata.annotations['local-hostname'], 'node-1');
  }
  const conditions =
    api.node('node-1').status.conditions?.map(({ type, status }) => `${type}=${status}`) ?? [];
  assert.ok(conditions.includes('Drained=True'), conditions.join());
  const metrics = await daemon.metrics();
  assert.equal(metrics.get('actions_total{node_action="post-drain",node_status="success"}'), 1);
});

test('a launched instance is an interruption that NTH does not know', async () => {
  await using run = await startQueueDaemon({ env });
  const { api, aws, clock, sqs } = run;
  aws.autoScaling.wait({ group: 'nodes', name: 'ready', token: 't', instanceId: 'i-1' });
  sqs.send(launchAction('i-1', 't'));
  await clock.advanceUntil(() => sqs.size === 0);
  await clock.advance(5_000);
  const shown = api.cluster.store.list(events) as unknown as EventObject[];
  assert.deepEqual(
    shown.map(({ reason, involvedObject }) => `${reason} ${involvedObject['name']}`),
    ['UnknownInterruption node-1'],
  );
});
