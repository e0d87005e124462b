import assert from 'node:assert/strict';
import { test } from 'node:test';
import { budgets, nodes } from '../fakes/api-server/resources.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { eventBridge, healthEvent } from '../sources/sqs/messages.ts';
import { addMachine, heldScene, startQueueDaemon, usualScene, type Scene } from './queue-scene.ts';
import { drainedText } from './running-daemon.ts';

const maintenance = { statusCode: 'open', lastUpdatedTime: 'Tue, 01 Jan 2030 00:00:00 GMT' };

/** `i-1` is a node here, `i-9` is none: its message stays for another cluster. */
async function startShared(
  scene: (it: Scene) => void = usualScene,
  env: Readonly<Record<string, string>> = {},
) {
  return startQueueDaemon({
    env: { CHECK_TAG_BEFORE_DRAINING: 'false', ...env },
    scene: (it) => {
      scene(it);
      it.aws.ec2.put({ instanceId: 'i-9', privateDnsName: 'database' });
    },
  });
}

/** An administrator does so, and a pod lands on it. */
function putBackInService(api: FakeApiServer): void {
  const { store } = api.cluster;
  const node = store.get(nodes, 'node-1');
  store.update(nodes, { ...node, spec: { ...node.spec, unschedulable: false, taints: [] } });
  api.addPod({ name: 'fresh', node: 'node-1', owner: 'ReplicaSet/fresh', shutdownMs: 1_000 });
}

for (const [how, env, drains] of [
  ['drained', {}, 1],
  ['marked, with --cordon-only,', { CORDON_ONLY: 'true' }, 0],
] as const) {
  test(`a node that was ${how} for a shared event and is in service again is left alone by the next process`, async () => {
    await using run = await startShared(usualScene, env);
    const { api, clock, sqs } = run;
    sqs.send(healthEvent(['i-1', 'i-9'], maintenance));
    await clock.advance(300_000);
    assert.equal(api.node('node-1').spec.unschedulable, true);
    assert.equal(run.said(drainedText).length, drains);
    putBackInService(api);
    await clock.advance(300_000);
    assert.ok(api.pod('fresh'));
    await run.daemon.startAgain();
    await clock.advance(300_000);
    assert.ok(api.pod('fresh'));
    assert.equal(api.node('node-1').spec.unschedulable, false);
    assert.equal(sqs.size, 1, 'another cluster may need it');
  });
}

/** A node was acted on for a shared event and put back into service; AWS tells of the event anew to the next process. */
async function toldAnew(env: Readonly<Record<string, string>> = {}) {
  const run = await startShared(usualScene, env);
  const { api, clock, sqs } = run;
  sqs.send(healthEvent(['i-1', 'i-9'], maintenance));
  await clock.advance(300_000);
  putBackInService(api);
  await run.daemon.startAgain();
  const lastUpdatedTime = 'Tue, 01 Jan 2030 00:05:00 GMT';
  sqs.send(healthEvent(['i-1', 'i-9'], { ...maintenance, lastUpdatedTime }));
  return run;
}

test('what AWS has told since of a shared event is acted on by the next process, with --cordon-only', async () => {
  await using run = await toldAnew({ CORDON_ONLY: 'true' });
  const { api, clock } = run;
  await clock.advanceUntil(() => api.node('node-1').spec.unschedulable === true, { stepMs: 1_000 });
});

test('what AWS has told since of a shared event is acted on by the next process', async () => {
  await using run = await toldAnew();
  await run.clock.advanceUntil(() => run.api.pod('fresh') === undefined, { stepMs: 1_000 });
});

test('a drain for a shared event that was cut short is begun anew by the next process', async () => {
  await using run = await startShared(heldScene);
  const { api, clock, sqs } = run;
  sqs.send(healthEvent(['i-1', 'i-9'], maintenance));
  await clock.advanceUntil(() => run.said('Requesting instance drain').length === 1);
  run.kill();
  await clock.advance(1_000);
  await run.daemon.startAgain();
  api.cluster.store.remove(budgets, api.budget('held'));
  await clock.advanceUntil(() => api.pod('held') === undefined, { stepMs: 1_000 });
});

test('SIGTERM in mid-drain: the part of an event that was not begun is shown to others at once, and stays', async () => {
  await using run = await startQueueDaemon({
    env: { WORKERS: '1' },
    scene: (scene) => {
      for (const n of ['1', '2']) {
        addMachine(scene, { name: `node-${n}` }, { instanceId: `i-${n}` });
        scene.api.addPod({
          name: `web-${n}`,
          node: `node-${n}`,
          owner: `ReplicaSet/web-${n}`,
          shutdownMs: 90_000,
        });
      }
    },
  });
  const { clock, sqs } = run;
  sqs.send(healthEvent(['i-1', 'i-2'], maintenance));
  await clock.advanceUntil(() => run.said('Requesting instance drain').length === 1);
  run.stop();
  await clock.advance(1_000);
  assert.equal(sqs.visible, 1);
  await clock.advance(60_000);
  assert.equal(sqs.visible, 1, 'nobody hides it again');
  await clock.advanceWhile(run.daemon.ended);
  assert.equal(run.said(drainedText).length, 1);
  assert.equal(sqs.visible, 1);
});

test('maintenance whose time has not come is not done by a drain for something else', async () => {
  await using run = await startShared(usualScene, {
    NTH_SCHEDULED_EVENT_TIMING: 'before-start',
    ENABLE_REBALANCE_DRAINING: 'true',
  });
  const { api, clock, sqs } = run;
  const startsAt = clock.now() + 900_000;
  sqs.send(healthEvent(['i-1', 'i-9'], { ...maintenance, startTime: new Date(startsAt).toUTCString() }));
  await clock.advance(60_000);
  sqs.send(eventBridge('aws.ec2', 'EC2 Instance Rebalance Recommendation', { 'instance-id': 'i-1' }));
  await clock.advance(120_000);
  assert.equal(run.said(drainedText).length, 1);
  putBackInService(api);
  await run.daemon.startAgain();
  await clock.advance(startsAt - clock.now());
  assert.equal(api.pod('fresh'), undefined);
});
