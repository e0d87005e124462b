import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readMarkState, stateAnnotation } from '../../src/kubernetes/mark-state.ts';
import type { LoggedRequest } from '../fakes/api-server/request-log.ts';
import { nodes } from '../fakes/api-server/resources.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { FakeAws } from '../fakes/aws.ts';
import { FakeApiServer as ApiServer } from '../fakes/api-server.ts';
import { FakeClock } from '../fakes/clock.ts';
import { addMachine, heldScene, setReady, startQueueDaemon, type Scene } from '../daemon/queue-scene.ts';
import { drainedText } from '../daemon/running-daemon.ts';
import {
  eventBridge,
  healthEvent,
  launchAction,
  spotWarning,
  terminateAction,
  toWarmPool,
} from '../sources/sqs/messages.ts';
import { DaemonReplicas } from './fleet/daemon-replicas.ts';

const beforeStart = { NTH_SCHEDULED_EVENT_TIMING: 'before-start' };
const maintenance = { eventArn: 'arn:aws:health:eu-central-1::event/EC2/reboot/1', statusCode: 'open' };

const isMark = ({ verb, resource }: LoggedRequest): boolean => verb === 'patch' && resource === 'nodes';

type Run = Awaited<ReturnType<typeof startQueueDaemon>>;

function sceneWith(pod: { readonly shutdownMs: number }): (scene: Scene) => void {
  return (scene) => {
    addMachine(scene, { name: 'node-1' }, { instanceId: 'i-1' });
    scene.api.addPod({ name: 'web', node: 'node-1', owner: 'ReplicaSet/web', ...pod });
  };
}

function stateOf(api: FakeApiServer) {
  return readMarkState(api.node('node-1').metadata.annotations?.[stateAnnotation]);
}

function startOnNode(api: FakeApiServer): string | undefined {
  return stateOf(api)?.signals.find(({ kind }) => kind === 'SCHEDULED_EVENT')?.queued?.notBefore;
}

describe('what joins while the node is marked for maintenance that waits', () => {
  async function beingMarked() {
    const run = await startQueueDaemon({ scene: sceneWith({ shutdownMs: 20_000 }), env: beforeStart });
    const { api, clock, sqs } = run;
    api.faults.add({ kind: 'delay', ms: 500 }, { when: isMark });
    sqs.send(
      healthEvent(['i-1'], { ...maintenance, startTime: new Date(clock.now() + 3_600_000).toUTCString() }),
    );
    await clock.advance(200);
    return run;
  }

  test('a hook is completed after its drain', async () => {
    await using run = await beingMarked();
    const { api, aws, clock, sqs } = run;
    const hook = aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
    sqs.send(terminateAction('i-1', 't'));
    await clock.advanceUntil(() => hook.state === 'continued', { stepMs: 100 });
    assert.equal(api.pod('web'), undefined);
  });

  test('a Spot warning is deleted after its drain', async () => {
    await using run = await beingMarked();
    const { api, clock, sqs } = run;
    sqs.send(spotWarning('i-1', new Date(clock.now()).toISOString()));
    await clock.advanceUntil(() => sqs.size === 0, { stepMs: 100 });
    assert.equal(api.pod('web'), undefined);
  });
});

