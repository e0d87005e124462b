import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writesTo } from '../fakes/api-server/admission.ts';
import { pods } from '../fakes/api-server/resources.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';
import {
  drainedText,
  evictions,
  nodeName as node,
  notDrainedText,
  requestsOf,
  startDaemon,
  untilDrained,
  type RunningDaemon,
} from './running-daemon.ts';

const refused = 'Eviction refused, trying again';

/** Two of `web` here and one elsewhere, guarded; `free` is not. */
function guarded(api: FakeApiServer): void {
  api.addNode({ name: node });
  for (const name of ['web-0', 'web-1']) {
    api.addPod({ name, node, owner: 'ReplicaSet/web', labels: { app: 'web' } });
  }
  api.addPod({ name: 'free', node, owner: 'ReplicaSet/free' });
}

function times(api: FakeApiServer, pod: string): number[] {
  const [first] = evictions(api);
  return evictions(api, pod).map(({ at }) => at - (first?.at ?? 0));
}

function removePod(api: FakeApiServer, name: string): void {
  const pod = api.pod(name);
  if (pod) api.cluster.store.remove(pods, pod);
}

async function interrupted(
  cluster: (api: FakeApiServer) => void,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningDaemon> {
  const daemon = await startDaemon({ cluster, env });
  daemon.imds.interrupt();
  return daemon;
}

test('a budget holds its own pods only, which are asked again with growing pauses', async () => {
  await using daemon = await interrupted((api) => {
    guarded(api);
    api.addBudget({ name: 'web', matchLabels: { app: 'web' }, minAvailable: 2 });
  });
  const { api, clock } = daemon;
  await clock.advance(15_000);
  assert.equal(api.pod('free'), undefined);
  assert.ok(api.pod('web-0') && api.pod('web-1'));
  const asked = times(api, 'web-0');
  assert.ok(asked.length >= 6 && asked.length <= 10, `asked at ${asked.join(', ')}`);
  const [record] = daemon.said(refused);
  assert.equal(record?.['cause'], 'budget');
  assert.equal(daemon.said(refused).length, 1, 'once a cause');

  // Room is made elsewhere: now both may go.
  for (const name of ['web-2', 'web-3']) {
    api.addPod({ name, node: 'node-b', owner: 'ReplicaSet/web', labels: { app: 'web' } });
  }
  await untilDrained(daemon);
  assert.equal(api.pods(node).length, 0);
  const metrics = await daemon.metrics();
  assert.ok((metrics.get('nth_evictions_refused_total{cause="budget"}') ?? 0) >= 12);
});

test("a new budget's Retry-After pauses nobody, not even its own pod", async () => {
  await using daemon = await interrupted((api) => {
    guarded(api);
    api.addBudget({ name: 'web', matchLabels: { app: 'web' }, minAvailable: 0, observed: false });
  });
  const { api, clock } = daemon;
  await clock.advanceUntil(() => api.pod('free') === undefined);
  assert.ok(clock.now() - (evictions(api)[0]?.at ?? 0) < 2000);
  api.cluster.budgetController.resume('default', 'web');
  await untilDrained(daemon);
  const [first = 0, last = 0] = [times(api, 'web-0')[0], times(api, 'web-0').at(-1)];
  assert.ok(last - first < 10_000);
});

test('an overloaded server pauses everything for the time that it asks for', async () => {
  await using daemon = await interrupted((api) => {
    guarded(api);
    api.overload(7, { when: ({ subresource }) => subresource === 'eviction', times: 1 });
  });
  const { api } = daemon;
  await untilDrained(daemon);
  const pushedBackAt = evictions(api).find(({ code }) => code === 429)?.at ?? 0;
  const during = api.requests.filter(({ at }) => at > pushedBackAt && at < pushedBackAt + 7000);
  assert.deepEqual(during, []);
  assert.ok(api.requests.some(({ at }) => at >= pushedBackAt + 7000));
});

test('a mark waits too while the server is overloaded, but never for minutes', async () => {
  await using daemon = await startDaemon({
    cluster: guarded,
  });
  daemon.api.overload(3600, { times: 1 });
  daemon.imds.interrupt();
  await untilDrained(daemon);
  const [first, second] = daemon.api.requests;
  const pauseMs = (second?.at ?? 0) - (first?.at ?? 0);
  assert.ok(pauseMs >= 5000 && pauseMs <= 15_000, `${pauseMs} ms`);
});

test('a pod with two budgets is asked until its latest instant, then deleted with its whole grace', async () => {
  await using daemon = await interrupted((api) => {
    guarded(api);
    for (const name of ['one', 'two']) api.addBudget({ name, matchLabels: { app: 'web' }, minAvailable: 0 });
  });
  const { api } = daemon;
  await untilDrained(daemon);
  const deletions = api.requests.filter(({ verb, resource }) => verb === 'delete' && resource === 'pods');
  assert.deepEqual(deletions.map(({ name }) => name).sort(), ['web-0', 'web-1']);
  const conditions = api.requests.filter(
    ({ verb, subresource }) => verb === 'patch' && subresource === 'status',
  );
  assert.equal(conditions.length, 2, 'each with the condition that an eviction would have set');
  assert.deepEqual(daemon.said(drainedText)[0]?.['pods'], { deleted: 2, evicted: 1 });
});

test('with drain-escalation evict a pod with two budgets is never deleted, and the report names both', async () => {
  await using daemon = await interrupted(
    (api) => {
      guarded(api);
      for (const name of ['one', 'two'])
        api.addBudget({ name, matchLabels: { app: 'web' }, minAvailable: 0 });
    },
    { NTH_DRAIN_ESCALATION: 'evict' },
  );
  const { clock, api } = daemon;
  await clock.advanceUntil(() => daemon.said(notDrainedText).length > 0);
  assert.equal(api.pod('free'), undefined);
  assert.deepEqual(daemon.said(notDrainedText)[0]?.['left_behind'], [
    '2 pods held by 2 disruption budgets at once (default/one, default/two), which Kubernetes does not support (default/web-0, default/web-1)',
  ]);
});

test('the budget is gone, one of two: the pod leaves at the next try', async () => {
  await using daemon = await interrupted((api) => {
    guarded(api);
    api.faults.add(
      {
        kind: 'answer',
        code: 500,
        body: '{"kind":"Status","code":500,"message":"This pod has more than one PodDisruptionBudget"}',
      },
      { when: ({ subresource, name }) => subresource === 'eviction' && name === 'web-0', times: 2 },
    );
  });
  await untilDrained(daemon);
  assert.equal(times(daemon.api, 'web-0').length, 3);
});

test('a namespace that is being deleted is a cause of its own', async () => {
  await using daemon = await interrupted((api) => {
    guarded(api);
    api.terminateNamespace('default');
  });
  const { api, clock } = daemon;
  await clock.advance(3000);
  assert.equal(daemon.said(refused)[0]?.['cause'], 'namespace-terminating');
  // The namespace controller deletes the pods; the drain sees them go.
  for (const { metadata } of api.pods(node)) removePod(api, metadata.name);
  await untilDrained(daemon);
  assert.deepEqual(daemon.said(drainedText)[0]?.['pods'], { left: 3 });
});

test('what an admission webhook denies is told by its words, and goes once it relents', async () => {
  await using daemon = await startDaemon({ cluster: guarded });
  const { api, clock, imds } = daemon;
  const relent = api.admission.deny({
    when: (request) => writesTo('pods/eviction')(request) && request.name === 'web-0',
    message: 'a backup is running',
  });
  imds.interrupt();
  await clock.advance(5000);
  assert.deepEqual(
    api.pods(node).map(({ metadata }) => metadata.name),
    ['web-0'],
  );
  const [record] = daemon.said(refused);
  assert.equal(record?.['cause'], 'denied');
  assert.match(String(record['text']), /guard\.example\.com.*a backup is running/);
  relent();
  await untilDrained(daemon);
});

test('the missing right to evict is told by the words of the server', async () => {
  await using daemon = await interrupted((api) => {
    guarded(api);
    api.access.grant(api.adminToken, {
      name: 'nth',
      rules: [{ apiGroups: [''], resources: ['nodes', 'pods'], verbs: ['get', 'list', 'watch', 'patch'] }],
    });
  });
  await daemon.clock.advance(5000);
  const [record] = daemon.said(refused);
  assert.equal(record?.['cause'], 'denied');
  assert.match(String(record['text']), /User "nth" cannot create resource "pods\/eviction"/);
});

test('a pod that is gone before it is asked is not waited for', async () => {
  await using daemon = await startDaemon({ cluster: guarded });
  const { api, imds } = daemon;
  api.watches.silence();
  // Between the list and the eviction.
  api.faults.add(
    { kind: 'delay', ms: 1 },
    {
      when: ({ subresource, name }) => {
        if (subresource === 'eviction' && name === 'web-0') removePod(api, 'web-0');
        return false;
      },
    },
  );
  api.faults.add({ kind: 'drop-before' }, { when: ({ verb }) => verb === 'watch', times: 1 });
  imds.interrupt();
  await daemon.clock.advanceUntil(() => evictions(api, 'web-0').some(({ code }) => code === 404));
  assert.equal(times(api, 'web-0').length, 1);
  api.watches.speak();
  await untilDrained(daemon);
  assert.equal(times(api, 'web-0').length, 1);
  assert.deepEqual(daemon.said(drainedText)[0]?.['pods'], { left: 1, evicted: 2 });
});

test('a successor under the same name is another pod: looked at after a 409, never asked', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node });
      api.addNode({ name: 'node-b' });
      api.addPod({ name: 'db-0', node, owner: 'StatefulSet/db', labels: { app: 'db' } });
      api.addPod({ name: 'db-1', node: 'node-b', owner: 'StatefulSet/db', labels: { app: 'db' } });
      api.addBudget({ name: 'db', matchLabels: { app: 'db' }, minAvailable: 1 });
    },
  });
  const { api, imds, clock } = daemon;
  // The watch is late: only the answer to the eviction tells.
  api.watches.silence();
  api.faults.add(
    { kind: 'delay', ms: 1 },
    {
      when: ({ subresource }) => {
        if (subresource === 'eviction' && api.pod('db-0')?.spec.nodeName === node) {
          removePod(api, 'db-0');
          api.addPod({ name: 'db-0', node: 'node-b', owner: 'StatefulSet/db', labels: { app: 'db' } });
        }
        return false;
      },
    },
  );
  imds.interrupt();
  await untilDrained(daemon);
  await clock.advance(10_000);
  assert.equal(api.pod('db-0')?.spec.nodeName, 'node-b');
  assert.equal(api.pod('db-0')?.metadata.deletionTimestamp, undefined);
  // Each wrong UID may cost the successor's budget a disruption.
  assert.deepEqual(
    evictions(api, 'db-0').map(({ code }) => code),
    [409],
  );
  assert.equal(requestsOf(api, 'get', 'pods').length, 1);
});

