import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { nodes } from '../fakes/api-server/resources.ts';
import { spotWarning } from '../sources/sqs/messages.ts';
import { startQueueDaemon } from './queue-scene.ts';
import {
  drainedText,
  nodeName as node,
  rarePolls,
  requestsOf,
  startDaemon,
  untilSaid,
} from './running-daemon.ts';

const env = { NTH_NODE_CONDITIONS: 'true', ...rarePolls };

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

function conditions(api: FakeApiServer): Condition[] {
  return api.node(node).status.conditions ?? [];
}

/** `DrainInProgress=True SPOT_ITN`, without the kubelet's. */
function shown(api: FakeApiServer): string[] {
  return conditions(api)
    .filter(({ type }) => type !== 'Ready' && type !== 'MemoryPressure')
    .map(({ type, status, reason }) => `${type}=${status} ${reason}`)
    .sort();
}

/** Sets a condition of the node past the daemon. */
function addCondition(api: FakeApiServer, condition: Condition): void {
  const { store } = api.cluster;
  const object = store.get(nodes, node);
  const added = [...conditions(api), condition] as typeof object.status.conditions;
  store.update(nodes, { ...object, status: { ...object.status, conditions: added ?? [] } });
}

/** All but the evictions, in their order: `patch nodes/status`. */
function otherRequests({ requests }: FakeApiServer): string[] {
  return requests
    .filter(({ subresource }) => subresource !== 'eviction')
    .map(({ verb, resource, subresource }) => `${verb} ${[resource, subresource].filter(Boolean).join('/')}`);
}

/** The conditions that each PATCH of the Node's status names. */
function written(api: FakeApiServer): string[][] {
  return requestsOf(api, 'patch', 'nodes')
    .filter(({ subresource }) => subresource === 'status')
    .map(({ body }) => {
      const { status } = JSON.parse(body) as { status: { conditions: Condition[] } };
      return status.conditions.map((it) => `${it.type}=${it.status}`);
    });
}

/** The mark and the beginning of the drain are one, its end is another. */
const twoWrites = [
  ['MaintenancePlanned=True', 'DrainInProgress=True', 'Drained=False'],
  ['DrainInProgress=False', 'Drained=True', 'MaintenanceInProgress=True'],
];

const kubelets = ['MemoryPressure', 'Ready'];

function oneSlowPod(api: FakeApiServer): void {
  api.addNode({ name: node });
  api.addPod({ name: 'web-0', node, owner: 'ReplicaSet/web', shutdownMs: 20_000, graceSeconds: 60 });
}

test('the conditions tell of a drain as it goes, beside those of the kubelet', async () => {
  await using daemon = await startDaemon({ cluster: oneSlowPod, env });
  const { api, clock, imds } = daemon;
  const types = () => conditions(api).map(({ type }) => type);
  assert.deepEqual(types().sort(), kubelets);
  imds.interrupt();
  await untilSaid(daemon, 'Requesting instance drain');
  await clock.advance(1_000);
  assert.deepEqual(shown(api), [
    'DrainInProgress=True SPOT_ITN',
    'Drained=False SPOT_ITN',
    'MaintenancePlanned=True SPOT_ITN',
  ]);
  const planned = conditions(api).find(({ type }) => type === 'MaintenancePlanned');
  assert.match(planned?.message ?? '', /^The machine ends at 2030-01-01T00:02:\S+Z: Spot ITN received\./);
  await untilSaid(daemon, drainedText);
  await clock.advance(1_000);
  assert.deepEqual(shown(api), [
    'DrainInProgress=False SPOT_ITN',
    'Drained=True SPOT_ITN',
    'MaintenanceInProgress=True SPOT_ITN',
    'MaintenancePlanned=True SPOT_ITN',
  ]);
  assert.equal(
    conditions(api).find(({ type }) => type === 'MaintenancePlanned')?.lastTransitionTime,
    planned?.lastTransitionTime,
  );
  assert.ok(kubelets.every((type) => types().includes(type)));
});

test('a drain takes two PATCHes of the status, and the Node is read for each mark that is not soon after another', async () => {
  await using daemon = await startDaemon({ cluster: oneSlowPod, env });
  const { api, clock, imds } = daemon;
  imds.interrupt();
  await untilSaid(daemon, drainedText);
  await clock.advance(1_000);
  assert.deepEqual(otherRequests(api), [
    'get nodes',
    'patch nodes',
    'list pods',
    'watch pods',
    'patch nodes/status',
    'get nodes',
    'patch nodes',
    'patch nodes/status',
  ]);
  assert.deepEqual(written(api), twoWrites);
});

