import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMarkState, stateAnnotation } from '../../src/kubernetes/mark-state.ts';
import {
  healthEvent,
  launchAction,
  spotWarning,
  stateChange,
  terminateAction,
} from '../sources/sqs/messages.ts';
import { nodes } from '../fakes/api-server/resources.ts';
import type { LoggedRequest } from '../fakes/api-server/request-log.ts';
import { addMachine, setReady, startQueueDaemon, usualScene } from './queue-scene.ts';
import { drainedText } from './running-daemon.ts';

const calls = (requests: readonly LoggedRequest[]) =>
  requests.map(({ verb, resource, subresource }) => [verb, resource, subresource].join(' ').trim());

test('a spot warning drains its node, and the message is deleted after that', async () => {
  await using run = await startQueueDaemon();
  const { api, aws, clock, sqs } = run;
  sqs.send(spotWarning('i-1'));
  await clock.advanceUntil(() => api.node('node-1').spec.unschedulable);
  assert.equal(aws.count('DescribeInstances'), 0, 'no EC2 call stands before the mark');
  assert.equal(sqs.size, 1);
  await clock.advanceUntil(() => run.said(drainedText).length > 0);
  await clock.advanceUntil(() => sqs.size === 0);
  assert.deepEqual(
    calls(api.requests)
      .filter((call) => !call.startsWith('watch'))
      .toSorted(),
    ['create pods eviction', 'create pods eviction', 'list pods', 'patch nodes', 'patch nodes'],
  );
});

test('a terminating hook is completed once the node is drained, before the message is deleted', async () => {
  await using run = await startQueueDaemon({
    env: { HEARTBEAT_INTERVAL: '30', COMPLETE_LIFECYCLE_ACTION_DELAY_SECONDS: '45' },
  });
  const { aws, clock, sqs } = run;
  const hook = aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
  sqs.send(terminateAction('i-1', 't'));
  await clock.advanceUntil(() => run.said(drainedText).length > 0);
  assert.equal(hook.state, 'waiting');
  await clock.advanceUntil(() => hook.state === 'continued');
  assert.equal(hook.heartbeats.length, 1);
  await clock.advanceUntil(() => sqs.size === 0);
  const node = run.api.node('node-1');
  const [signal] = readMarkState(node.metadata.annotations?.[stateAnnotation])?.signals ?? [];
  assert.deepEqual(signal?.queued?.hook, { group: 'nodes', name: 'drain', token: 't' });
});

test('several signals of one node are one drain, and all are settled at its end', async () => {
  await using run = await startQueueDaemon();
  const { clock, sqs } = run;
  sqs.send(stateChange('i-1', 'shutting-down'));
  sqs.send(spotWarning('i-1'));
  await clock.advanceUntil(() => sqs.size === 0);
  assert.equal(run.said(drainedText).length, 1);
});

test('the interruption of a machine that has registered by another name is not for the Node that it left behind', async () => {
  await using run = await startQueueDaemon({
    scene: (scene) => addMachine(scene, { name: 'node-old' }, { instanceId: 'i-1' }),
  });
  const { api, clock, sqs } = run;
  addMachine(run, { name: 'node-new' }, { instanceId: 'i-1' });
  api.addPod({ name: 'web', node: 'node-new', owner: 'ReplicaSet/web', shutdownMs: 1_000 });
  await clock.advance(40_000);
  // By the node controller. The cloud's does not delete it: the instance exists.
  setReady(api, 'node-old', 'Unknown');
  await clock.advance(60_000);
  sqs.send(spotWarning('i-1', new Date(clock.now()).toISOString()));
  await clock.advanceUntil(() => sqs.size === 0, { stepMs: 1_000, maxMs: 300_000 });
  assert.equal(api.node('node-new').spec.unschedulable, true);
  assert.equal(api.node('node-old').spec.unschedulable, undefined);
  assert.equal(api.pod('web'), undefined);
});

test('a launch hook waits until the node is ready', async () => {
  await using run = await startQueueDaemon({
    scene: (scene) => addMachine(scene, { name: 'node-1', ready: false }, { instanceId: 'i-1' }),
  });
  const { api, aws, clock, sqs } = run;
  const hook = aws.autoScaling.wait({ group: 'nodes', name: 'ready', token: 't', instanceId: 'i-1' });
  sqs.send(launchAction('i-1', 't'));
  await clock.advance(60_000);
  assert.equal(hook.state, 'waiting');
  setReady(api, 'node-1');
  await clock.advanceUntil(() => hook.state === 'continued' && sqs.size === 0);
  assert.equal(api.node('node-1').spec.unschedulable, undefined);
});