describe('an instance that leaves as it is launched', () => {
  const kinds = {
    'a Spot stop': () =>
      eventBridge('aws.ec2', 'EC2 Spot Instance Interruption Warning', {
        'instance-id': 'i-1',
        'instance-action': 'stop',
      }),
    "its group's warm pool": () => toWarmPool(terminateAction('i-1', 't')),
  };
  for (const [kind, message] of Object.entries(kinds)) {
    test(`${kind}: that it becomes ready calls nothing off`, async () => {
      await using run = await startQueueDaemon({
        scene: (scene) => {
          addMachine(scene, { name: 'node-1', ready: false }, { instanceId: 'i-1' });
          scene.api.addPod({ name: 'web', node: 'node-1', owner: 'ReplicaSet/web', shutdownMs: 20_000 });
        },
      });
      const { api, aws, clock, sqs } = run;
      aws.autoScaling.wait({ group: 'nodes', name: 'ready', token: 'l', instanceId: 'i-1' });
      aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
      sqs.send(launchAction('i-1', 'l'));
      await clock.advance(5_000);
      sqs.send(message());
      await clock.advanceUntil(() => api.node('node-1').spec.unschedulable === true, { stepMs: 100 });
      setReady(api, 'node-1');
      await clock.advanceUntil(() => sqs.size === 0, { stepMs: 1_000 });
      assert.equal(run.said(drainedText).length, 1);
      assert.equal(api.node('node-1').spec.unschedulable, true);
    });
  }

  test('the launch is told of after the termination', async () => {
    await using run = await startQueueDaemon({ scene: sceneWith({ shutdownMs: 20_000 }) });
    const { api, aws, clock, sqs } = run;
    const hook = aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
    sqs.send(toWarmPool(terminateAction('i-1', 't')));
    await clock.advance(2_000);
    sqs.send(launchAction('i-1', 'l'));
    await clock.advanceUntil(() => hook.state === 'continued', { stepMs: 1_000 });
    assert.equal(api.pod('web'), undefined);
    assert.equal(api.node('node-1').spec.unschedulable, true);
  });
});