test('in queue mode, where the nodes are known, the Node is not read at all', async () => {
  await using run = await startQueueDaemon({ env });
  const { api, clock, sqs } = run;
  sqs.send(spotWarning('i-1'));
  await clock.advanceUntil(() => sqs.size === 0);
  await clock.advance(1_000);
  const ofNodes = otherRequests(api).filter((it) => /^(?:get|patch) nodes/.test(it));
  assert.deepEqual(ofNodes, ['patch nodes', 'patch nodes/status', 'patch nodes', 'patch nodes/status']);
  assert.deepEqual(written(api), twoWrites);
});

test('a drain that is over in a moment is told in one write', async () => {
  await using daemon = await startDaemon({ env });
  const { api, clock, imds } = daemon;
  imds.interrupt();
  await untilSaid(daemon, drainedText);
  await clock.advance(1_000);
  assert.deepEqual(written(api), [
    ['MaintenancePlanned=True', 'DrainInProgress=False', 'Drained=True', 'MaintenanceInProgress=True'],
  ]);
});

test('a restart in mid-drain goes on with what the Node shows', async () => {
  await using daemon = await startDaemon({ cluster: oneSlowPod, env });
  const { api, clock, imds } = daemon;
  imds.interrupt();
  await untilSaid(daemon, 'Requesting instance drain');
  await clock.advance(1_000);
  assert.equal(written(api).length, 1);
  api.requests.splice(0);
  daemon.kill();
  await daemon.startAgain();
  await untilSaid(daemon, drainedText);
  await clock.advance(1_000);
  assert.equal(requestsOf(api, 'get', 'nodes').length, 2, 'for each mark');
  assert.deepEqual(written(api), twoWrites.slice(1));
});

test('they go with the marks, and one that somebody else has set stays as it is', async () => {
  const theirs = { type: 'MaintenancePlanned', status: 'True', reason: 'Firmware', message: 'on Monday' };
  await using daemon = await startDaemon({
    cluster: (api) => {
      oneSlowPod(api);
      addCondition(api, theirs);
    },
    env: { ...env, ENABLE_SPOT_INTERRUPTION_DRAINING: 'false' },
  });
  const { api, clock, imds } = daemon;
  const event = { EventId: 'event-1', Code: 'system-maintenance', Description: 'x', NotBefore: 'soon' };
  imds.set('events/maintenance/scheduled', [{ ...event, State: 'active' }]);
  await untilSaid(daemon, drainedText);
  await clock.advance(1_000);
  assert.deepEqual(shown(api), [
    'DrainInProgress=False SCHEDULED_EVENT',
    'Drained=True SCHEDULED_EVENT',
    'MaintenanceInProgress=True SCHEDULED_EVENT',
    'MaintenancePlanned=True Firmware',
  ]);
  imds.set('events/maintenance/scheduled', [{ ...event, State: 'canceled' }]);
  await untilSaid(daemon, 'Node uncordoned and unmarked: the interruption is over');
  await clock.advance(1_000);
  assert.deepEqual(shown(api), ['MaintenancePlanned=True Firmware']);
});

test('a restart takes away what an earlier process could not, when it had taken off the marks', async () => {
  await using daemon = await startDaemon({ cluster: oneSlowPod, env });
  const { api, clock } = daemon;
  const left = { type: 'Drained', status: 'True', reason: 'SCHEDULED_EVENT', message: 'left over' };
  addCondition(api, left);
  await daemon.startAgain();
  await clock.advance(1_000);
  assert.deepEqual(shown(api), []);
});

test('without the right to patch nodes/status it says so once, and drains', async () => {
  await using daemon = await startDaemon({ cluster: oneSlowPod, env });
  const { api, clock, imds } = daemon;
  const rules = [
    { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'patch'] },
    { apiGroups: [''], resources: ['pods', 'pods/eviction'], verbs: ['list', 'watch', 'create'] },
    { apiGroups: ['apps'], resources: ['daemonsets'], verbs: ['get'] },
  ];
  api.access.grant(api.adminToken, { rules });
  imds.interrupt();
  await untilSaid(daemon, drainedText);
  await clock.advance(30_000);
  assert.deepEqual(shown(api), []);
  assert.equal(api.requests.filter(({ subresource }) => subresource === 'status').length, 1);
  const text =
    'Cannot write the conditions of the node, the work goes on without: add the verb "patch" on "nodes/status" to the ClusterRole';
  assert.equal(daemon.said(text).length, 1);
});

test('where the option is off, or in a dry run, nothing is written', async () => {
  for (const more of [{ NTH_NODE_CONDITIONS: 'false' }, { DRY_RUN: 'true' }]) {
    await using daemon = await startDaemon({ cluster: oneSlowPod, env: { ...env, ...more } });
    daemon.imds.interrupt();
    await daemon.clock.advance(60_000);
    assert.deepEqual(shown(daemon.api), []);
    assert.equal(
      requestsOf(daemon.api, 'patch', 'nodes').filter((it) => it.subresource === 'status').length,
      0,
    );
  }
});