test('a launch hook whose node goes before it was ready is not waited for any longer', async () => {
  await using run = await startQueueDaemon({
    scene: (scene) => addMachine(scene, { name: 'node-1', ready: false }, { instanceId: 'i-1' }),
  });
  const { api, aws, clock, sqs } = run;
  const hook = aws.autoScaling.wait({ group: 'nodes', name: 'ready', token: 't', instanceId: 'i-1' });
  sqs.send(launchAction('i-1', 't'));
  await clock.advance(60_000);
  aws.ec2.put({ instanceId: 'i-1', state: 'terminated' });
  api.cluster.store.remove(nodes, api.node('node-1'));
  await clock.advanceUntil(() => sqs.size === 0, { stepMs: 1_000 });
  assert.equal(hook.state, 'waiting');
});

test('an instance that is not managed is left alone, its message deleted', async () => {
  await using run = await startQueueDaemon({
    scene: (scene) => {
      usualScene(scene);
      scene.aws.ec2.put({ instanceId: 'i-1', tags: {} });
    },
  });
  run.sqs.send(spotWarning('i-1'));
  run.sqs.send(stateChange('i-1', 'stopping'));
  await run.clock.advanceUntil(() => run.sqs.size === 0);
  const told = run.said('There is nothing to do for an interruption');
  assert.deepEqual(
    told.map(({ why }) => why),
    ['not-managed'],
  );
  assert.deepEqual(
    calls(run.api.requests).filter((call) => !call.startsWith('watch')),
    [],
  );
});

test("a message for another cluster's node is left, and shown again soon", async () => {
  await using run = await startQueueDaemon({
    scene: (scene) => {
      usualScene(scene);
      scene.aws.ec2.put({ instanceId: 'i-2', tags: { 'aws-node-termination-handler/managed': '' } });
    },
  });
  run.sqs.send(spotWarning('i-2'));
  await run.clock.advanceUntil(() => run.aws.count('ChangeMessageVisibilityBatch') > 0);
  assert.equal(run.sqs.size, 1);
});

test("a message of a kind that is not acted on is deleted for one's own node, and left for another cluster's", async () => {
  await using run = await startQueueDaemon({
    env: { NTH_INTERRUPTION_POLICY: '{"SPOT_ITN":{"response":"ignore"}}' },
    scene: (scene) => {
      usualScene(scene);
      scene.aws.ec2.put({ instanceId: 'i-2', tags: { 'aws-node-termination-handler/managed': '' } });
    },
  });
  const { api, clock, sqs } = run;
  sqs.send(spotWarning('i-1'));
  sqs.send(spotWarning('i-2'));
  await clock.advanceUntil(() => sqs.size === 1);
  await clock.advance(60_000);
  assert.equal(sqs.size, 1);
  assert.equal(api.node('node-1').spec.unschedulable, undefined);
});

test('maintenance that is called off takes the marks off again', async () => {
  await using run = await startQueueDaemon();
  const { api, clock, sqs } = run;
  const event = { eventArn: 'arn:aws:health:eu-central-1::event/EC2/reboot/1', statusCode: 'open' };
  sqs.send(healthEvent(['i-1'], event));
  await clock.advanceUntil(() => sqs.size === 0);
  assert.equal(api.node('node-1').spec.unschedulable, true);
  sqs.send(healthEvent(['i-1'], { ...event, statusCode: 'closed' }));
  await clock.advanceUntil(() => sqs.size === 0);
  const { spec, metadata } = api.node('node-1');
  assert.equal(spec.unschedulable, undefined);
  assert.deepEqual(readMarkState(metadata.annotations?.[stateAnnotation])?.signals, []);
});

test('what is called off that no node is marked for is told, and its message deleted', async () => {
  await using run = await startQueueDaemon({ env: { LOG_LEVEL: 'debug' } });
  const { api, clock, sqs } = run;
  sqs.send(healthEvent(['i-1'], { statusCode: 'closed' }));
  await clock.advanceUntil(() => sqs.size === 0);
  const told = run.said('There is nothing to undo');
  assert.deepEqual(
    told.map(({ level, node, why }) => ({ level, node, why })),
    [
      {
        level: 'debug',
        node: 'node-1',
        why: 'the node is not marked for it, or AWS has told of it anew since',
      },
    ],
  );
  assert.equal(api.requests.filter(({ verb }) => verb === 'patch').length, 0);
});

