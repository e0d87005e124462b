import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodes } from '../fakes/api-server/resources.ts';
import { launchAction } from '../sources/sqs/messages.ts';
import { managedTag, startQueueDaemon, type QueueGiven } from './queue-scene.ts';

const readyText = 'The launched node is ready';

/** `i-2` is launched, and its node is still to join. */
async function launching(given: QueueGiven = {}) {
  const run = await startQueueDaemon(given);
  const { aws, clock, sqs } = run;
  aws.ec2.put({
    instanceId: 'i-2',
    launchedAt: clock.now(),
    privateDnsName: 'node-2',
    tags: { [managedTag]: '' },
  });
  const hook = aws.autoScaling.wait({ group: 'nodes', name: 'ready', token: 'l', instanceId: 'i-2' });
  const id = sqs.send(launchAction('i-2', 'l'));
  const join = (seed: { readonly ready?: boolean } = {}) =>
    run.api.addNode({ name: 'node-2', providerId: 'aws:///eu-central-1a/i-2', ...seed });
  return Object.assign(run, { id, hook, join });
}

const shortRetention = { queue: { retentionMs: 300_000 } };

test('a launch whose node joins after the queue has dropped its message has its hook completed', async () => {
  await using run = await launching(shortRetention);
  const { clock, hook, join, sqs } = run;
  await clock.advance(360_000);
  assert.equal(sqs.size, 0);
  join();
  await clock.advance(300_000);
  assert.equal(hook.state, 'continued');
  assert.equal(run.said(readyText).length, 1);
});

for (const joinsAfterMs of [60_000, 360_000]) {
  test(`so it has where its node joins after ${joinsAfterMs / 1000} s, goes before it was ready, and joins anew`, async () => {
    await using run = await launching(shortRetention);
    const { api, clock, hook, join } = run;
    await clock.advance(joinsAfterMs);
    join({ ready: false });
    await clock.advance(480_000 - joinsAfterMs);
    api.cluster.store.remove(nodes, api.node('node-2'));
    await clock.advance(10_000);
    join();
    await clock.advance(180_000);
    assert.equal(hook.state, 'continued');
  });
}

test('a launch whose node does not join is looked up for as long as it may, and its hook is left alone', async () => {
  await using run = await launching(shortRetention);
  const { aws, clock, hook, join } = run;
  await clock.advance(900_000);
  const lookUps = () =>
    aws.requests.filter(({ parameters }) => [...parameters.values()].includes('i-2')).length;
  const asked = lookUps();
  await clock.advance(900_000);
  assert.ok(asked > 0);
  assert.equal(lookUps(), asked);
  join();
  await clock.advance(300_000);
  assert.equal(hook.state, 'waiting');
});

test('meanwhile its message is there for other clusters, and it is worked for once where it stays', async () => {
  await using run = await launching();
  const { clock, hook, id, join, sqs } = run;
  await clock.advance(300_000);
  const handedOut = sqs.message(id)?.receiveCount ?? 0;
  assert.ok(handedOut >= 300 / 20, `handed out ${handedOut} times, to whoever asks`);
  join();
  await clock.advance(300_000);
  assert.equal(hook.state, 'continued');
  assert.equal(sqs.size, 0);
  assert.equal(run.said(readyText).length, 1);
});

test('SIGTERM: the message of a launch whose node may still join is there for the next process', async () => {
  await using run = await launching();
  const { clock, hook, join, sqs } = run;
  await clock.advance(60_000);
  run.stop();
  await clock.advanceWhile(run.daemon.ended);
  assert.equal(sqs.size, 1);
  join();
  await run.daemon.startAgain();
  await clock.advance(60_000);
  assert.equal(hook.state, 'continued');
});
