import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { eventId, scheduleMaintenance } from './maintenance.ts';
import {
  evictions,
  nodeName as node,
  startDaemon as startUsually,
  untilDrained,
  untilSaid,
} from './running-daemon.ts';

/** Hours pass here, and each look at the metadata service costs some milliseconds. */
const rarePolls = { NTH_SPOT_POLL_INTERVAL_MS: '30000', NTH_MAINTENANCE_POLL_INTERVAL_MS: '30000' };

function startDaemon(given: Parameters<typeof startUsually>[0] = {}): ReturnType<typeof startUsually> {
  return startUsually({ ...given, env: Object.assign({}, rarePolls, given.env) });
}

const unmarkedText = 'Node uncordoned and unmarked: the interruption is over';
const hour = 3_600_000;
const state = 'aws-node-termination-handler/state';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'own-node-'));
});
after(() => rm(folder, { recursive: true }));

/** A file like /proc/uptime. */
async function uptimeFile(seconds: number | string): Promise<string> {
  const path = join(folder, `uptime-${seconds}`);
  await writeFile(path, `${seconds} 12345.67\n`);
  return path;
}

/** The fake clock's beginning, in seconds. */
const startSeconds = Date.parse('2030-01-01T00:00:00Z') / 1000;

function markedByNth(api: FakeApiServer): void {
  api.addNode({
    name: node,
    unschedulable: true,
    taints: [
      { key: 'aws-node-termination-handler/scheduled-maintenance', value: eventId, effect: 'NoSchedule' },
      { key: 'example.com/gpu', effect: 'NoSchedule' },
    ],
    labels: {
      'aws-node-termination-handler/action': 'UncordonAfterReboot',
      'aws-node-termination-handler/action-time': String(startSeconds - 600),
      'aws-node-termination-handler/event-id': eventId,
      team: 'shop',
    },
  });
  api.addPod({ name: 'web', node, owner: 'ReplicaSet/web' });
}

test('after the reboot the node is uncordoned, also where NTH marked it and IMDS does not answer yet', async () => {
  await using daemon = await startDaemon({
    cluster: markedByNth,
    env: { UPTIME_FROM_FILE: await uptimeFile(300), INSTANCE_METADATA_URL: 'http://127.0.0.1:9' },
  });
  const { api } = daemon;
  await untilSaid(daemon, unmarkedText);
  const { spec, metadata } = api.node(node);
  assert.notEqual(spec.unschedulable, true);
  assert.deepEqual(
    spec.taints?.map(({ key }) => key).filter((key) => !key.startsWith('node.kubernetes.io/')),
    ['example.com/gpu'],
  );
  assert.deepEqual(
    Object.keys(metadata.labels ?? {}).filter((key) => key.startsWith('aws-')),
    [],
  );
  assert.equal(metadata.labels?.['team'], 'shop');
});

test('an event that AWS goes on showing after the reboot is not acted on again, nor by the next process', async () => {
  await using daemon = await startDaemon({
    cluster: markedByNth,
    env: { UPTIME_FROM_FILE: await uptimeFile(300) },
  });
  const { api, clock, imds } = daemon;
  scheduleMaintenance(imds, { notBefore: clock.now() - 1000 });
  await untilSaid(daemon, unmarkedText);
  await clock.advance(hour);
  assert.deepEqual(evictions(api), []);
  daemon.stop();
  daemon.kill();
  await clock.advanceWhile(daemon.ended);
  await daemon.startAgain();
  await clock.advance(hour);
  assert.deepEqual(evictions(api), []);
  assert.notEqual(api.node(node).spec.unschedulable, true);
});

test('a node that has not rebooted yet stays marked, and its event is taken up again', async () => {
  await using daemon = await startDaemon({
    cluster: markedByNth,
    env: { UPTIME_FROM_FILE: await uptimeFile(86_400) },
  });
  const { api, clock, imds } = daemon;
  scheduleMaintenance(imds, { notBefore: clock.now() + hour });
  await untilDrained(daemon);
  assert.equal(api.pod('web'), undefined);
  assert.equal(api.node(node).spec.unschedulable, true);
  assert.equal(api.node(node).metadata.labels?.['team'], 'shop');
});

test('an uptime that cannot be read is told, and the node is left alone', async () => {
  await using daemon = await startDaemon({
    cluster: markedByNth,
    env: { UPTIME_FROM_FILE: await uptimeFile('soon') },
  });
  await daemon.clock.advance(60_000);
  assert.ok(
    daemon.said('Cannot tell when this machine booted: it is not uncordoned until that is known').length >= 1,
  );
  assert.equal(daemon.api.node(node).spec.unschedulable, true);
});

