import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { NodeSeed } from '../fakes/api-server/seeds.ts';
import { eventId, maintenanceEvent, scheduleMaintenance } from './maintenance.ts';
import { nodeName as node, startDaemon, untilDrained, untilSaid } from './running-daemon.ts';

const hourMs = 3_600_000;
const unmarked = 'Node uncordoned and unmarked: the interruption is over';
const rarely = { NTH_SPOT_POLL_INTERVAL_MS: '30000', NTH_MAINTENANCE_POLL_INTERVAL_MS: '10000' };

/** A daemon on a machine that can be rebooted. */
async function onMachine(seed: Omit<NodeSeed, 'name'> = {}, env: Readonly<Record<string, string>> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'nth-uptime-'));
  const path = join(folder, 'uptime');
  const upFor = (seconds: number) => writeFile(path, `${seconds}.00 1.00\n`);
  await upFor(86_400);
  const daemon = await startDaemon({
    cluster: (api) => api.addNode({ name: node, ...seed }),
    env: { ...rarely, ...env, UPTIME_FROM_FILE: path },
  });
  return {
    daemon,
    ...daemon,
    async reboot() {
      daemon.stop();
      await daemon.clock.advanceWhile(daemon.ended);
      await daemon.clock.advance(60_000);
      await upFor(20);
      await daemon.startAgain();
    },
    async [Symbol.asyncDispose]() {
      await daemon[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

test('what NTH had marked the node for goes as a whole, also where it was taken up in mid-maintenance', async () => {
  const action = 'aws-node-termination-handler';
  const seconds = Date.parse('2030-01-01T00:00:00Z') / 1000 - 600;
  await using it = await onMachine(
    {
      unschedulable: true,
      taints: [{ key: `${action}/scheduled-maintenance`, value: eventId, effect: 'NoSchedule' }],
      labels: {
        [`${action}/action`]: 'UncordonAfterReboot',
        [`${action}/action-time`]: `${seconds}`,
        [`${action}/event-id`]: eventId,
      },
    },
    { TAINT_NODE: 'true' },
  );
  const { api, clock, daemon, imds } = it;
  scheduleMaintenance(imds, { notBefore: clock.now() + hourMs });
  await untilDrained(daemon);
  await clock.advance(hourMs);
  imds.set('events/maintenance/scheduled', []);
  await it.reboot();
  await untilSaid(daemon, unmarked);
  const { spec, metadata } = api.node(node);
  assert.equal(spec.unschedulable, undefined);
  assert.deepEqual(spec.taints ?? [], []);
  assert.deepEqual(
    Object.keys(metadata.labels ?? {}).filter((key) => key.startsWith(action)),
    [],
  );
});

test('a reboot before its time is another one: the event is still to come', async () => {
  await using it = await onMachine();
  const { api, clock, daemon, imds } = it;
  scheduleMaintenance(imds, { notBefore: clock.now() + 5 * hourMs, code: 'instance-retirement' });
  await untilDrained(daemon);
  await it.reboot();
  await untilSaid(daemon, unmarked);
  await clock.advance(30_000);
  assert.equal(api.node(node).spec.unschedulable, true);
  assert.equal(daemon.said('Requesting instance drain').length, 2);
});

test('that a node can not be unmarked after its reboot holds up no other maintenance', async () => {
  await using it = await onMachine();
  const { api, clock, daemon, imds } = it;
  const first = { ...maintenanceEvent({ notBefore: clock.now() + 30_000 }), EventId: 'instance-event-aaaa' };
  const second = { ...maintenanceEvent({ notBefore: clock.now() + hourMs }), EventId: 'instance-event-bbbb' };
  imds.set('events/maintenance/scheduled', [first]);
  await untilDrained(daemon);
  api.faults.add(
    { kind: 'answer', code: 403 },
    { when: ({ verb, resource }) => verb === 'patch' && resource === 'nodes' },
  );
  imds.set('events/maintenance/scheduled', [second]);
  await it.reboot();
  api.addPod({ name: 'web', node, owner: 'ReplicaSet/web' });
  await clock.advance(120_000);
  assert.equal(api.pod('web'), undefined);
});

for (const calledOff of ['instance-event-aaaa', 'instance-event-bbbb']) {
  test(`of two reboots ${calledOff} is called off after the drain: after the other the node is uncordoned`, async () => {
    await using it = await onMachine();
    const { api, clock, daemon, imds } = it;
    const notBefore = clock.now() + hourMs;
    const [over, left] = ['instance-event-aaaa', 'instance-event-bbbb']
      .sort((id) => (id === calledOff ? -1 : 1))
      .map((EventId) => ({ ...maintenanceEvent({ notBefore }), EventId }));
    imds.set('events/maintenance/scheduled', calledOff.endsWith('a') ? [over, left] : [left, over]);
    await untilDrained(daemon);
    await clock.advance(60_000);
    imds.set('events/maintenance/scheduled', [left]);
    imds.set('events/maintenance/history', [{ ...over, State: 'canceled' }]);
    await untilSaid(daemon, 'The interruption is over; the node stays marked for others');
    const { labels } = api.node(node).metadata;
    assert.equal(labels?.['aws-node-termination-handler/event-id'], left?.EventId);
    assert.equal(labels?.['aws-node-termination-handler/action'], 'UncordonAfterReboot');
    await clock.advance(hourMs);
    imds.set('events/maintenance/scheduled', []);
    await it.reboot();
    await untilSaid(daemon, unmarked);
    assert.equal(api.node(node).spec.unschedulable, undefined);
    assert.doesNotMatch(JSON.stringify(api.node(node).metadata.labels), /aws-node-termination-handler/);
  });
}

for (const shownForAWhile of [false, true]) {
  const suffix = shownForAWhile ? ', once AWS shows the other no more' : '';
  test(`one boot is that of two reboots of one time: the node is uncordoned after it${suffix}`, async () => {
    await using it = await onMachine();
    const { api, clock, daemon, imds } = it;
    const notBefore = clock.now() + hourMs;
    const [first, second] = ['instance-event-aaaa', 'instance-event-bbbb'].map((EventId) => ({
      ...maintenanceEvent({ notBefore }),
      EventId,
    }));
    imds.set('events/maintenance/scheduled', [first, second]);
    await untilDrained(daemon);
    await clock.advance(hourMs);
    imds.set('events/maintenance/scheduled', shownForAWhile ? [second] : []);
    await it.reboot();
    api.addPod({ name: 'web', node, owner: 'ReplicaSet/web' });
    await clock.advance(60_000);
    imds.set('events/maintenance/scheduled', []);
    await untilSaid(daemon, unmarked);
    assert.equal(api.node(node).spec.unschedulable, undefined);
    assert.doesNotMatch(JSON.stringify(api.node(node).metadata.labels), /aws-node-termination-handler/);
    assert.notEqual(api.pod('web'), undefined, 'drained once');
  });
}

test('a boot before the time of another reboot is not its own: the node stays cordoned for that one', async () => {
  await using it = await onMachine();
  const { api, clock, daemon, imds } = it;
  const first = { ...maintenanceEvent({ notBefore: clock.now() + hourMs }), EventId: 'instance-event-aaaa' };
  const second = {
    ...maintenanceEvent({ notBefore: clock.now() + 5 * hourMs }),
    EventId: 'instance-event-bbbb',
  };
  imds.set('events/maintenance/scheduled', [first, second]);
  await untilDrained(daemon);
  await clock.advance(hourMs);
  imds.set('events/maintenance/scheduled', [second]);
  await it.reboot();
  await untilSaid(daemon, 'The interruption is over; the node stays marked for others');
  await clock.advance(60_000);
  // Between its end and its boot AWS may not show it.
  imds.set('events/maintenance/scheduled', []);
  await clock.advance(60_000);
  assert.equal(daemon.said(unmarked).length, 0);
  assert.equal(api.node(node).spec.unschedulable, true);
  await it.reboot();
  await untilSaid(daemon, unmarked);
  assert.equal(api.node(node).spec.unschedulable, undefined);
});

test('cordon-only: a node that is cordoned for a reboot is uncordoned after it, as with NTH', async () => {
  await using it = await onMachine({}, { CORDON_ONLY: 'true' });
  const { api, clock, daemon, imds } = it;
  scheduleMaintenance(imds, { notBefore: clock.now() + hourMs });
  await untilSaid(daemon, 'Node successfully cordoned');
  await clock.advance(hourMs);
  imds.set('events/maintenance/scheduled', []);
  await it.reboot();
  await untilSaid(daemon, unmarked);
  assert.equal(api.node(node).spec.unschedulable, undefined);
});

test('one of two interruptions is over: the node is not said to be uncordoned', async () => {
  await using it = await onMachine(
    {},
    { ENABLE_REBALANCE_DRAINING: 'true', NTH_SPOT_POLL_INTERVAL_MS: '5000', NTH_NODE_CONDITIONS: 'true' },
  );
  const { api, clock, daemon, imds } = it;
  const maintenance = { notBefore: clock.now() + hourMs };
  imds.recommendRebalance();
  scheduleMaintenance(imds, maintenance);
  await untilDrained(daemon);
  await clock.advance(20_000);
  scheduleMaintenance(imds, { ...maintenance, state: 'canceled' });
  await untilSaid(daemon, 'The interruption is over; the node stays marked for others');
  assert.equal(daemon.said(unmarked).length, 0);
  assert.equal(api.node(node).spec.unschedulable, true);
  assert.match(JSON.stringify(api.node(node).metadata.annotations), /drained/);
});

test('an event whose id no label takes is marked for all the same', async () => {
  await using it = await onMachine({}, { TAINT_NODE: 'true' });
  const { api, clock, daemon, imds } = it;
  const event = maintenanceEvent({ notBefore: clock.now() + hourMs });
  imds.set('events/maintenance/scheduled', [{ ...event, EventId: '/instance-event/1/' }]);
  await untilDrained(daemon);
  assert.equal(api.node(node).spec.unschedulable, true);
  assert.equal(api.node(node).metadata.labels?.['aws-node-termination-handler/event-id'], 'instance-event-1');
});
