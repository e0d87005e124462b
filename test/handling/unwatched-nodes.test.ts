import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readMarkState, stateAnnotation } from '../../src/kubernetes/mark-state.ts';
import type { LoggedRequest } from '../fakes/api-server/request-log.ts';
import { nodes, pods } from '../fakes/api-server/resources.ts';
import { FakeApiServer } from '../fakes/api-server.ts';
import { FakeAws } from '../fakes/aws.ts';
import { FakeClock } from '../fakes/clock.ts';
import {
  addMachine,
  managedTag,
  setReady,
  startQueueDaemon,
  unwatchedScene,
  usualScene,
} from '../daemon/queue-scene.ts';
import { evictions } from '../daemon/running-daemon.ts';
import {
  healthEvent,
  launchAction,
  spotWarning,
  stateChange,
  terminateAction,
  toWarmPool,
} from '../sources/sqs/messages.ts';
import { DaemonReplicas } from './fleet/daemon-replicas.ts';

type Run = Awaited<ReturnType<typeof startQueueDaemon>>;

const isNodeFeed = ({ verb, resource }: LoggedRequest): boolean =>
  resource === 'nodes' && (verb === 'watch' || verb === 'list');

/** By which the daemon knows no more of the nodes than it did a while ago; `see` lets it know again. */
const blindnesses = {
  'nodes may not be watched': async () => {
    const run = await startQueueDaemon({ scene: unwatchedScene });
    await run.clock.advance(60_000);
    return { run, see: () => {} };
  },
  'the watch of nodes is away': async () => {
    const run = await startQueueDaemon({});
    const see = run.api.faults.add({ kind: 'answer', code: 500 }, { when: isNodeFeed });
    run.api.watches.drop();
    await run.clock.advance(120_000);
    return { run, see };
  },
};

function removeNode({ api }: Run): void {
  for (const pod of api.pods('node-1')) api.cluster.store.remove(pods, pod);
  api.cluster.store.remove(nodes, api.node('node-1'));
}

const now = ({ clock }: Run): string => new Date(clock.now()).toISOString();

for (const [why, goBlind] of Object.entries(blindnesses)) {
  describe(`what a node has become since it was last heard of, where ${why}`, () => {
    function replace(run: Run): void {
      removeNode(run);
      addMachine(run, { name: 'node-1' }, { instanceId: 'i-2' });
      run.api.addPod({ name: 'fresh', node: 'node-1', owner: 'ReplicaSet/fresh', shutdownMs: 1_000 });
    }

    function rename(run: Run): void {
      addMachine(run, { name: 'node-1-new' }, { instanceId: 'i-1' });
      run.api.addPod({ name: 'moved', node: 'node-1-new', owner: 'ReplicaSet/moved', shutdownMs: 1_000 });
    }

    test('another machine with its name is left alone', async () => {
      const { run, see } = await goBlind();
      await using _ = run;
      const { api, aws, clock, sqs } = run;
      replace(run);
      const gone = { instanceId: 'i-1', state: 'shutting-down', privateDnsName: 'node-1' } as const;
      aws.ec2.put({ ...gone, tags: { [managedTag]: '' } });
      sqs.send({ ...stateChange('i-1', 'terminated'), time: now(run) });
      await clock.advance(120_000);
      see();
      aws.ec2.put({ instanceId: 'i-1', state: 'terminated' });
      await clock.advanceUntil(() => sqs.size === 0);
      assert.notEqual(api.pod('fresh'), undefined);
      assert.deepEqual(evictions(api), []);
      assert.deepEqual(run.said('Requesting instance drain'), []);
      const { metadata, spec } = api.node('node-1');
      assert.equal(spec.unschedulable, undefined);
      assert.equal(metadata.annotations?.[stateAnnotation], undefined);
    });

    for (const isNameUsed of [false, true]) {
      test(`its machine is drained by its new name${isNameUsed ? ', while another one has the old' : ''}`, async () => {
        const { run, see } = await goBlind();
        await using _ = run;
        const { api, clock, sqs } = run;
        if (isNameUsed) replace(run);
        else removeNode(run);
        rename(run);
        await clock.advance(300_000);
        sqs.send(spotWarning('i-1', now(run)));
        await clock.advance(20_000);
        see();
        await clock.advance(60_000);
        assert.equal(api.node('node-1-new').spec.unschedulable, true);
        assert.equal(api.pod('moved'), undefined);
        assert.equal(sqs.size, 0);
        if (isNameUsed) assert.notEqual(api.pod('fresh'), undefined);
      });
    }

    test('a node that is gone for good is no trouble', async () => {
      const { run, see } = await goBlind();
      await using _ = run;
      const { aws, clock, sqs } = run;
      const hook = aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
      removeNode(run);
      sqs.send({ ...terminateAction('i-1', 't'), time: now(run) });
      await clock.advance(20_000);
      see();
      await clock.advanceUntil(() => hook.state === 'continued' && sqs.size === 0);
    });
  });
}

