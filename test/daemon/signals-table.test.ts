import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MarkState } from '../../src/kubernetes/mark-state.ts';
import { maintenanceEvent } from './maintenance.ts';
import { evictions, nodeName as node, startDaemon, type RunningDaemon } from './running-daemon.ts';

const hour = 3_600_000;
const day = 24 * hour;
/** CI plays a year. */
const days = Number(process.env['POLLED_DAYS'] ?? 28);
/** Where a poll each ten minutes is the rarest that there is. */
const fewerDays = 4;

/** A year of seconds would take minutes to play; what grows with the polls grows with these as well. */
const slowPolls = {
  NTH_REBALANCE_POLL_INTERVAL_MS: '600000',
  NTH_MAINTENANCE_POLL_INTERVAL_MS: '3600000',
  // Nothing else is read.
  ENABLE_SPOT_INTERRUPTION_DRAINING: 'false',
  ENABLE_SCHEDULED_EVENT_DRAINING: 'false',
};

function startOnOneNode(env: Readonly<Record<string, string>>): Promise<RunningDaemon> {
  return startDaemon({
    cluster: (api) => {
      api.addNode({ name: node });
      api.addPod({ name: 'web', node, owner: 'ReplicaSet/web' });
    },
    env: { ...slowPolls, TAINT_NODE: 'true', ...env },
  });
}

/** What a day costs: API calls and lines of the log. */
function costsOf({ api, log }: RunningDaemon, before = { calls: 0, lines: 0 }) {
  return { calls: api.requests.length - before.calls, lines: log.length - before.lines };
}

function signalsOf({ api }: RunningDaemon): MarkState['signals'] {
  const text = api.node(node).metadata.annotations?.['aws-node-termination-handler/state'];
  return text === undefined ? [] : (JSON.parse(text) as MarkState).signals;
}

test('maintenance each week that is cancelled: every week costs the same, and nothing is left', async () => {
  await using daemon = await startOnOneNode({ ENABLE_SCHEDULED_EVENT_DRAINING: 'true' });
  const { api, clock, imds } = daemon;
  const history: object[] = [];
  const costs: { calls: number; lines: number }[] = [];
  for (let week = 0; week < days / 7; week += 1) {
    const before = { calls: api.requests.length, lines: daemon.log.length };
    const notBefore = clock.now() + 14 * day;
    const event = { ...maintenanceEvent({ notBefore }), EventId: `instance-event-${week}` };
    imds.set('events/maintenance/scheduled', [event]);
    await clock.advance(2 * hour);
    assert.deepEqual(
      signalsOf(daemon).map(({ id }) => id),
      [event.EventId],
    );
    history.push({ ...event, State: 'canceled' });
    imds.set('events/maintenance/scheduled', []);
    imds.set('events/maintenance/history', history);
    await clock.advance(7 * day - 2 * hour);
    assert.notEqual(api.node(node).spec.unschedulable, true);
    assert.deepEqual(signalsOf(daemon), []);
    costs.push(costsOf(daemon, before));
  }
  // The first has a pod to evict, and the instance's identity to tell.
  const [, second, ...others] = costs;
  for (const cost of others) assert.deepEqual(cost, second);
  assert.equal(evictions(api).length, 1);
});

test('a recommendation that stays, its time moving each day: one signal, one drain, no further call', async () => {
  await using daemon = await startOnOneNode({ ENABLE_REBALANCE_DRAINING: 'true' });
  const { clock, imds } = daemon;
  imds.recommendRebalance();
  await clock.advance(day);
  const after = { calls: daemon.api.requests.length, lines: daemon.log.length };
  const first = signalsOf(daemon);
  assert.equal(first.length, 1);
  for (let passed = 1; passed < fewerDays; passed += 1) {
    imds.recommendRebalance();
    await clock.advance(day);
  }
  assert.deepEqual(costsOf(daemon, after), { calls: 0, lines: 0 });
  assert.deepEqual(signalsOf(daemon), first);
  const metrics = await daemon.metrics();
  assert.equal(metrics.get('nth_interruptions_total{kind="REBALANCE_RECOMMENDATION",source="imds"}'), 1);
});

test('days without a signal: not one API call, not one line', async () => {
  await using daemon = await startOnOneNode({
    ENABLE_REBALANCE_DRAINING: 'true',
    ENABLE_SCHEDULED_EVENT_DRAINING: 'true',
  });
  const { clock } = daemon;
  await clock.advance(day);
  const after = { calls: daemon.api.requests.length, lines: daemon.log.length };
  await clock.advance(fewerDays * day);
  assert.deepEqual(costsOf(daemon, after), { calls: 0, lines: 0 });
  assert.deepEqual(daemon.api.requests, []);
});

const kinds = ['reboot', 'rebalance'] as const;
for (const order of [kinds, kinds.toReversed()]) {
  test(`maintenance and a recommendation in one second (${order.join(', then ')}): one drain, and the cancelled one's marks go`, async () => {
    await using daemon = await startOnOneNode({
      ENABLE_SCHEDULED_EVENT_DRAINING: 'true',
      ENABLE_REBALANCE_DRAINING: 'true',
      NTH_REBALANCE_POLL_INTERVAL_MS: '1000',
      NTH_MAINTENANCE_POLL_INTERVAL_MS: '1000',
    });
    const { api, clock, imds } = daemon;
    const event = maintenanceEvent({ notBefore: clock.now() + 14 * day });
    for (const kind of order) {
      if (kind === 'rebalance') imds.recommendRebalance();
      else imds.set('events/maintenance/scheduled', [event]);
      await clock.advance(500);
    }
    await clock.advance(20_000);
    assert.equal(evictions(api).length, 1);
    assert.equal(daemon.said('Requesting instance drain').length, 1);
    imds.set('events/maintenance/scheduled', [{ ...event, State: 'canceled' }]);
    await clock.advance(10_000);
    const ours = (api.node(node).spec.taints ?? []).filter(({ key }) => key.startsWith('aws-'));
    assert.deepEqual(
      ours.map(({ key }) => key),
      ['aws-node-termination-handler/rebalance-recommendation'],
    );
    assert.equal(api.node(node).spec.unschedulable, true);
    assert.deepEqual(
      signalsOf(daemon).map(({ kind }) => kind),
      ['REBALANCE_RECOMMENDATION'],
    );
  });
}
