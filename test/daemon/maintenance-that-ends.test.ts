import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoggedRequest } from '../fakes/api-server/request-log.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { maintenanceEvent, scheduleMaintenance } from './maintenance.ts';
import {
  drainedText,
  nodeName as node,
  requestsOf,
  startDaemon,
  untilDrained,
  untilSaid,
} from './running-daemon.ts';

const env = {
  TAINT_NODE: 'true',
  EXCLUDE_FROM_LOAD_BALANCERS: 'true',
  // Hours pass here, and each look at the metadata service costs some milliseconds.
  NTH_SPOT_POLL_INTERVAL_MS: '60000',
  NTH_MAINTENANCE_POLL_INTERVAL_MS: '30000',
};
const unmarkedText = 'Node uncordoned and unmarked: the interruption is over';
const hour = 3_600_000;

function onePod(api: FakeApiServer): void {
  api.addNode({ name: node, labels: { team: 'shop' } });
  api.addPod({ name: 'web', node, owner: 'ReplicaSet/web', shutdownMs: 20_000 });
}

/** What of ours a node carries. */
function marksOn(api: FakeApiServer): string[] {
  const { metadata, spec } = api.node(node);
  const ours = [...Object.keys(metadata.labels ?? {}), ...Object.keys(metadata.annotations ?? {})].filter(
    (key) => key.startsWith('aws-node-termination-handler/') || key.includes('exclude-from'),
  );
  const taints = (spec.taints ?? []).map(({ key }) => key).filter((key) => key.startsWith('aws-'));
  return [...(spec.unschedulable === true ? ['cordon'] : []), ...taints, ...ours];
}

for (const [where, show] of [
  ['the list of scheduled events', 'events/maintenance/scheduled'],
  ['the history', 'events/maintenance/history'],
] as const) {
  for (const state of ['canceled', 'completed']) {
    test(`maintenance that is ${state}, seen in ${where}: the drained node is unmarked`, async () => {
      await using daemon = await startDaemon({ cluster: onePod, env });
      const { api, clock, imds } = daemon;
      const notBefore = clock.now() + 24 * hour;
      scheduleMaintenance(imds, { notBefore });
      await untilDrained(daemon);
      assert.ok(marksOn(api).length >= 6, marksOn(api).join());
      imds.set('events/maintenance/scheduled', []);
      imds.set(show, [maintenanceEvent({ notBefore, state })]);
      await untilSaid(daemon, unmarkedText);
      assert.deepEqual(marksOn(api), []);
      assert.equal(api.node(node).metadata.labels?.['team'], 'shop');
      const metrics = await daemon.metrics();
      assert.equal(metrics.get('actions_total{node_action="uncordon",node_status="success"}'), 1);
      const { length } = api.requests;
      await clock.advance(hour);
      assert.equal(api.requests.length, length, 'once');
    });
  }
}

test('maintenance that is cancelled in mid-drain: the drain ends, what is left stays, the node is unmarked', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      onePod(api);
      api.addPod({ name: 'held', node, owner: 'ReplicaSet/held', labels: { app: 'held' } });
      api.addBudget({ name: 'held', matchLabels: { app: 'held' }, minAvailable: 1 });
    },
    env,
  });
  const { api, clock, imds } = daemon;
  const notBefore = clock.now() + 24 * hour;
  scheduleMaintenance(imds, { notBefore });
  await untilSaid(daemon, 'Eviction refused, trying again');
  scheduleMaintenance(imds, { notBefore, state: 'canceled' });
  await untilSaid(daemon, unmarkedText);
  assert.deepEqual(marksOn(api), []);
  assert.ok(api.pod('held'));
  assert.equal(daemon.said('The drain ends, for there is no more reason for it').length, 1);
  await clock.advance(hour);
  assert.ok(api.pod('held'), 'and is not asked again');
});

test('two events that are called off one after the other while the last word about their drain is refused leave no mark', async () => {
  await using daemon = await startDaemon({
    cluster: onePod,
    env: { ...env, NTH_MAINTENANCE_POLL_INTERVAL_MS: '2000' },
  });
  const { api, clock, imds } = daemon;
  const notBefore = clock.now() + 24 * hour;
  const show = (...states: string[]): void => {
    const events = states.map((state, index) => ({
      ...maintenanceEvent({ notBefore, state }),
      EventId: `instance-event-${index}`,
    }));
    imds.set('events/maintenance/scheduled', events);
  };
  const isRefused = ({ verb, resource }: LoggedRequest): boolean =>
    verb === 'patch' && resource === 'nodes' && daemon.said(drainedText).length > 0;
  const end = api.faults.add({ kind: 'answer', code: 500 }, { when: isRefused });
  show('active', 'active');
  await clock.advanceUntil(() => daemon.said(drainedText).length > 0, { stepMs: 500 });
  show('canceled', 'active');
  await clock.advance(8_000);
  show('canceled', 'canceled');
  await clock.advance(8_500);
  // The second workflow writes first.
  end();
  await clock.advance(60_000);
  assert.deepEqual(marksOn(api), []);
});