test('what the queue has lost is taken up from the Node by the next process', async () => {
  await using run = await startQueueDaemon({ queue: { retentionMs: 300_000 } });
  const { api, aws, clock, sqs } = run;
  const hook = aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
  sqs.send(terminateAction('i-1', 't'));
  await clock.advanceUntil(() => api.node('node-1').spec.unschedulable);
  run.kill();
  await clock.advance(310_000);
  assert.equal(sqs.size, 0, 'SQS has dropped it');
  assert.equal(hook.state, 'waiting');
  await run.daemon.startAgain();
  await clock.advanceUntil(() => hook.state === 'continued');
  assert.equal(run.said('What the node was marked for is taken up again').length, 1);
});

test('drains without a deadline take turns, those with one do not', async () => {
  await using run = await startQueueDaemon({
    env: { WORKERS: '1' },
    scene: (scene) => {
      for (const n of ['1', '2', '3']) {
        addMachine(scene, { name: `node-${n}` }, { instanceId: `i-${n}` });
        scene.api.addPod({
          name: `p-${n}`,
          node: `node-${n}`,
          owner: `ReplicaSet/p-${n}`,
          shutdownMs: 20_000,
        });
      }
    },
  });
  const { api, clock, sqs } = run;
  sqs.send(stateChange('i-1', 'shutting-down'));
  await clock.advanceUntil(() => run.said('Requesting instance drain').length === 1);
  sqs.send(stateChange('i-2', 'shutting-down'));
  sqs.send(spotWarning('i-3'));
  await clock.advanceUntil(() => run.said('Requesting instance drain').length === 2);
  assert.deepEqual(
    ['node-1', 'node-2', 'node-3'].map((name) => api.node(name).spec.unschedulable),
    [true, true, true],
  );
  assert.equal(run.said('Requesting instance drain')[1]?.['node'], 'node-3');
  await clock.advanceUntil(() => sqs.size === 0);
  assert.equal(run.said(drainedText).length, 3);
});

test('dry run: nothing is written, completed or deleted, and it is told once', async () => {
  await using run = await startQueueDaemon({ env: { DRY_RUN: 'true' } });
  const { api, clock, sqs } = run;
  sqs.send(spotWarning('i-1'));
  await clock.advance(180_000);
  assert.equal(sqs.size, 1);
  assert.equal(run.said('Node would have been cordoned and drained, but dry-run flag was set.').length, 1);
  assert.deepEqual(
    calls(api.requests).filter((call) => !/^(watch|list|get) /.test(call)),
    [],
  );
});

test('SIGTERM: what waits for its turn is shown to others at once, what has begun is finished', async () => {
  await using run = await startQueueDaemon({
    env: { WORKERS: '1' },
    scene: (scene) => {
      usualScene(scene);
      addMachine(scene, { name: 'node-2' }, { instanceId: 'i-2' });
    },
  });
  const { clock, sqs } = run;
  sqs.send(stateChange('i-1', 'shutting-down'));
  await clock.advanceUntil(() => run.said('Requesting instance drain').length === 1);
  sqs.send(stateChange('i-2', 'shutting-down'));
  await clock.advanceUntil(() => run.api.node('node-2').spec.unschedulable);
  run.stop();
  await clock.advanceWhile(run.daemon.ended);
  assert.equal(run.said(drainedText).length, 1);
  assert.equal(sqs.size, 1);
  assert.equal(sqs.visible, 1);
});

test('SIGTERM in mid-drain: the drain is finished, its hook completed, its message deleted', async () => {
  await using run = await startQueueDaemon();
  const { aws, clock, sqs } = run;
  const hook = aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
  sqs.send(terminateAction('i-1', 't'));
  await clock.advanceUntil(() => run.said('Requesting instance drain').length === 1);
  run.stop();
  await clock.advanceWhile(run.daemon.ended);
  assert.equal(run.said(drainedText).length, 1);
  assert.equal(hook.state, 'continued');
  assert.equal(sqs.size, 0);
});

test('the node of the daemon itself: its pod leaves last, after all is settled', async () => {
  await using run = await startQueueDaemon({
    env: { NODE_NAME: 'node-1', POD_NAME: 'nth-0', NAMESPACE: 'kube-system' },
    scene: (scene) => {
      usualScene(scene);
      scene.api.addPod({ name: 'nth-0', namespace: 'kube-system', node: 'node-1', owner: 'ReplicaSet/nth' });
    },
  });
  const { api, clock, sqs } = run;
  sqs.send(spotWarning('i-1'));
  const own = () =>
    api.requests.filter(({ subresource, name }) => subresource === 'eviction' && name === 'nth-0');
  await clock.advanceUntil(() => own().length > 0);
  assert.equal(sqs.size, 0);
  assert.equal(run.said(drainedText).length, 1);
});
