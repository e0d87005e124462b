import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writesTo } from '../fakes/api-server/admission.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';
import type { Effect } from '../fakes/faults.ts';
import {
  drainedText,
  evictions,
  nodeName as node,
  notDrainedText,
  rarePolls,
  requestsOf,
  startDaemon,
  untilDrained,
  untilSaid,
} from './running-daemon.ts';

const cannotMark = 'Cannot mark the node, trying again';
const noSuchNode =
  'Cannot mark the node, trying again: there is no Node of this name; node-name must be what "kubectl get nodes" shows';

function twoPods(api: FakeApiServer): void {
  api.addNode({ name: node });
  for (const name of ['web-0', 'web-1']) api.addPod({ name, node, owner: 'ReplicaSet/web' });
}

const conflict: Effect = {
  kind: 'answer',
  code: 409,
  body: '{"kind":"Status","code":409,"reason":"Conflict","message":"the object has been modified"}',
};
const forbidden: Effect = {
  kind: 'answer',
  code: 403,
  body: '{"kind":"Status","code":403,"reason":"Forbidden","message":"nodes is forbidden"}',
};
const troubles: readonly (readonly [string, Effect])[] = [
  ['403', forbidden],
  ['500', { kind: 'answer', code: 500, body: 'boom' }],
  ['409', conflict],
  ['lost connections', { kind: 'drop-before' }],
  ['no answer', { kind: 'hang' }],
];

for (const [name, effect] of troubles) {
  test(`a mark that meets ${name} holds the drain up for no more than 3 s, and hammers nobody`, async () => {
    await using daemon = await startDaemon({ cluster: twoPods });
    const { api, clock, imds } = daemon;
    api.faults.add(effect, { when: ({ verb }) => verb === 'patch' });
    imds.interrupt();
    await clock.advanceUntil(() => api.requests.length > 0);
    const noticedAt = clock.now();
    await clock.advanceUntil(() => api.pods(node).length === 0);
    assert.ok((evictions(api)[0]?.at ?? Infinity) - noticedAt <= 3100);
    await clock.advance(20_000);
    const patches = requestsOf(api, 'patch', 'nodes').length;
    assert.ok(patches <= 60, `${patches} patches in 25 s`);
    assert.ok(daemon.said(cannotMark).length <= 1);
    // Nobody may call a node drained on which pods can still land.
    assert.deepEqual(daemon.said(drainedText), []);
    api.faults.clear();
    await untilDrained(daemon);
    assert.equal(api.node(node).spec.unschedulable, true);
    assert.deepEqual(daemon.said(drainedText)[0]?.['pods'], { evicted: 2 });
  });
}

test('what keeps the mark off is told once, counted, and in the report of the drain', async () => {
  await using daemon = await startDaemon({ cluster: twoPods, env: rarePolls });
  const { api, imds } = daemon;
  api.admission.deny({ when: writesTo('nodes'), message: 'nodes are frozen' });
  imds.interrupt();
  await untilSaid(daemon, notDrainedText);
  const [told] = daemon.said(cannotMark);
  assert.match(told?.error ?? '', /nodes are frozen/);
  assert.equal(daemon.said(cannotMark).length, 1);
  assert.match(String(daemon.said(notDrainedText)[0]?.['left_behind']), /not marked.*nodes are frozen/);
  const metrics = await daemon.metrics();
  assert.ok((metrics.get('actions_total{node_action="pre-drain",node_status="error"}') ?? 0) > 5);
  assert.equal(metrics.get('actions_total{node_action="cordon-and-drain",node_status="error"}'), 1);
});

test('a few writes that cross ours cost a few tries, not the mark', async () => {
  await using daemon = await startDaemon({ cluster: twoPods });
  daemon.api.faults.add(conflict, { when: ({ verb }) => verb === 'patch', times: 3 });
  daemon.imds.interrupt();
  await untilDrained(daemon);
  assert.deepEqual(daemon.said(cannotMark), []);
  assert.equal(daemon.api.node(node).spec.unschedulable, true);
});

test('a node that is not there is never called drained: told by its name, looked for until the end', async () => {
  await using daemon = await startDaemon({ cluster: () => undefined, env: rarePolls });
  const { api, clock, imds } = daemon;
  imds.interrupt();
  await clock.advance(60_000);
  assert.deepEqual(daemon.said(drainedText), []);
  assert.equal(daemon.said(noSuchNode).length, 1);
  assert.equal(daemon.said(noSuchNode)[0]?.['looked_for'], node);
  assert.equal(daemon.said(noSuchNode)[0]?.level, 'error');
  assert.ok(api.requests.length < 30, `${api.requests.length} API calls`);
  await untilSaid(daemon, notDrainedText);
  assert.match(
    String(daemon.said(notDrainedText)[0]?.['left_behind']),
    /there is no Node of the name "node-a"/,
  );
});

test('a node that registers late is marked and drained', async () => {
  await using daemon = await startDaemon({ cluster: () => undefined, env: rarePolls });
  const { api, clock, imds } = daemon;
  imds.interrupt();
  await clock.advance(30_000);
  twoPods(api);
  await untilDrained(daemon);
  assert.equal(api.node(node).spec.unschedulable, true);
  assert.deepEqual(api.pods(node), []);
  assert.equal(daemon.said(drainedText).length, 1);
});

test('a page of a proxy that says 404 is not taken for a missing node', async () => {
  await using daemon = await startDaemon({ cluster: twoPods });
  const { api, clock, imds } = daemon;
  api.faults.add(
    { kind: 'answer', code: 404, body: '404 page not found\n' },
    { when: ({ resource }) => resource === 'nodes', times: 1 },
  );
  imds.interrupt();
  await clock.advance(2000);
  assert.deepEqual(daemon.said(noSuchNode), []);
  assert.match(daemon.said(cannotMark)[0]?.error ?? '', /404 page not found/);
  await untilDrained(daemon);
});

test('cordon-only: a mark that fails is tried until it holds, and counted as a failed cordon', async () => {
  await using daemon = await startDaemon({ cluster: twoPods, env: { ...rarePolls, CORDON_ONLY: 'true' } });
  const { api, clock, imds } = daemon;
  api.faults.add(forbidden, { when: ({ verb }) => verb === 'patch' });
  imds.interrupt();
  await clock.advance(30_000);
  api.faults.clear();
  await untilSaid(daemon, 'Node successfully cordoned');
  assert.equal(api.node(node).spec.unschedulable, true);
  assert.equal(api.pods(node).length, 2);
  const metrics = await daemon.metrics();
  assert.ok((metrics.get('actions_total{node_action="cordon",node_status="error"}') ?? 0) > 3);
  assert.equal(metrics.get('actions_total{node_action="cordon",node_status="success"}'), 1);
});

test("cordon-only: a mark that fails until the machine's end is reported and let go", async () => {
  await using daemon = await startDaemon({ cluster: twoPods, env: { ...rarePolls, CORDON_ONLY: 'true' } });
  const { api, clock, imds } = daemon;
  api.faults.add(forbidden, { when: ({ verb }) => verb === 'patch' });
  imds.interrupt();
  await clock.advance(180_000);
  assert.equal(daemon.said('There was a problem while trying to cordon the node').length, 1);
  const { length } = api.requests;
  await clock.advance(60_000);
  assert.equal(api.requests.length, length);
});
