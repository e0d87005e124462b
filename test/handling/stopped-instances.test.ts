import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readMarkState, stateAnnotation } from '../../src/kubernetes/mark-state.ts';
import type { LoggedRequest } from '../fakes/api-server/request-log.ts';
import { nodes } from '../fakes/api-server/resources.ts';
import {
  heldScene,
  setReady,
  startQueueDaemon,
  unwatchedScene,
  usualScene,
  type QueueGiven,
} from '../daemon/queue-scene.ts';
import {
  eventBridge,
  launchAction,
  stateChange,
  terminateAction,
  toWarmPool,
} from '../sources/sqs/messages.ts';

const unmarkedText = 'Node uncordoned and unmarked: the interruption is over';

function spotStop() {
  return eventBridge('aws.ec2', 'EC2 Spot Instance Interruption Warning', {
    'instance-id': 'i-1',
    'instance-action': 'stop',
  });
}

const announcements = {
  nobody: undefined,
  'a Spot warning': spotStop,
  "its group's hook": () => toWarmPool(terminateAction('i-1', 't')),
};

type Run = Awaited<ReturnType<typeof startQueueDaemon>>;

/** What EC2 tells of the instance now. */
function told({ clock }: Run, state: string) {
  return { ...stateChange('i-1', state), time: new Date(clock.now()).toISOString() };
}

function tell(run: Run, state: string): void {
  run.sqs.send(told(run, state));
}

/** The instance is stopped, of which EC2 tells twice. */
async function stop(run: Run, announcement?: () => object): Promise<void> {
  const { api, aws, clock, sqs } = run;
  aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
  if (announcement) {
    sqs.send(announcement());
    await clock.advanceUntil(() => api.pod('db') === undefined);
  }
  await clock.advance(60_000);
  tell(run, 'stopping');
  await clock.advance(20_000);
  setReady(api, 'node-1', 'Unknown');
  tell(run, 'stopped');
  await clock.advance(600_000);
}

function isOutOfService({ api }: Run): boolean {
  return api.node('node-1').spec.taints?.some(({ key }) => key.endsWith('/out-of-service')) ?? false;
}

function isUnmarked({ api }: Run): boolean {
  const { metadata, spec } = api.node('node-1');
  const { signals = [] } = readMarkState(metadata.annotations?.[stateAnnotation]) ?? {};
  return spec.unschedulable !== true && (spec.taints ?? []).length === 0 && signals.length === 0;
}

describe('an instance that is stopped and starts again', () => {
  for (const [announcedBy, announcement] of Object.entries(announcements)) {
    for (const restarted of [false, true]) {
      test(`announced by ${announcedBy}${restarted ? ', while no process looks' : ''}: its node is unmarked`, async () => {
        await using run = await startQueueDaemon({ env: { ENABLE_OUT_OF_SERVICE_TAINT: 'true' } });
        const { api, clock, sqs } = run;
        await stop(run, announcement);
        assert.equal(api.node('node-1').spec.unschedulable, true);
        assert.ok(!isOutOfService(run), 'nobody would take it off');
        if (restarted) {
          run.stop();
          await clock.advanceWhile(run.ended);
        }
        setReady(api, 'node-1');
        await clock.advance(60_000);
        if (restarted) await run.daemon.startAgain();
        await clock.advanceUntil(() => run.said(unmarkedText).length > 0);
        await clock.advance(120_000);
        assert.ok(isUnmarked(run));
        assert.equal(sqs.size, 0);
      });
    }
  }

  test('a pod that its kubelet could not end is not in the way', async () => {
    await using run = await startQueueDaemon({});
    const { api, clock, sqs } = run;
    const endless = { graceSeconds: 7_200, shutdownMs: 7_200_000 };
    api.addPod({ name: 'slow', node: 'node-1', owner: 'ReplicaSet/slow', ...endless });
    await stop(run);
    assert.ok(api.pod('slow'));
    setReady(api, 'node-1');
    await clock.advance(600_000);
    assert.ok(isUnmarked(run));
    assert.equal(sqs.size, 0);
  });

  test('a message about the stop that comes late does nothing, which is told', async () => {
    await using run = await startQueueDaemon({ env: { LOG_LEVEL: 'debug' } });
    const { api, clock, sqs } = run;
    const late = told(run, 'stopped');
    await clock.advance(60_000);
    setReady(api, 'node-1');
    await clock.advance(60_000);
    sqs.send(late);
    await clock.advanceUntil(() => sqs.size === 0);
    assert.ok(isUnmarked(run));
    assert.ok(api.pod('web'));
    const [line, ...others] = run.said('There is nothing to do for an interruption');
    assert.deepEqual(others, []);
    assert.deepEqual([line?.level, line?.['node'], line?.['kind']], ['debug', 'node-1', 'STATE_CHANGE']);
    assert.match(String(line?.['interruption_id']), /^ec2-state-change-event-/);
    assert.match(String(line?.['why']), /^it is over/);
  });
});