function onePod(api: FakeApiServer): void {
  api.addNode({ name: node });
  api.addPod({ name: 'web', node, owner: 'ReplicaSet/web' });
}

for (const again of [false, true]) {
  test(`a machine that outlives its spot notice${again ? ', seen by the next process,' : ''} is unmarked`, async () => {
    await using daemon = await startDaemon({ cluster: onePod, env: { TAINT_NODE: 'true' } });
    const { api, clock, imds } = daemon;
    imds.interrupt('hibernate');
    await untilDrained(daemon);
    await clock.advance(100);
    if (again) {
      daemon.stop();
      await clock.advanceWhile(daemon.ended);
    }
    imds.clear('spot/instance-action');
    await clock.advance(10 * 60_000);
    if (again) {
      assert.equal(api.node(node).spec.unschedulable, true);
      await daemon.startAgain();
    }
    await untilSaid(daemon, unmarkedText);
    const { spec, metadata } = api.node(node);
    assert.notEqual(spec.unschedulable, true);
    assert.equal(metadata.annotations?.[state], undefined);
    assert.equal(daemon.said(unmarkedText)[0]?.['why'], 'survived');
  });
}

test('a notice that is no longer shown before its deadline is not undone', async () => {
  await using daemon = await startDaemon({ cluster: onePod });
  const { api, clock, imds } = daemon;
  imds.interrupt();
  await untilDrained(daemon);
  imds.clear('spot/instance-action');
  await clock.advance(60_000);
  assert.equal(api.node(node).spec.unschedulable, true);
});

test('a notice that is still shown after its deadline is not undone', async () => {
  await using daemon = await startDaemon({ cluster: onePod });
  const { api, clock, imds } = daemon;
  imds.interrupt();
  await clock.advance(hour);
  assert.equal(api.node(node).spec.unschedulable, true);
});

test('while the metadata service is away nothing is taken for survived', async () => {
  await using daemon = await startDaemon({ cluster: onePod });
  const { api, clock, imds } = daemon;
  imds.interrupt();
  await untilDrained(daemon);
  imds.faults.add({ kind: 'drop-before' }, {});
  await clock.advance(hour);
  assert.equal(api.node(node).spec.unschedulable, true);
});

test('with unmark-survivors off the marks are kept, which is said once', async () => {
  await using daemon = await startDaemon({ cluster: onePod, env: { NTH_UNMARK_SURVIVORS: 'false' } });
  const { api, clock, imds } = daemon;
  imds.interrupt();
  await untilDrained(daemon);
  imds.clear('spot/instance-action');
  await clock.advance(hour);
  assert.equal(api.node(node).spec.unschedulable, true);
  assert.equal(daemon.said('This machine has outlived its deadline; its marks are kept, as told').length, 1);
});

test('a withdrawn rebalance recommendation is not undone', async () => {
  await using daemon = await startDaemon({ cluster: onePod, env: { ENABLE_REBALANCE_MONITORING: 'true' } });
  const { api, clock, imds } = daemon;
  imds.recommendRebalance();
  await untilSaid(daemon, 'Node successfully cordoned');
  imds.clear('events/recommendations/rebalance');
  await clock.advance(hour);
  assert.equal(api.node(node).spec.unschedulable, true);
  assert.ok(api.pod('web'));
});

test('garbage in our annotation is survived, and a node without marks costs one read', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node, annotations: { [state]: '{"version":1,"signals":[{"id":7}]' } });
    },
  });
  const { api, clock, imds } = daemon;
  await clock.advance(hour);
  assert.deepEqual(api.requests, []);
  imds.interrupt();
  await untilDrained(daemon);
  assert.equal(
    (JSON.parse(api.node(node).metadata.annotations?.[state] ?? '') as { phase: string }).phase,
    'drained',
  );
});

for (const [action, expected] of [
  ['terminate', true],
  ['stop', false],
  ['hibernate', false],
] as const) {
  test(`enable-out-of-service-taint: after the drain for "${action}" the taint is ${expected ? '' : 'not '}there`, async () => {
    await using daemon = await startDaemon({ cluster: onePod, env: { ENABLE_OUT_OF_SERVICE_TAINT: 'true' } });
    const { api, clock, imds } = daemon;
    imds.interrupt(action);
    await untilDrained(daemon);
    await clock.advance(1000);
    const taint = api.node(node).spec.taints?.find(({ key }) => key === 'node.kubernetes.io/out-of-service');
    assert.equal(taint !== undefined, expected);
    if (taint) assert.deepEqual([taint.value, taint.effect], ['nodeshutdown', 'NoExecute']);
  });
}