test('a burst of 5xx and lost connections costs tries, not pods', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node });
      for (let index = 0; index < 12; index += 1)
        api.addPod({ name: `web-${index}`, node, owner: 'ReplicaSet/web' });
    },
  });
  const { api, imds } = daemon;
  const when = ({ subresource }: { subresource: string }) => subresource === 'eviction';
  api.faults.add({ kind: 'answer', code: 503, body: 'upstream connect error' }, { when, times: 5 });
  api.faults.add({ kind: 'answer', code: 504 }, { when, times: 5 });
  api.faults.add({ kind: 'drop-before' }, { when, times: 5 });
  api.faults.add({ kind: 'truncate' }, { when, times: 5 });
  imds.interrupt();
  await untilDrained(daemon);
  assert.equal(api.pods(node).length, 0);
  assert.deepEqual(daemon.said(drainedText)[0]?.['pods'], { evicted: 12 });
});

test('an eviction whose answer was lost counts as ours, and is not asked again', async () => {
  await using daemon = await startDaemon({ cluster: guarded });
  const { api, imds } = daemon;
  api.faults.add({ kind: 'drop-after' }, { when: ({ subresource }) => subresource === 'eviction', times: 3 });
  imds.interrupt();
  await untilDrained(daemon);
  assert.equal(evictions(api).length, 3);
  assert.deepEqual(daemon.said(drainedText)[0]?.['pods'], { evicted: 3 });
  const metrics = await daemon.metrics();
  assert.equal(metrics.get('nth_notice_to_last_pod_asked_seconds_count'), 1);
});