test('maintenance that has waited is done where its machine is by then', async () => {
  await using run = await startQueueDaemon({
    scene: unwatchedScene,
    env: { NTH_SCHEDULED_EVENT_TIMING: 'before-start' },
  });
  const { api, clock, sqs } = run;
  const startTime = new Date(clock.now() + 1_200_000).toUTCString();
  sqs.send(healthEvent(['i-1'], { statusCode: 'open', startTime }));
  await clock.advanceUntil(() => sqs.size === 0, { stepMs: 1_000 });
  removeNode(run);
  addMachine(run, { name: 'node-1' }, { instanceId: 'i-2' });
  api.addPod({ name: 'fresh', node: 'node-1', owner: 'ReplicaSet/fresh', shutdownMs: 1_000 });
  addMachine(run, { name: 'node-1-new' }, { instanceId: 'i-1' });
  api.addPod({ name: 'moved', node: 'node-1-new', owner: 'ReplicaSet/moved', shutdownMs: 1_000 });
  await clock.advance(1_300_000);
  assert.notEqual(api.pod('fresh'), undefined);
  assert.equal(api.pod('moved'), undefined);
});

describe('two replicas of which one knows no more of the nodes than it did a while ago', () => {
  const maintenance = { eventArn: 'arn:aws:health:eu-central-1::event/EC2/reboot/1', statusCode: 'open' };
  const beforeStart = { NTH_SCHEDULED_EVENT_TIMING: 'before-start' };

  /** One of them is told of maintenance, and the other, which has listed the nodes before, of all that comes later. */
  async function oneIsTold({
    env = {},
    isWatchAway = false,
  }: {
    readonly env?: Readonly<Record<string, string>>;
    /** What the other one knew before by a watch. @default nodes may not be watched */
    readonly isWatchAway?: boolean;
  }) {
    await using parts = new AsyncDisposableStack();
    const clock = new FakeClock();
    const api = await FakeApiServer.start({}, { clock });
    parts.defer(() => api.stop());
    const aws = parts.use(await FakeAws.start({}, { clock }));
    const replicas = parts.use(new DaemonReplicas({ env }, { clock, api, aws }));
    if (isWatchAway) usualScene({ api, aws });
    else unwatchedScene({ api, aws });
    const sqs = aws.sqs.queue;
    for (const _ of [1, 2]) await replicas.start();
    const [first, second] = replicas.userAgents;
    let deaf = second;
    aws.faults.add(
      { kind: 'answer', code: 500 },
      { when: ({ userAgent, action }) => action === 'ReceiveMessage' && userAgent === deaf },
    );
    await clock.advance(1_000);
    const see = api.faults.add(
      { kind: 'answer', code: 500 },
      { when: (request) => isWatchAway && request.userAgent === second && isNodeFeed(request) },
    );
    api.watches.drop();
    await clock.advance(120_000);
    const startsAt = clock.now() + 1_200_000;
    const tell = (fields: { readonly statusCode?: string; readonly startsAt?: number } = {}): void => {
      const { statusCode = 'open', startsAt: at = startsAt } = fields;
      const startTime = new Date(at).toUTCString();
      const lastUpdatedTime = new Date(clock.now()).toUTCString();
      sqs.send(healthEvent(['i-1'], { ...maintenance, statusCode, startTime, lastUpdatedTime }));
    };
    tell();
    await clock.advanceUntil(() => sqs.size === 0, { stepMs: 1_000 });
    assert.equal(api.node('node-1').spec.unschedulable, true);
    deaf = first;
    await clock.advance(120_000);
    const until = (instant: number): Promise<void> => clock.advance(instant - clock.now());
    const said = (text: string): number => replicas.log.filter((line) => line.includes(text)).length;
    const kept = parts.move();
    return {
      api,
      clock,
      said,
      see,
      sqs,
      startsAt,
      tell,
      until,
      [Symbol.asyncDispose]: () => kept.disposeAsync(),
    };
  }

  test('a cancellation that the other one gets is heeded', async () => {
    await using it = await oneIsTold({});
    const { api, clock, sqs, tell } = it;
    tell({ statusCode: 'closed' });
    await clock.advanceUntil(() => sqs.size === 0, { stepMs: 1_000 });
    const { metadata, spec } = api.node('node-1');
    assert.equal(spec.unschedulable, undefined);
    assert.deepEqual(readMarkState(metadata.annotations?.[stateAnnotation])?.signals, []);
  });

  test('a cancellation waits until the watch of nodes is back', async () => {
    await using it = await oneIsTold({ isWatchAway: true });
    const { api, clock, see, sqs, tell } = it;
    tell({ statusCode: 'closed' });
    await clock.advance(120_000);
    assert.equal(sqs.size, 1);
    see();
    await clock.advanceUntil(() => sqs.size === 0, { stepMs: 1_000 });
    assert.equal(api.node('node-1').spec.unschedulable, undefined);
  });

  test('a cancellation that the other one gets is heeded by the one that waits', async () => {
    await using it = await oneIsTold({ env: beforeStart });
    const { api, said, startsAt, tell, until } = it;
    tell({ statusCode: 'closed' });
    await until(startsAt + 60_000);
    assert.notEqual(api.pod('web'), undefined);
    assert.equal(api.node('node-1').spec.unschedulable, undefined);
    assert.equal(said('Requesting instance drain'), 0);
  });

  test('a later time that the other one gets holds for the one that waits', async () => {
    await using it = await oneIsTold({ env: beforeStart });
    const { api, said, startsAt, tell, until } = it;
    const later = startsAt + 1_200_000;
    tell({ startsAt: later });
    await until(later - 180_000);
    assert.notEqual(api.pod('web'), undefined);
    assert.equal(said('Requesting instance drain'), 0);
    await until(later);
    assert.equal(api.pod('web'), undefined);
  });
});

