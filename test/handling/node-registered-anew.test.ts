import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stateAnnotation } from '../../src/kubernetes/mark-state.ts';
import type { LoggedRequest } from '../fakes/api-server/request-log.ts';
import { nodes, pods } from '../fakes/api-server/resources.ts';
import { addMachine, heldScene, setReady, startQueueDaemon } from '../daemon/queue-scene.ts';
import { notDrainedText } from '../daemon/running-daemon.ts';
import { healthEvent, spotWarning, terminateAction, toWarmPool } from '../sources/sqs/messages.ts';

const isMark = ({ verb, resource }: LoggedRequest): boolean => verb === 'patch' && resource === 'nodes';

type Run = Awaited<ReturnType<typeof startQueueDaemon>>;

/** The machine has ended, and its Node with it. */
function end({ api, aws }: Run): void {
  api.cluster.store.remove(nodes, api.node('node-1'));
  aws.ec2.put({ instanceId: 'i-1', state: 'terminated' });
}

describe("another machine with the node's name is left alone", () => {
  function assertLeftAlone({ api }: Run): void {
    assert.equal(api.node('node-1').spec.unschedulable, undefined);
    assert.equal(api.node('node-1').metadata.annotations?.[stateAnnotation], undefined);
    assert.notEqual(api.pod('fresh'), undefined);
  }

  test('in mid-drain', async () => {
    await using run = await startQueueDaemon({ scene: heldScene });
    const { api, clock, sqs } = run;
    sqs.send(spotWarning('i-1', new Date(clock.now()).toISOString()));
    await clock.advance(30_000);
    end(run);
    addMachine(run, { name: 'node-1' }, { instanceId: 'i-2' });
    await clock.advance(5_000);
    api.addPod({ name: 'fresh', node: 'node-1', owner: 'ReplicaSet/fresh' });
    await clock.advance(300_000);
    assertLeftAlone(run);
    assert.equal(sqs.size, 0);
    assert.equal(run.said('The node is another machine now, there is nothing left to do').length, 1);
  });

  test('in mid-drain, also where its provider id is set a moment after it has registered', async () => {
    await using run = await startQueueDaemon({ scene: heldScene });
    const { api, clock, sqs } = run;
    sqs.send(spotWarning('i-1', new Date(clock.now()).toISOString()));
    await clock.advance(30_000);
    end(run);
    api.addNode({ name: 'node-1', providerId: '' });
    await clock.advance(2_000);
    const { store } = api.cluster;
    const node = store.get(nodes, 'node-1');
    store.update(nodes, { ...node, spec: { ...node.spec, providerID: 'aws:///eu-central-1a/i-2' } });
    await clock.advance(2_000);
    api.addPod({ name: 'fresh', node: 'node-1', owner: 'ReplicaSet/fresh' });
    await clock.advance(300_000);
    assertLeftAlone(run);
    assert.equal(sqs.size, 0);
  });

  test('when work that could not be marked is taken up again', async () => {
    await using run = await startQueueDaemon({ scene: heldScene });
    const { api, aws, clock, sqs } = run;
    const fault = api.faults.add({ kind: 'answer', code: 500 }, { when: isMark });
    aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
    sqs.send(terminateAction('i-1', 't'));
    await clock.advanceUntil(() => run.said(notDrainedText).length > 0, { stepMs: 1_000, maxMs: 400_000 });
    fault();
    end(run);
    const held = api.pod('held');
    assert.ok(held);
    api.cluster.store.remove(pods, held);
    await clock.advance(10_000);
    addMachine(run, { name: 'node-1' }, { instanceId: 'i-2' });
    api.addPod({ name: 'fresh', node: 'node-1', owner: 'ReplicaSet/fresh' });
    await clock.advance(300_000);
    assertLeftAlone(run);
  });
});