describe('a Spot instance that is stopped, of which EC2 tells no more than its warning', () => {
  const withEmptyDir: QueueGiven = {
    env: { DELETE_LOCAL_DATA: 'false' },
    scene: (scene) => {
      usualScene(scene);
      scene.api.addPod({ name: 'cache', node: 'node-1', owner: 'ReplicaSet/cache', emptyDir: true });
    },
  };
  const marksOnly = '{"SPOT_ITN":{"response":"mark"}}';
  const ways: Readonly<Record<string, QueueGiven>> = {
    'that was drained': {},
    'with --cordon-only': { env: { CORDON_ONLY: 'true' } },
    'with a policy that only marks': { env: { NTH_INTERRUPTION_POLICY: marksOnly } },
    'that could not be drained in time': withEmptyDir,
  };
  for (const [way, given] of Object.entries(ways)) {
    for (const restarted of [false, true]) {
      test(`${way}: its node is unmarked, once${restarted ? ', by the next process' : ''}`, async () => {
        await using run = await startQueueDaemon(given);
        const { api, clock, sqs } = run;
        sqs.send(spotStop());
        await clock.advance(120_000);
        setReady(api, 'node-1', 'Unknown');
        if (restarted) {
          run.stop();
          await clock.advanceWhile(run.ended);
        }
        await clock.advance(600_000);
        assert.equal(api.node('node-1').spec.unschedulable, true);
        setReady(api, 'node-1');
        if (restarted) await run.daemon.startAgain();
        await clock.advance(120_000);
        assert.ok(isUnmarked(run));
        assert.equal(run.said(unmarkedText).length, 1);
        assert.equal(sqs.size, 0);
      });
    }
  }

  test('stays marked where its kubelet was away for a moment before that', async () => {
    await using run = await startQueueDaemon({});
    const { api, clock, sqs } = run;
    sqs.send(spotStop());
    await clock.advance(40_000);
    assert.equal(sqs.size, 0, 'it is drained');
    setReady(api, 'node-1', 'Unknown');
    await clock.advance(2_000);
    setReady(api, 'node-1');
    await clock.advance(60_000);
    assert.equal(api.node('node-1').spec.unschedulable, true);
    assert.equal(run.said(unmarkedText).length, 0);
  });
});

const isMark = ({ verb, resource }: LoggedRequest): boolean => verb === 'patch' && resource === 'nodes';

describe("with NTH's rights, by which nobody sees the start", () => {
  for (const announcedBy of ['a Spot warning', "its group's hook"] as const) {
    test(`the stop before does not call off the next one, announced by ${announcedBy}`, async () => {
      await using run = await startQueueDaemon({ scene: unwatchedScene });
      const { api, clock, sqs } = run;
      await stop(run);
      setReady(api, 'node-1');
      api.addPod({ name: 'fresh', node: 'node-1', owner: 'ReplicaSet/fresh', shutdownMs: 1_000 });
      await clock.advance(60_000);
      sqs.send({ ...announcements[announcedBy](), time: new Date(clock.now()).toISOString() });
      await clock.advanceUntil(() => sqs.size === 0);
      assert.equal(api.pod('fresh'), undefined);
      assert.equal(api.node('node-1').spec.unschedulable, true);
    });
  }

  test('a message about the stop that comes late leaves the node as it was', async () => {
    await using run = await startQueueDaemon({ scene: unwatchedScene });
    const { api, clock, sqs } = run;
    const late = told(run, 'stopped');
    setReady(api, 'node-1', 'Unknown');
    await clock.advance(60_000);
    setReady(api, 'node-1');
    await clock.advance(60_000);
    sqs.send(late);
    await clock.advance(600_000);
    assert.ok(isUnmarked(run));
    assert.equal(sqs.size, 0);
  });
});