describe('a cancellation', () => {
  for (const how of ['SIGTERM', 'kill']) {
    test(`that could not be undone is kept for the next process: ${how}`, async () => {
      await using run = await startQueueDaemon({ scene: heldScene });
      const { api, clock, sqs } = run;
      sqs.send(healthEvent(['i-1'], maintenance));
      await clock.advanceUntil(() => api.node('node-1').spec.unschedulable === true, { stepMs: 1_000 });
      await clock.advance(5_000);
      const end = api.faults.add({ kind: 'answer', code: 500 }, { when: isMark });
      sqs.send(healthEvent(['i-1'], { ...maintenance, statusCode: 'closed' }));
      await clock.advance(20_000);
      if (how === 'kill') run.kill();
      await run.daemon.startAgain();
      end();
      await clock.advance(300_000);
      assert.equal(api.node('node-1').spec.unschedulable, undefined);
      assert.notEqual(api.pod('held'), undefined);
      assert.equal(sqs.size, 0);
    });
  }

  test('whose answer is lost lets no pod be asked to leave a node that is schedulable again', async () => {
    await using run = await startQueueDaemon({ scene: heldScene });
    const { api, clock, sqs } = run;
    sqs.send(healthEvent(['i-1'], maintenance));
    await clock.advance(20_000);
    api.faults.add({ kind: 'drop-after' }, { when: isMark, times: 1 });
    sqs.send(healthEvent(['i-1'], { ...maintenance, statusCode: 'closed' }));
    await clock.advanceUntil(() => api.node('node-1').spec.unschedulable !== true, { stepMs: 5 });
    api.addPod({ name: 'fresh', node: 'node-1', owner: 'ReplicaSet/fresh', shutdownMs: 1_000 });
    api.requests.splice(0);
    sqs.send(spotWarning('i-1', new Date(clock.now()).toISOString()));
    const isEviction = ({ verb, resource }: LoggedRequest): boolean =>
      verb === 'create' && resource === 'pods';
    let wasCordoned: boolean | undefined;
    await clock.advanceUntil(
      () => {
        if (api.requests.some(isEviction)) wasCordoned ??= api.node('node-1').spec.unschedulable === true;
        return wasCordoned !== undefined;
      },
      { stepMs: 5, maxMs: 20_000 },
    );
    assert.equal(wasCordoned, true);
  });

  /** The node is marked for maintenance and drained for something else when the maintenance is called off. */
  async function calledOffInVain({ api, clock, sqs }: Run): Promise<() => void> {
    const event = { ...maintenance, startTime: new Date(clock.now() + 3_600_000).toUTCString() };
    sqs.send(healthEvent(['i-1'], event));
    await clock.advanceUntil(() => sqs.size === 0, { stepMs: 1_000 });
    sqs.send(eventBridge('aws.ec2', 'EC2 Instance Rebalance Recommendation', { 'instance-id': 'i-1' }));
    await clock.advance(60_000);
    const end = api.faults.add({ kind: 'answer', code: 500 }, { when: isMark });
    sqs.send(healthEvent(['i-1'], { ...event, statusCode: 'closed' }));
    return end;
  }

  test('is kept until it is undone, though another drain of the node has ended', async () => {
    await using run = await startQueueDaemon({ scene: heldScene, env: beforeStart });
    const { api, clock, sqs } = run;
    const end = await calledOffInVain(run);
    await clock.advance(200_000);
    assert.equal(sqs.size, 2);
    end();
    await clock.advanceUntil(() => startOnNode(api) === undefined, { stepMs: 1_000 });
  });

  test('that could not be undone, and whose message the queue has dropped since, is undone later', async () => {
    const queue = { retentionMs: 300_000 };
    await using run = await startQueueDaemon({ scene: heldScene, env: beforeStart, queue });
    const { api, clock, sqs } = run;
    const end = await calledOffInVain(run);
    await clock.advance(400_000);
    assert.equal(sqs.size, 0);
    end();
    await clock.advanceUntil(() => startOnNode(api) === undefined, { stepMs: 1_000 });
  });

  for (const code of [500, 429]) {
    test(`that comes while the last word about a drain is refused (${code}) is not written over by it`, async () => {
      await using run = await startQueueDaemon({ scene: sceneWith({ shutdownMs: 2_000 }) });
      const { api, clock, sqs } = run;
      const when = (request: LoggedRequest): boolean => isMark(request) && run.said(drainedText).length > 0;
      const end = api.faults.add({ kind: 'answer', code }, { when });
      sqs.send(healthEvent(['i-1'], maintenance));
      await clock.advanceUntil(() => run.said(drainedText).length > 0, { stepMs: 100 });
      await clock.advance(4_500);
      end();
      sqs.send(healthEvent(['i-1'], { ...maintenance, statusCode: 'closed' }));
      await clock.advance(300_000);
      assert.equal(api.node('node-1').spec.unschedulable, undefined);
      assert.deepEqual(stateOf(api)?.signals, []);
    });
  }

  test('that comes while the last word about a drain is on its way is not written over by it', async () => {
    await using run = await startQueueDaemon({ scene: sceneWith({ shutdownMs: 2_000 }) });
    const { api, clock, sqs } = run;
    const when = (request: LoggedRequest): boolean => isMark(request) && run.said(drainedText).length > 0;
    api.faults.add({ kind: 'delay', ms: 2_000 }, { when, times: 1 });
    sqs.send(healthEvent(['i-1'], maintenance));
    await clock.advanceUntil(() => run.said(drainedText).length > 0, { stepMs: 100 });
    sqs.send(healthEvent(['i-1'], { ...maintenance, statusCode: 'closed' }));
    await clock.advance(60_000);
    assert.equal(api.node('node-1').spec.unschedulable, undefined);
  });
});

