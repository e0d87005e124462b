import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { FakeClock } from '../fakes/clock.ts';
import { maintenanceEvent, scheduleMaintenance } from './maintenance.ts';
import {
  drainedText,
  evictions,
  nodeName as node,
  notDrainedText,
  startDaemon,
  startDaemonBy,
  untilDrained,
  untilSaid,
} from './running-daemon.ts';

const hourMs = 3_600_000;
const rarely = { NTH_SPOT_POLL_INTERVAL_MS: '60000', NTH_REBALANCE_POLL_INTERVAL_MS: '60000' };
const beforeStart = {
  ...rarely,
  NTH_SCHEDULED_EVENT_TIMING: 'before-start',
  NTH_SCHEDULED_EVENT_LEAD_SECONDS: '600',
};
const unmarked = 'Node uncordoned and unmarked: the interruption is over';

function onePod(api: FakeApiServer): void {
  api.addNode({ name: node });
  api.addPod({ name: 'web', node, owner: 'ReplicaSet/web', shutdownMs: 100 });
}

function heldPod(api: FakeApiServer): void {
  api.addNode({ name: node });
  api.addPod({ name: 'held', node, owner: 'ReplicaSet/held', labels: { app: 'held' } });
  api.addBudget({ name: 'held', matchLabels: { app: 'held' }, minAvailable: 1 });
}

const isMark = ({ verb, resource }: { readonly verb: string; readonly resource: string }): boolean =>
  verb === 'patch' && resource === 'nodes';

test('a drain for one event ends with it, and is not gone on with for another that has days', async () => {
  await using daemon = await startDaemon({ cluster: heldPod, env: beforeStart });
  const { api, clock, imds } = daemon;
  const first = { ...maintenanceEvent({ notBefore: clock.now() + 600_000 }), EventId: 'instance-event-aaaa' };
  const later = {
    ...maintenanceEvent({ notBefore: clock.now() + 100 * hourMs }),
    EventId: 'instance-event-bbbb',
  };
  imds.set('events/maintenance/scheduled', [first, later]);
  await untilSaid(daemon, 'Eviction refused, trying again');
  imds.set('events/maintenance/scheduled', [{ ...first, State: 'canceled' }, later]);
  await clock.advance(60_000);
  const { length } = evictions(api);
  await clock.advance(60_000);
  assert.equal(evictions(api).length, length);
  assert.equal(api.node(node).spec.unschedulable, true);
});

test('a machine that sleeps while its drain waits is drained in time all the same', async () => {
  class SleepingClock extends FakeClock {
    sleptMs = 0;
    override now(): number {
      return super.now() + this.sleptMs;
    }
  }
  await using daemon = await startDaemonBy(new SleepingClock(), { cluster: onePod, env: beforeStart });
  const { api, clock, imds } = daemon;
  const notBefore = clock.now() + 3 * hourMs;
  scheduleMaintenance(imds, { notBefore });
  await clock.advanceUntil(() => daemon.said('The drain waits for its time').length > 0);
  // Timers stand still meanwhile.
  clock.sleptMs = 2 * hourMs;
  await clock.advance(notBefore - clock.now());
  assert.equal(api.pod('web'), undefined);
});

test('a drain that is put off while it waits for its marks has its whole grace period at the new time', async () => {
  await using daemon = await startDaemon({
    cluster: onePod,
    env: {
      ...beforeStart,
      NTH_SCHEDULED_EVENT_LEAD_SECONDS: '120',
      NTH_MAINTENANCE_POLL_INTERVAL_MS: '2000',
    },
  });
  const { api, clock, imds } = daemon;
  const removeFault = api.faults.add({ kind: 'answer', code: 403 }, { when: isMark });
  scheduleMaintenance(imds, { notBefore: clock.now() + 100_000 });
  await clock.advanceUntil(() => api.pod('web') === undefined);
  await clock.advance(5_000);
  const notBefore = clock.now() + 900_000;
  scheduleMaintenance(imds, { notBefore });
  await clock.advance(10_000);
  removeFault();
  api.addPod({ name: 'late', node, owner: 'ReplicaSet/late', shutdownMs: 1_000 });
  await clock.advance(notBefore - clock.now());
  assert.equal(api.pod('late'), undefined);
  assert.equal(daemon.said(notDrainedText).length, 0);
});

test('maintenance that is called off between the end of its drain and a mark is undone, and told as such', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node });
      api.addPod({ name: 'web', node, owner: 'ReplicaSet/web', shutdownMs: 3_000 });
    },
    env: { ...rarely, NTH_MAINTENANCE_POLL_INTERVAL_MS: '500' },
  });
  const { api, clock, imds } = daemon;
  const notBefore = clock.now() + 5 * hourMs;
  const events = ['instance-event-aaaa', 'instance-event-bbbb'].map((EventId) => ({
    ...maintenanceEvent({ notBefore }),
    EventId,
  }));
  imds.set('events/maintenance/scheduled', events.slice(0, 1));
  await untilSaid(daemon, 'Requesting instance drain');
  api.faults.add({ kind: 'delay', ms: 3_500 }, { when: isMark, times: 1 });
  imds.set('events/maintenance/scheduled', events);
  await clock.advanceUntil(() => api.pod('web') === undefined);
  const canceled = events.map((event) => ({ ...event, State: 'canceled' }));
  imds.set('events/maintenance/scheduled', canceled);
  await untilSaid(daemon, unmarked);
  assert.equal(api.node(node).spec.unschedulable, undefined);
  assert.equal(daemon.said(drainedText).length, 0);
});

test('maintenance that is called off while the last word about its drain is refused stays called off', async () => {
  await using daemon = await startDaemon({
    cluster: onePod,
    env: { ...rarely, NTH_MAINTENANCE_POLL_INTERVAL_MS: '500' },
  });
  const { api, clock, imds } = daemon;
  const removeFault = api.faults.add(
    { kind: 'answer', code: 500 },
    { when: (request) => isMark(request) && daemon.said(drainedText).length > 0 },
  );
  const event = { notBefore: clock.now() + 5 * hourMs };
  scheduleMaintenance(imds, event);
  await untilDrained(daemon);
  await clock.advance(4_500);
  removeFault();
  scheduleMaintenance(imds, { ...event, state: 'canceled' });
  await clock.advance(60_000);
  assert.equal(api.node(node).spec.unschedulable, undefined);
  assert.equal(api.node(node).metadata.annotations?.['aws-node-termination-handler/state'], undefined);
});