test('an instance that starts while its node is still being marked for the stop is unmarked', async () => {
  await using run = await startQueueDaemon({});
  const { api, clock, sqs } = run;
  const late = told(run, 'stopped');
  setReady(api, 'node-1', 'Unknown');
  await clock.advance(600_300);
  const end = api.faults.add({ kind: 'answer', code: 500 }, { when: isMark });
  sqs.send(late);
  await clock.advance(200);
  setReady(api, 'node-1');
  await clock.advance(100);
  end();
  await clock.advance(600_000);
  assert.ok(isUnmarked(run));
});

test('a hook whose drain had failed before the stop does nothing after the start', async () => {
  await using run = await startQueueDaemon({});
  const { api, aws, clock, sqs } = run;
  const endless = { graceSeconds: 7_200, shutdownMs: 7_200_000 };
  api.addPod({ name: 'slow', node: 'node-1', owner: 'StatefulSet/slow', ...endless });
  aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
  sqs.send(toWarmPool(terminateAction('i-1', 't')));
  await clock.advance(400_000);
  tell(run, 'stopping');
  await clock.advance(20_000);
  setReady(api, 'node-1', 'Unknown');
  tell(run, 'stopped');
  await clock.advance(470_000);
  setReady(api, 'node-1');
  api.addPod({ name: 'fresh', node: 'node-1', owner: 'ReplicaSet/fresh', shutdownMs: 1_000 });
  await clock.advance(120_000);
  assert.ok(isUnmarked(run));
  assert.ok(api.pod('fresh'));
  assert.equal(sqs.size, 0);
});

for (const restarted of [false, true]) {
  test(`an instance that is ready again seconds after it was stopped is unmarked${restarted ? ', by the next process' : ''}`, async () => {
    await using run = await startQueueDaemon({});
    const { api, clock, sqs } = run;
    tell(run, 'stopping');
    await clock.advance(45_000);
    setReady(api, 'node-1', 'Unknown');
    await clock.advance(15_000);
    tell(run, 'stopped');
    await clock.advanceUntil(() => sqs.size === 0);
    assert.equal(api.node('node-1').spec.unschedulable, true);
    if (restarted) {
      run.stop();
      await clock.advanceWhile(run.ended);
    }
    await clock.advance(10_000);
    setReady(api, 'node-1');
    if (restarted) await run.daemon.startAgain();
    await clock.advance(120_000);
    assert.ok(isUnmarked(run));
  });
}

test('a kubelet that is away for a moment while its instance stops has not started again', async () => {
  await using run = await startQueueDaemon({});
  const { api, clock } = run;
  api.addPod({ name: 'slow', node: 'node-1', owner: 'StatefulSet/slow', shutdownMs: 25_000 });
  await clock.advance(60_000);
  tell(run, 'stopping');
  await clock.advance(10_000);
  setReady(api, 'node-1', 'Unknown');
  await clock.advance(2_000);
  setReady(api, 'node-1');
  await clock.advance(10_000);
  assert.equal(api.node('node-1').spec.unschedulable, true);
  assert.equal(run.said(unmarkedText).length, 0);
});