describe('maintenance that was closed', () => {
  /** Told at that minute, and delivered now. */
  async function deliver(run: Run, statusCode: string, toldAt: number): Promise<void> {
    const lastUpdatedTime = new Date(toldAt).toUTCString();
    run.sqs.send(healthEvent(['i-1'], { ...maintenance, statusCode, lastUpdatedTime }));
    await run.clock.advance(60_000);
    assert.equal(run.sqs.size, 0);
  }

  for (const restarted of [false, true]) {
    const suffix = restarted ? ', as the next process knows' : '';

    test(`and is told open again since is acted on${suffix}`, async () => {
      await using run = await startQueueDaemon({});
      const { api, clock } = run;
      await deliver(run, 'open', clock.now());
      await deliver(run, 'closed', clock.now());
      assert.equal(api.node('node-1').spec.unschedulable, undefined);
      if (restarted) await run.daemon.startAgain();
      api.addPod({ name: 'fresh', node: 'node-1', owner: 'ReplicaSet/fresh', shutdownMs: 1_000 });
      await deliver(run, 'open', clock.now());
      assert.equal(api.node('node-1').spec.unschedulable, true);
      assert.equal(api.pod('fresh'), undefined);
      await deliver(run, 'closed', clock.now());
      assert.equal(api.node('node-1').spec.unschedulable, undefined);
    });

    test(`and was told open before that comes once more is not acted on${suffix}`, async () => {
      await using run = await startQueueDaemon({});
      const { api, clock } = run;
      const openedAt = clock.now();
      await deliver(run, 'open', openedAt);
      await deliver(run, 'closed', clock.now());
      if (restarted) await run.daemon.startAgain();
      await deliver(run, 'open', openedAt + 30_000);
      assert.equal(api.node('node-1').spec.unschedulable, undefined);
    });

    test(`and is open again is not called off by a message from before${suffix}`, async () => {
      await using run = await startQueueDaemon({});
      const { api, clock } = run;
      await deliver(run, 'open', clock.now());
      const closedAt = clock.now();
      await deliver(run, 'closed', closedAt);
      await deliver(run, 'open', clock.now());
      if (restarted) await run.daemon.startAgain();
      await deliver(run, 'closed', closedAt + 10_000);
      assert.equal(api.node('node-1').spec.unschedulable, true);
    });
  }
});

for (const isBacklog of [false, true]) {
  const when = isBacklog ? 'while no process ran' : 'at once';
  test(`maintenance that was closed and opened ${when} is called off by another replica's word`, async () => {
    await using run = await startQueueDaemon({ env: beforeStart });
    const { api, clock, sqs } = run;
    const t0 = clock.now();
    const startsAt = t0 + 3_600_000;
    const tell = (statusCode: string, toldAt: number): void => {
      const [startTime, lastUpdatedTime] = [startsAt, toldAt].map((it) => new Date(it).toUTCString());
      sqs.send(healthEvent(['i-1'], { ...maintenance, statusCode, startTime, lastUpdatedTime }));
    };
    tell('open', t0);
    await clock.advance(60_000);
    if (isBacklog) run.kill();
    if (isBacklog) await clock.advance(1_000);
    tell('closed', t0 + 10_000);
    tell('open', t0 + 20_000);
    if (isBacklog) await run.daemon.startAgain();
    await clock.advance(300_000);
    assert.equal(sqs.size, 0);
    const [signal] = stateOf(api)?.signals ?? [];
    assert.ok(signal);
    // As the other one would write it.
    const { store } = api.cluster;
    const { metadata, spec, ...node } = store.get(nodes, 'node-1');
    const done = [{ id: signal.id, toldAt: new Date(t0 + 320_000).toISOString() }];
    const ours = { cordon: false, taints: [], labels: [] };
    const state = JSON.stringify({ version: 1, phase: 'marked', signals: [], ours, done });
    store.update(nodes, {
      ...node,
      metadata: { ...metadata, annotations: { ...metadata.annotations, [stateAnnotation]: state } },
      spec: { ...spec, unschedulable: false, taints: [] },
    });
    await clock.advance(startsAt + 60_000 - clock.now());
    assert.notEqual(api.pod('web'), undefined);
    assert.notEqual(api.node('node-1').spec.unschedulable, true);
  });
}

