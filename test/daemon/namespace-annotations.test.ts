import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nthRules } from '../fakes/api-server/access.ts';
import type { LoggedRequest } from '../fakes/api-server/request-log.ts';
import { pods } from '../fakes/api-server/resources.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { nodeName as node, requestsOf, startDaemon, untilDrained } from './running-daemon.ts';

const drain = 'aws-node-termination-handler/drain';

function cluster(api: FakeApiServer): void {
  api.addNode({ name: node });
  api.cluster.seeding.namespace('batch', { [drain]: 'skip' });
  api.addPod({ name: 'report', namespace: 'batch', node });
  api.addPod({ name: 'import', namespace: 'batch', node, annotations: { [drain]: 'last' } });
  api.addPod({ name: 'web', node, owner: 'ReplicaSet/web' });
}

test('what a namespace asks holds for its pods, and their own annotations win', async () => {
  await using daemon = await startDaemon({ cluster, env: { NTH_READ_NAMESPACE_ANNOTATIONS: 'true' } });
  const { api, imds } = daemon;
  imds.interrupt();
  await untilDrained(daemon);
  assert.deepEqual(
    api.pods(node).map(({ metadata }) => metadata.name),
    ['report'],
  );
  assert.equal(requestsOf(api, 'get', 'namespaces').length, 2, 'once for each namespace');
});

test('what was known of a namespace that cannot be read again still holds', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      cluster(api);
      api.addPod({ name: 'slow', node, owner: 'ReplicaSet/slow', shutdownMs: 600_000, graceSeconds: 600 });
    },
    env: { NTH_READ_NAMESPACE_ANNOTATIONS: 'true' },
  });
  const { api, clock, imds } = daemon;
  imds.interrupt();
  await clock.advance(70_000);
  const isNamespace = ({ path }: LoggedRequest): boolean => path.endsWith('/namespaces/batch');
  api.faults.add({ kind: 'answer', code: 500 }, { when: isNamespace, times: 1 });
  const report = api.pod('report', 'batch');
  assert.ok(report);
  api.cluster.store.update(pods, {
    ...report,
    metadata: { ...report.metadata, annotations: { other: 'x' } },
  });
  await clock.advance(30_000);
  assert.ok(api.pod('report', 'batch'));
  assert.equal(requestsOf(api, 'create', 'pods').filter(({ name }) => name === 'report').length, 0);
  assert.equal(
    daemon.said('Cannot read the annotations of a namespace, going by what was known of it').length,
    1,
  );
});

test('a namespace of which nothing is known is asked for again, for a moment', async () => {
  await using daemon = await startDaemon({ cluster, env: { NTH_READ_NAMESPACE_ANNOTATIONS: 'true' } });
  const isNamespace = ({ path }: LoggedRequest): boolean => path.endsWith('/namespaces/batch');
  daemon.api.faults.add({ kind: 'answer', code: 500 }, { when: isNamespace, times: 2 });
  daemon.imds.interrupt();
  await untilDrained(daemon);
  assert.ok(daemon.api.pod('report', 'batch'));
});

for (const [what, fault] of [
  ['wants to be left alone', { kind: 'answer', code: 429, headers: { 'retry-after': '3' } }],
  ['is slow', { kind: 'delay', ms: 2_500 }],
] as const) {
  test(`a namespace whose server ${what} is waited for`, async () => {
    await using daemon = await startDaemon({ cluster, env: { NTH_READ_NAMESPACE_ANNOTATIONS: 'true' } });
    const when = ({ path }: LoggedRequest): boolean => path.endsWith('/namespaces/batch');
    daemon.api.faults.add(fault, { when, times: 1 });
    daemon.imds.interrupt();
    await untilDrained(daemon);
    assert.ok(daemon.api.pod('report', 'batch'));
  });
}

test('without the right to read namespaces the drain goes on, and the rule to add is told once', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      cluster(api);
      api.access.grant(api.adminToken, { name: 'nth', rules: nthRules });
    },
    env: { NTH_READ_NAMESPACE_ANNOTATIONS: 'true' },
  });
  daemon.imds.interrupt();
  await untilDrained(daemon);
  assert.equal(daemon.api.pod('report', 'batch'), undefined);
  assert.equal(
    daemon.log.filter(({ message }) => message.includes('add the verb "get" on "namespaces"')).length,
    1,
  );
});

test('without the option, namespaces are not asked', async () => {
  await using daemon = await startDaemon({ cluster });
  daemon.imds.interrupt();
  await untilDrained(daemon);
  assert.deepEqual(daemon.api.pods(node), []);
  assert.deepEqual(requestsOf(daemon.api, 'get', 'namespaces'), []);
});

test('an annotation that cannot be followed is told once, and is as if it were not there', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node });
      for (const name of ['web-0', 'web-1']) {
        api.addPod({ name, node, annotations: { [drain]: 'never' } });
      }
    },
  });
  daemon.imds.interrupt();
  await untilDrained(daemon);
  assert.deepEqual(daemon.api.pods(node), []);
  assert.equal(daemon.said(`Ignoring annotation ${drain}="never": expected skip, wait, last`).length, 1);
});