describe('an instance that its group puts into its warm pool, of which EC2 tells no more', () => {
  /** The hook waits on for a minute after the drain. */
  async function drainedForItsHook() {
    const run = await startQueueDaemon({ env: { COMPLETE_LIFECYCLE_ACTION_DELAY_SECONDS: '60' } });
    const { api, aws, clock, sqs } = run;
    const hook = aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
    sqs.send(toWarmPool(terminateAction('i-1', 't')));
    await clock.advanceUntil(() => api.pod('db') === undefined);
    await clock.advance(30_000);
    setReady(api, 'node-1', 'Unknown');
    await clock.advance(2_000);
    setReady(api, 'node-1');
    await clock.advance(10_000);
    assert.equal(hook.state, 'waiting');
    return run;
  }

  test('stays marked though its kubelet is away for a moment while the hook waits', async () => {
    await using run = await drainedForItsHook();
    const { api, clock } = run;
    // Whatever else of the node changes.
    const { spec, ...node } = api.node('node-1');
    const taints = [{ key: 'team', effect: 'NoSchedule' }];
    api.cluster.store.update(nodes, { ...node, spec: { ...spec, taints } });
    await clock.advance(600_000);
    assert.equal(api.node('node-1').spec.unschedulable, true);
    assert.equal(run.said(unmarkedText).length, 0);
  });

  test('is unmarked when it comes back after that', async () => {
    await using run = await drainedForItsHook();
    const { api, clock, sqs } = run;
    await clock.advance(60_000);
    setReady(api, 'node-1', 'Unknown');
    await clock.advance(600_000);
    setReady(api, 'node-1');
    await clock.advance(60_000);
    assert.ok(isUnmarked(run));
    assert.equal(sqs.size, 0);
  });

  for (const restarted of [false, true]) {
    test(`is unmarked when it comes back, with --cordon-only as well${restarted ? ', by the next process' : ''}`, async () => {
      await using run = await startQueueDaemon({ env: { CORDON_ONLY: 'true' } });
      const { api, aws, clock, sqs } = run;
      const hook = aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' });
      sqs.send(toWarmPool(terminateAction('i-1', 't')));
      await clock.advanceUntil(() => hook.state === 'continued');
      await clock.advance(60_000);
      setReady(api, 'node-1', 'Unknown');
      await clock.advance(600_000);
      assert.equal(api.node('node-1').spec.unschedulable, true);
      if (restarted) {
        run.stop();
        await clock.advanceWhile(run.ended);
      }
      setReady(api, 'node-1');
      if (restarted) await run.daemon.startAgain();
      await clock.advance(60_000);
      assert.ok(isUnmarked(run));
      assert.equal(sqs.size, 0);
    });
  }

  test('is unmarked by a process that began seconds before it came back', async () => {
    await using run = await drainedForItsHook();
    const { api, clock } = run;
    await clock.advance(60_000);
    setReady(api, 'node-1', 'Unknown');
    await clock.advance(600_000);
    await run.daemon.startAgain();
    await clock.advance(5_000);
    setReady(api, 'node-1');
    await clock.advance(60_000);
    assert.ok(isUnmarked(run));
  });
});

describe('an instance whose hook timed out before its drain was done', () => {
  /** It is in its warm pool by now. */
  async function inItsWarmPool(env: Readonly<Record<string, string>> = {}) {
    const run = await startQueueDaemon({ scene: heldScene, env });
    const { api, aws, clock, sqs } = run;
    const hook = aws.autoScaling.wait(
      { group: 'nodes', name: 'drain', token: 't', instanceId: 'i-1' },
      { timeoutMs: 600_000 },
    );
    sqs.send(toWarmPool(terminateAction('i-1', 't')));
    await clock.advance(660_000);
    if (env['HEARTBEAT_INTERVAL'] !== undefined) hook.state = 'abandoned';
    setReady(api, 'node-1', 'Unknown');
    await clock.advance(3_600_000);
    return run;
  }

  test('is unmarked once it is back, as its heartbeats have told that the hook is over', async () => {
    await using run = await inItsWarmPool({ HEARTBEAT_INTERVAL: '30' });
    const { api, clock, sqs } = run;
    setReady(api, 'node-1');
    await clock.advance(120_000);
    assert.ok(isUnmarked(run));
    assert.ok(api.pod('held'));
    await clock.advance(60_000);
    assert.equal(sqs.size, 0);
  });

  test('is unmarked some minutes after the completion of the hook has told that it is over', async () => {
    await using run = await inItsWarmPool();
    const { api, clock, sqs } = run;
    setReady(api, 'node-1');
    await clock.advance(600_000);
    api.addPod({ name: 'held-2', node: 'other', owner: 'ReplicaSet/held', labels: { app: 'held' } });
    await clock.advance(600_000);
    assert.ok(isUnmarked(run));
    assert.equal(sqs.size, 0);
  });

  test('is unmarked when its group launches it', async () => {
    await using run = await inItsWarmPool();
    const { api, aws, clock, sqs } = run;
    aws.autoScaling.wait({ group: 'nodes', name: 'ready', token: 'l', instanceId: 'i-1' });
    sqs.send({ ...launchAction('i-1', 'l'), time: new Date(clock.now()).toISOString() });
    // It takes a while from the launch to the kubelet.
    await clock.advance(150_000);
    setReady(api, 'node-1');
    await clock.advance(600_000);
    assert.ok(isUnmarked(run));
    assert.equal(sqs.size, 0);
  });
});

test('of an instance that is terminated the node gets the out-of-service taint', async () => {
  await using run = await startQueueDaemon({ env: { ENABLE_OUT_OF_SERVICE_TAINT: 'true' } });
  tell(run, 'shutting-down');
  await run.clock.advanceUntil(() => isOutOfService(run));
});