describe('a new time of maintenance', () => {
  const at = (ms: number): string => new Date(ms).toUTCString();
  const iso = (ms: number): string => new Date(ms).toISOString();

  for (const laterMs of [3_600_000, -3_600_000]) {
    test(`that comes while the node is marked for the first one holds (${laterMs} ms)`, async () => {
      await using run = await startQueueDaemon({ scene: sceneWith({ shutdownMs: 2_000 }), env: beforeStart });
      const { api, clock, sqs } = run;
      const first = clock.now() + 7_200_000;
      api.faults.add({ kind: 'delay', ms: 300 }, { when: isMark });
      sqs.send(healthEvent(['i-1'], { ...maintenance, startTime: at(first) }));
      await clock.advanceUntil(() => api.requests.some(isMark), { stepMs: 5 });
      sqs.send(healthEvent(['i-1'], { ...maintenance, startTime: at(first + laterMs) }));
      await clock.advance(60_000);
      assert.equal(startOnNode(api), iso(first + laterMs));
      assert.equal(sqs.size, 0);
    });
  }

  test('that can not be written at once, while the Node changes, holds', async () => {
    await using run = await startQueueDaemon({ scene: sceneWith({ shutdownMs: 2_000 }), env: beforeStart });
    const { api, clock, sqs } = run;
    const first = clock.now() + 7_200_000;
    sqs.send(healthEvent(['i-1'], { ...maintenance, startTime: at(first) }));
    await clock.advanceUntil(() => sqs.size === 0, { stepMs: 1_000 });
    await clock.advance(10_000);
    const end = api.faults.add({ kind: 'answer', code: 500 }, { when: isMark });
    api.requests.splice(0);
    sqs.send(healthEvent(['i-1'], { ...maintenance, startTime: at(first - 3_600_000) }));
    await clock.advanceUntil(() => api.requests.some(isMark), { stepMs: 10 });
    setReady(api, 'node-1', 'Unknown');
    await clock.advance(2_000);
    end();
    await clock.advance(60_000);
    assert.equal(startOnNode(api), iso(first - 3_600_000));
    await clock.advanceUntil(() => api.pod('web') === undefined, { stepMs: 10_000, maxMs: 3_600_000 });
  });

  test('holds against an older message that comes after it', async () => {
    await using run = await startQueueDaemon({ scene: sceneWith({ shutdownMs: 2_000 }), env: beforeStart });
    const { api, clock, sqs } = run;
    const now = clock.now();
    const told = (startsAt: number, toldAt: number) =>
      healthEvent(['i-1'], { ...maintenance, startTime: at(startsAt), lastUpdatedTime: at(toldAt) });
    sqs.send(told(now + 7_200_000, now - 10_000));
    await clock.advance(20_000);
    sqs.send(told(now + 14_400_000, now - 7_200_000));
    await clock.advance(60_000);
    assert.equal(startOnNode(api), iso(now + 7_200_000));
  });

  test('holds though a replica that was not told of it marks the node for something else', async () => {
    const clock = new FakeClock();
    await using parts = new AsyncDisposableStack();
    const api = await ApiServer.start({}, { clock });
    parts.defer(() => api.stop());
    const aws = parts.use(await FakeAws.start({}, { clock }));
    const policy = JSON.stringify({ REBALANCE_RECOMMENDATION: { response: 'mark' } });
    const replicas = parts.use(
      new DaemonReplicas({ env: { ...beforeStart, NTH_INTERRUPTION_POLICY: policy } }, { clock, api, aws }),
    );
    sceneWith({ shutdownMs: 2_000 })({ api, aws });
    const sqs = aws.sqs.queue;
    const first = clock.now() + 14_400_000;
    await replicas.start();
    await clock.advance(3_000);
    sqs.send(healthEvent(['i-1'], { ...maintenance, startTime: at(first) }));
    await clock.advanceUntil(() => sqs.size === 0, { stepMs: 1_000 });
    await replicas.start();
    await clock.advance(30_000);
    api.faults.add({ kind: 'delay', ms: 300 }, { when: isMark });
    sqs.send(healthEvent(['i-1'], { ...maintenance, startTime: at(first - 7_200_000) }));
    await clock.advance(100);
    sqs.send(eventBridge('aws.ec2', 'EC2 Instance Rebalance Recommendation', { 'instance-id': 'i-1' }));
    await clock.advance(60_000);
    assert.equal(startOnNode(api), iso(first - 7_200_000));
  });

  test('holds at a replica that was not told of it, and gets an older message', async () => {
    const clock = new FakeClock();
    await using parts = new AsyncDisposableStack();
    const api = await ApiServer.start({}, { clock });
    parts.defer(() => api.stop());
    const aws = parts.use(await FakeAws.start({}, { clock }));
    const replicas = parts.use(new DaemonReplicas({ env: beforeStart }, { clock, api, aws }));
    sceneWith({ shutdownMs: 2_000 })({ api, aws });
    const sqs = aws.sqs.queue;
    await replicas.start();
    await clock.advance(3_000);
    const now = clock.now();
    const told = (startsAt: number, toldAt: number) =>
      healthEvent(['i-1'], { ...maintenance, startTime: at(startsAt), lastUpdatedTime: at(toldAt) });
    sqs.send(told(now + 36_000_000, now - 10_000));
    await clock.advance(20_000);
    const [taker = ''] = replicas.userAgents;
    await replicas.start();
    await clock.advance(3_000);
    replicas.kill(taker, 360_000_000);
    sqs.send(told(now + 10_800_000, now - 7_200_000));
    await clock.advanceUntil(() => clock.now() > now + 14_400_000, { stepMs: 60_000, maxMs: 15_000_000 });
    assert.notEqual(api.pod('web'), undefined);
  });
});