test('a launched instance is waited for, though its node was ready before it was stopped', async () => {
  await using run = await startQueueDaemon({ scene: unwatchedScene });
  const { api, aws, clock, sqs } = run;
  const drained = aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
  sqs.send({ ...toWarmPool(terminateAction('i-1', 't')), time: now(run) });
  await clock.advanceUntil(() => drained.state === 'continued', { stepMs: 1_000 });
  await clock.advance(60_000);
  setReady(api, 'node-1', 'Unknown');
  await clock.advance(600_000);
  const hook = aws.autoScaling.wait({ group: 'nodes', name: 'ready', token: 'l', instanceId: 'i-1' });
  sqs.send({ ...launchAction('i-1', 'l'), time: now(run) });
  await clock.advance(60_000);
  assert.equal(hook.state, 'waiting');
  assert.equal(api.node('node-1').spec.unschedulable, true);
  setReady(api, 'node-1');
  await clock.advanceUntil(() => hook.state === 'continued', { stepMs: 1_000 });
  await clock.advanceUntil(() => api.node('node-1').spec.unschedulable !== true, { stepMs: 1_000 });
});

test('an instance is back from its warm pool, though it was seen to be away only just before', async () => {
  await using run = await startQueueDaemon({ scene: unwatchedScene });
  const { api, aws, clock, sqs } = run;
  /** By a message about another instance, for which the nodes are listed. */
  const listNodes = async (instanceId: string): Promise<void> => {
    aws.ec2.put({ instanceId, privateDnsName: instanceId, tags: { [managedTag]: '' } });
    const lastUpdatedTime = new Date(clock.now()).toUTCString();
    sqs.send(
      healthEvent([instanceId], { statusCode: 'open', eventArn: `arn:${instanceId}`, lastUpdatedTime }),
    );
    await clock.advance(2_000);
  };
  const hook = aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
  sqs.send(toWarmPool(terminateAction('i-1', 't')));
  await clock.advanceUntil(() => hook.state === 'continued', { stepMs: 1_000 });
  await clock.advance(60_000);
  setReady(api, 'node-1', 'Unknown');
  await clock.advance(900_000);
  await listNodes('i-7');
  await clock.advance(6_000);
  setReady(api, 'node-1');
  await clock.advance(3_000);
  await listNodes('i-8');
  await clock.advance(60_000);
  assert.notEqual(api.node('node-1').spec.unschedulable, true);
});