test('with unmark-survivors off, maintenance that AWS shows as completed long after its start is undone', async () => {
  await using daemon = await startDaemon({
    cluster: onePod,
    env: { ...env, NTH_SCHEDULED_EVENT_TIMING: 'before-start', NTH_UNMARK_SURVIVORS: 'false' },
  });
  const { api, clock, imds } = daemon;
  const notBefore = clock.now() + 60_000;
  scheduleMaintenance(imds, { notBefore });
  await untilDrained(daemon);
  imds.set('events/maintenance/scheduled', []);
  await untilSaid(daemon, 'This machine has outlived its deadline; its marks are kept, as told');
  assert.equal(api.node(node).spec.unschedulable, true);
  imds.set('events/maintenance/history', [maintenanceEvent({ notBefore, state: 'completed' })]);
  await untilSaid(daemon, unmarkedText);
  assert.deepEqual(marksOn(api), []);
});

test("somebody else's cordon outlives the maintenance", async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node, unschedulable: true });
    },
    env,
  });
  const { api, clock, imds } = daemon;
  const notBefore = clock.now() + 24 * hour;
  scheduleMaintenance(imds, { notBefore });
  await untilDrained(daemon);
  assert.equal(api.node(node).metadata.labels?.['aws-node-termination-handler/action'], undefined);
  scheduleMaintenance(imds, { notBefore, state: 'canceled' });
  await untilSaid(daemon, unmarkedText);
  assert.deepEqual(marksOn(api), ['cordon']);
});

test('an end of maintenance that nobody here was marked for costs no API call', async () => {
  await using daemon = await startDaemon({ cluster: onePod, env });
  const { api, clock, imds } = daemon;
  imds.set('events/maintenance/history', [
    maintenanceEvent({ notBefore: clock.now() - hour, state: 'completed' }),
  ]);
  await clock.advance(120_000);
  assert.deepEqual(api.requests, []);
});

test('before-start: the node is marked at once, and drained its lead before the start', async () => {
  await using daemon = await startDaemon({
    cluster: onePod,
    env: { ...env, NTH_SCHEDULED_EVENT_TIMING: 'before-start', NTH_SCHEDULED_EVENT_LEAD_SECONDS: '300' },
  });
  const { api, clock, imds } = daemon;
  const notBefore = clock.now() + 2 * hour;
  scheduleMaintenance(imds, { notBefore });
  await untilSaid(daemon, 'The drain waits for its time');
  await clock.advance(hour);
  assert.equal(api.node(node).spec.unschedulable, true);
  assert.ok(api.pod('web'));
  assert.equal(requestsOf(api, 'create', 'pods').length, 0);
  await clock.advance(notBefore - clock.now() - 301_000);
  assert.ok(api.pod('web'));
  await clock.advance(30_000);
  assert.equal(api.pod('web'), undefined);
});

test('before-start: a start that is moved moves the drain, and a cancellation ends the wait', async () => {
  await using daemon = await startDaemon({
    cluster: onePod,
    env: { ...env, NTH_SCHEDULED_EVENT_TIMING: 'before-start', NTH_SCHEDULED_EVENT_LEAD_SECONDS: '300' },
  });
  const { api, clock, imds } = daemon;
  const notBefore = clock.now() + 2 * hour;
  scheduleMaintenance(imds, { notBefore });
  await untilSaid(daemon, 'The drain waits for its time');
  scheduleMaintenance(imds, { notBefore: notBefore + hour });
  await clock.advance(2 * hour);
  assert.ok(api.pod('web'), 'the earlier time no longer counts');
  scheduleMaintenance(imds, { notBefore: notBefore + hour, state: 'canceled' });
  await untilSaid(daemon, unmarkedText);
  await clock.advance(2 * hour);
  assert.ok(api.pod('web'));
  assert.deepEqual(marksOn(api), []);
});

test('before-start: a spot notice does not wait for the maintenance', async () => {
  await using daemon = await startDaemon({
    cluster: onePod,
    env: { ...env, NTH_SCHEDULED_EVENT_TIMING: 'before-start' },
  });
  const { api, clock, imds } = daemon;
  scheduleMaintenance(imds, { notBefore: clock.now() + 24 * hour });
  await untilSaid(daemon, 'The drain waits for its time');
  imds.interrupt();
  await untilDrained(daemon);
  assert.equal(api.pod('web'), undefined);
});

test('before-start: stopping does not wait for the maintenance, and the next start takes it up', async () => {
  await using daemon = await startDaemon({
    cluster: onePod,
    env: { ...env, NTH_SCHEDULED_EVENT_TIMING: 'before-start', NTH_SCHEDULED_EVENT_LEAD_SECONDS: '300' },
  });
  const { api, clock, imds } = daemon;
  const notBefore = clock.now() + 2 * hour;
  scheduleMaintenance(imds, { notBefore });
  await untilSaid(daemon, 'The drain waits for its time');
  daemon.stop();
  await clock.advanceWhile(daemon.ended, { maxMs: 5000 });
  assert.ok(api.pod('web'));
  await daemon.startAgain();
  await clock.advance(notBefore - clock.now() - 200_000);
  assert.equal(api.pod('web'), undefined);
});