describe('what comes while the last word about a drain is refused', () => {
  for (const kind of ['Spot', 'warm pool']) {
    test(`leaves it to be written: ${kind}`, async () => {
      await using run = await startQueueDaemon({
        scene: sceneWith({ shutdownMs: 2_000 }),
        env: { ...beforeStart, ENABLE_OUT_OF_SERVICE_TAINT: 'true' },
      });
      const { api, aws, clock, sqs } = run;
      const when = (request: LoggedRequest): boolean => isMark(request) && run.said(drainedText).length > 0;
      const end = api.faults.add({ kind: 'answer', code: 500 }, { when });
      aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
      const isSpot = kind === 'Spot';
      sqs.send(
        isSpot
          ? spotWarning('i-1', new Date(clock.now()).toISOString())
          : toWarmPool(terminateAction('i-1', 't')),
      );
      await clock.advanceUntil(() => run.said(drainedText).length > 0, { stepMs: 100 });
      await clock.advance(2_000);
      const startTime = new Date(clock.now() + 7_200_000).toUTCString();
      sqs.send(healthEvent(['i-1'], { ...maintenance, startTime }));
      await clock.advance(2_000);
      end();
      await clock.advance(30_000);
      assert.equal(stateOf(api)?.phase, 'drained');
      const isOut =
        api.node('node-1').spec.taints?.some(({ key }) => key.endsWith('out-of-service')) ?? false;
      assert.equal(isOut, isSpot);
    });
  }

  test('leaves it to be written for the others, where one of several interruptions is called off', async () => {
    await using run = await startQueueDaemon({
      scene: sceneWith({ shutdownMs: 5_000 }),
      env: { ENABLE_OUT_OF_SERVICE_TAINT: 'true' },
    });
    const { api, clock, sqs } = run;
    const when = (request: LoggedRequest): boolean => isMark(request) && run.said(drainedText).length > 0;
    const end = api.faults.add({ kind: 'answer', code: 500 }, { when });
    const tell = (statusCode: string) => {
      const lastUpdatedTime = new Date(clock.now()).toUTCString();
      sqs.send(healthEvent(['i-1'], { ...maintenance, statusCode, lastUpdatedTime }));
    };
    sqs.send(spotWarning('i-1', new Date(clock.now()).toISOString()));
    tell('open');
    await clock.advanceUntil(() => run.said(drainedText).length > 0, { stepMs: 100 });
    await clock.advance(2_000);
    tell('closed');
    await clock.advance(2_000);
    end();
    await clock.advance(40_000);
    assert.deepEqual(
      [stateOf(api)?.phase, stateOf(api)?.signals.map(({ kind }) => kind)],
      ['drained', ['SPOT_ITN']],
    );
    assert.ok(api.node('node-1').spec.taints?.some(({ key }) => key.endsWith('out-of-service')));
  });
});
