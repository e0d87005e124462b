import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heldScene, usualScene, type Scene } from '../daemon/queue-scene.ts';
import { drainedText } from '../daemon/running-daemon.ts';
import { FakeApiServer } from '../fakes/api-server.ts';
import { FakeAws } from '../fakes/aws.ts';
import { FakeClock } from '../fakes/clock.ts';
import { nodes } from '../fakes/api-server/resources.ts';
import { eventBridge, healthEvent, terminateAction, toWarmPool } from '../sources/sqs/messages.ts';
import { DaemonReplicas } from './fleet/daemon-replicas.ts';

interface Given {
  readonly env?: Readonly<Record<string, string>>;
  readonly scene?: (scene: Scene) => void;
  readonly retentionMs?: number;
}

/** Two replicas, of which the second one is there all along, but is given no message until it is to `hear`. */
async function twoReplicas({ env = {}, scene = usualScene, retentionMs }: Given) {
  await using parts = new AsyncDisposableStack();
  const clock = new FakeClock();
  const api = await FakeApiServer.start({}, { clock });
  parts.defer(() => api.stop());
  const aws = parts.use(await FakeAws.start(retentionMs === undefined ? {} : { retentionMs }, { clock }));
  const replicas = parts.use(new DaemonReplicas({ env }, { clock, api, aws }));
  scene({ api, aws });
  await replicas.start();
  await replicas.start();
  const [first = '', second = ''] = replicas.userAgents;
  const hear = aws.faults.add(
    { kind: 'answer', code: 500 },
    { when: ({ userAgent, action }) => action === 'ReceiveMessage' && userAgent === second },
  );
  await clock.advance(5_000);
  const kept = parts.move();
  return {
    api,
    aws,
    clock,
    sqs: aws.sqs.queue,
    hear,
    /** One more, which is given no message. */
    startWith: async (others: Readonly<Record<string, string>>) => {
      const more = kept.use(new DaemonReplicas({ env: others }, { clock, api, aws }));
      await more.start();
      const [third] = more.userAgents;
      aws.faults.add(
        { kind: 'answer', code: 500 },
        { when: ({ userAgent, action }) => action === 'ReceiveMessage' && userAgent === third },
      );
    },
    endFirst: () => clock.advanceWhile(replicas.end(first, 30_000)),
    said: (text: string) => replicas.log.filter((line) => line.includes(text)),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

test('maintenance that waits for its time is drained for by a replica that was there when another one, which has left, marked the node', async () => {
  await using it = await twoReplicas({ env: { NTH_SCHEDULED_EVENT_TIMING: 'before-start' } });
  const { api, clock, sqs } = it;
  const startsAt = clock.now() + 1_200_000;
  sqs.send(healthEvent(['i-1'], { statusCode: 'open', startTime: new Date(startsAt).toUTCString() }));
  await clock.advanceUntil(() => sqs.size === 0, { stepMs: 1_000 });
  assert.equal(api.node('node-1').spec.unschedulable, true);
  it.hear();
  await clock.advance(10_000);
  await it.endFirst();
  await clock.advance(startsAt + 120_000 - clock.now());
  assert.equal(api.pod('web'), undefined);
});

test('a hook whose message the queue has dropped is completed by a replica that was there when another one, which has left, marked the node', async () => {
  await using it = await twoReplicas({ scene: heldScene, retentionMs: 300_000 });
  const { api, aws, clock, sqs } = it;
  const hook = aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
  sqs.send(terminateAction('i-1', 't'));
  await clock.advanceUntil(() => sqs.size === 0, { stepMs: 1_000 });
  it.hear();
  await clock.advance(5_000);
  await it.endFirst();
  // Its budget lets one go.
  api.addPod({ name: 'held-2', node: 'other', owner: 'ReplicaSet/held', labels: { app: 'held' } });
  await clock.advanceUntil(() => hook.state === 'continued', { stepMs: 1_000 });
  assert.equal(api.pod('held'), undefined);
});

test('what another replica has drained is not drained again by one that looks on, which only asks whether the hook waits', async () => {
  await using it = await twoReplicas({});
  const { aws, clock, sqs } = it;
  const hook = aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
  sqs.send(toWarmPool(terminateAction('i-1', 't')));
  await clock.advanceUntil(() => hook.state === 'continued', { stepMs: 1_000 });
  await clock.advance(3_600_000);
  assert.equal(it.said(drainedText).length, 1);
  assert.equal(aws.count('CompleteLifecycleAction'), 2);
});

/** The node was drained, and half an hour later an administrator uncordons it; a pod lands. */
async function putBackInService({ api, clock, sqs }: Awaited<ReturnType<typeof twoReplicas>>): Promise<void> {
  await clock.advanceUntil(() => sqs.size === 0, { stepMs: 1_000 });
  assert.equal(api.pod('web'), undefined);
  await clock.advance(1_800_000);
  const { store } = api.cluster;
  const node = store.get(nodes, 'node-1');
  store.update(nodes, { ...node, spec: { ...node.spec, unschedulable: false } });
  api.addPod({ name: 'fresh', node: 'node-1', owner: 'ReplicaSet/fresh', shutdownMs: 1_000 });
  await clock.advance(60_000);
}

test('a node that is put back is not drained by one that looks on for what it was drained for, when it is marked for something else', async () => {
  await using it = await twoReplicas({
    env: { NTH_INTERRUPTION_POLICY: '{"REBALANCE_RECOMMENDATION":{"response":"mark"}}' },
  });
  const { api, clock, sqs } = it;
  sqs.send(healthEvent(['i-1'], { statusCode: 'open' }));
  await putBackInService(it);
  sqs.send(eventBridge('aws.ec2', 'EC2 Instance Rebalance Recommendation', { 'instance-id': 'i-1' }));
  await clock.advance(1_200_000);
  assert.equal(sqs.size, 0);
  assert.ok(api.pod('fresh'));
});

test('a node that is put back is not drained by one that looks on before the time of its maintenance', async () => {
  await using it = await twoReplicas({ env: { NTH_SCHEDULED_EVENT_TIMING: 'before-start' } });
  const { api, clock, sqs } = it;
  sqs.send(eventBridge('aws.ec2', 'EC2 Instance Rebalance Recommendation', { 'instance-id': 'i-1' }));
  await putBackInService(it);
  const startTime = new Date(clock.now() + 36_000_000).toUTCString();
  sqs.send(healthEvent(['i-1'], { statusCode: 'open', startTime }));
  await clock.advance(1_200_000);
  assert.equal(sqs.size, 0);
  assert.ok(api.pod('fresh'));
});

test('a replica that ignores hooks leaves them to the one that drains', async () => {
  await using it = await twoReplicas({ scene: heldScene });
  const { api, aws, clock, sqs } = it;
  const hook = aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
  sqs.send(terminateAction('i-1', 't'));
  await clock.advance(20_000);
  assert.equal(api.node('node-1').spec.unschedulable, true);
  await it.startWith({ NTH_INTERRUPTION_POLICY: '{"ASG_LIFECYCLE":{"response":"ignore"}}' });
  await clock.advance(700_000);
  assert.ok(api.pod('held'));
  assert.equal(hook.state, 'waiting');
});