describe('a Node that the same machine has registered anew is marked again', () => {
  function registerAnew({ api }: Run): void {
    api.cluster.store.remove(nodes, api.node('node-1'));
    api.addNode({ name: 'node-1', providerId: 'aws:///eu-central-1a/i-1' });
  }

  test('in mid-drain', async () => {
    await using run = await startQueueDaemon({
      scene: heldScene,
      env: { NODE_TERMINATION_GRACE_PERIOD: '600' },
    });
    const { api, aws, clock, sqs } = run;
    aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
    sqs.send(terminateAction('i-1', 't'));
    await clock.advance(20_000);
    registerAnew(run);
    await clock.advance(5_000);
    assert.equal(api.node('node-1').spec.unschedulable, true);
  });

  test('while maintenance waits, whose message has been settled', async () => {
    await using run = await startQueueDaemon({
      scene: heldScene,
      env: { NTH_SCHEDULED_EVENT_TIMING: 'before-start' },
    });
    const { api, clock, sqs } = run;
    const startTime = new Date(clock.now() + 7_200_000).toUTCString();
    sqs.send(healthEvent(['i-1'], { statusCode: 'open', startTime }));
    await clock.advanceUntil(() => sqs.size === 0, { stepMs: 1_000 });
    registerAnew(run);
    await clock.advance(5_000);
    assert.equal(api.node('node-1').spec.unschedulable, true);
    await run.daemon.startAgain();
    await clock.advanceUntil(() => run.said('Requesting instance drain').length > 0, {
      stepMs: 10_000,
      maxMs: 7_200_000,
    });
  });
});

for (const how of ['the same process', 'the next one']) {
  test(`maintenance whose Node was away as it was marked keeps its message until ${how} has marked it`, async () => {
    await using run = await startQueueDaemon({
      scene: heldScene,
      env: { NTH_SCHEDULED_EVENT_TIMING: 'before-start' },
    });
    const { api, clock, sqs } = run;
    const goesFirst = (request: LoggedRequest): boolean => {
      if (isMark(request)) api.cluster.store.remove(nodes, api.node('node-1'));
      return false;
    };
    const stop = api.faults.add({ kind: 'drop-before' }, { when: goesFirst });
    const startTime = new Date(clock.now() + 7_200_000).toUTCString();
    sqs.send(healthEvent(['i-1'], { statusCode: 'open', startTime }));
    await clock.advanceUntil(() => run.said('The node is gone from the cluster').length > 0);
    stop();
    await clock.advance(300_000);
    assert.equal(sqs.size, 1);
    if (how === 'the next one') await run.daemon.startAgain();
    api.addNode({ name: 'node-1', providerId: 'aws:///eu-central-1a/i-1' });
    await clock.advanceUntil(() => sqs.size === 0, { stepMs: 1_000, maxMs: 120_000 });
    assert.equal(api.node('node-1').spec.unschedulable, true);
  });
}

describe('a machine that comes back is unmarked', () => {
  /** Its group has taken it into its warm pool. */
  async function drained(env: Readonly<Record<string, string>> = {}): Promise<Run> {
    const run = await startQueueDaemon({ env });
    const { aws, clock, sqs } = run;
    const hook = aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
    sqs.send(toWarmPool(terminateAction('i-1', 't')));
    await clock.advanceUntil(() => hook.state === 'continued' && sqs.size === 0, { stepMs: 1_000 });
    return run;
  }

  for (const how of ['no restart', 'SIGTERM', 'kill', 'nobody was there']) {
    test(`though its Node could not be written just then: ${how}`, async () => {
      await using run = await drained();
      const { api, clock } = run;
      await clock.advance(10_000);
      setReady(api, 'node-1', 'Unknown');
      await clock.advance(600_000);
      const stopFailing =
        how === 'nobody was there'
          ? () => {}
          : api.faults.add({ kind: 'answer', code: 500 }, { when: isMark });
      if (how === 'nobody was there') {
        run.stop();
        await clock.advanceWhile(run.ended);
      }
      setReady(api, 'node-1');
      await clock.advance(15_000);
      if (how === 'kill') run.kill();
      if (how !== 'no restart') await run.daemon.startAgain();
      await clock.advance(5_000);
      stopFailing();
      await clock.advance(120_000);
      assert.equal(api.node('node-1').spec.unschedulable, undefined);
    });
  }

  test('though maintenance has come, and gone, between its drain and its end', async () => {
    await using run = await drained({ NTH_SCHEDULED_EVENT_TIMING: 'before-start' });
    const { api, clock, sqs } = run;
    const startTime = new Date(clock.now() + 7_200_000).toUTCString();
    for (const statusCode of ['open', 'closed']) {
      sqs.send(healthEvent(['i-1'], { statusCode, startTime }));
      await clock.advance(20_000);
    }
    setReady(api, 'node-1', 'Unknown');
    await clock.advance(600_000);
    setReady(api, 'node-1');
    await clock.advance(20_000);
    assert.equal(api.node('node-1').spec.unschedulable, undefined);
  });
});
