import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoggedRequest } from '../fakes/api-server/request-log.ts';
import { addMachine, heldScene, startQueueDaemon, type Scene } from '../daemon/queue-scene.ts';
import { healthEvent, spotWarning, terminateAction } from '../sources/sqs/messages.ts';

function scene(it: Scene): void {
  addMachine(it, { name: 'node-1' }, { instanceId: 'i-1' });
  it.api.addPod({ name: 'web', node: 'node-1', owner: 'ReplicaSet/web', shutdownMs: 1_000 });
}

/** Nobody may write Nodes. */
async function unmarkable(env: Readonly<Record<string, string>> = {}, which = scene) {
  const run = await startQueueDaemon({ scene: which, env });
  const when = ({ verb, resource }: LoggedRequest): boolean => verb === 'patch' && resource === 'nodes';
  run.api.faults.add({ kind: 'answer', code: 403 }, { when });
  return run;
}

for (const first of ['hook', 'Spot warning']) {
  test(`a pod that lands on a node which was drained for a ${first}, but not cordoned, is asked in time`, async () => {
    await using run = await unmarkable();
    const { api, aws, clock, sqs } = run;
    const warn = (): void => void sqs.send(spotWarning('i-1', new Date(clock.now()).toISOString()));
    aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
    if (first === 'hook') sqs.send(terminateAction('i-1', 't'));
    else warn();
    await clock.advanceUntil(() => api.pod('web') === undefined, { stepMs: 500 });
    await clock.advance(5_000);
    api.addPod({ name: 'late', node: 'node-1', owner: 'ReplicaSet/late', shutdownMs: 1_000 });
    if (first === 'hook') warn();
    await clock.advance(20_000);
    assert.equal(api.pod('late'), undefined);
    assert.equal(run.said('Requesting instance drain').length, 1);
  });
}

test('a hook that joins when the drain of a Spot warning has just failed is not completed without a drain', async () => {
  await using run = await unmarkable({ NTH_DRAIN_ESCALATION: 'evict' }, heldScene);
  const { api, aws, clock, sqs } = run;
  const warnedAt = clock.now();
  sqs.send(spotWarning('i-1', new Date(warnedAt).toISOString()));
  // While the marks are waited for once more.
  await clock.advance(120_500 - (clock.now() - warnedAt));
  api.addPod({ name: 'late', node: 'node-1', owner: 'ReplicaSet/late', shutdownMs: 1_000 });
  const hook = aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
  sqs.send(terminateAction('i-1', 't'));
  await clock.advanceUntil(() => hook.state !== 'waiting' || api.pod('late') === undefined);
  assert.equal(api.pod('late'), undefined);
});

test('that the drain waits for its time is told once', async () => {
  await using run = await unmarkable({ NTH_SCHEDULED_EVENT_TIMING: 'before-start' });
  const { clock, sqs } = run;
  const startTime = new Date(clock.now() + 7_200_000).toUTCString();
  sqs.send(healthEvent(['i-1'], { statusCode: 'open', startTime }));
  await clock.advance(600_000);
  assert.equal(run.said('The drain waits for its time').length, 1);
});

test('a drain that is complete holds up no stop, and its hook is left to the next process', async () => {
  await using run = await unmarkable();
  const { aws, clock, sqs } = run;
  const hook = aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
  sqs.send(terminateAction('i-1', 't'));
  await clock.advance(20_000);
  const before = clock.now();
  run.stop();
  await clock.advanceWhile(run.ended);
  assert.ok(clock.now() - before < 10_000);
  assert.equal(hook.state, 'waiting');
  assert.equal(sqs.size, 1);
});

test('pods that were put back on a node while it could not be marked leave once it is', async () => {
  await using run = await startQueueDaemon({ scene });
  const { api, aws, clock, sqs } = run;
  // So that the drain goes on beyond its marks.
  api.addPod({ name: 'slow', node: 'node-1', owner: 'StatefulSet/slow', shutdownMs: 28_000 });
  const when = ({ verb, resource }: LoggedRequest): boolean => verb === 'patch' && resource === 'nodes';
  const end = api.faults.add({ kind: 'answer', code: 500 }, { when });
  const hook = aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
  sqs.send(terminateAction('i-1', 't'));
  for (let number = 1; number <= 30; number += 1) {
    await clock.advance(500);
    const isLeft = api
      .pods('node-1')
      .some(({ metadata }) => metadata.name !== 'slow' && metadata.deletionTimestamp === undefined);
    // As its controller and the scheduler do.
    if (!isLeft)
      api.addPod({ name: `web-${number}`, node: 'node-1', owner: 'ReplicaSet/web', shutdownMs: 1_000 });
  }
  end();
  await clock.advanceUntil(() => hook.state === 'continued');
  assert.deepEqual(api.pods('node-1'), []);
});
