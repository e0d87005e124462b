import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eviction, evict, expectCode, podPath } from '../conformance/seeding.ts';
import { nthRules } from './api-server/access.ts';
import { writesTo } from './api-server/admission.ts';
import { startCluster } from './cluster-over-fake.ts';

const namespace = 'default';
const nodePath = '/api/v1/nodes/n';

test('an overloaded server says so in plain text, to whom and how often it was told', async () => {
  await using cluster = await startCluster();
  const { admin, server } = cluster;
  server.addNode({ name: 'n' });
  const end = server.overload(3, { when: ({ verb }) => verb === 'get' });
  const reply = await admin.get(nodePath);
  assert.deepEqual(
    [reply.code, reply.headers['retry-after'], reply.headers['content-type'], reply.body],
    [429, '3', 'text/plain; charset=utf-8', undefined],
  );
  expectCode(await admin.get('/api/v1/nodes'), 200);
  end();
  expectCode(await admin.get(nodePath), 200);
  server.faults.add({ kind: 'answer', code: 503 }, { times: 2 });
  assert.deepEqual(
    [(await admin.get(nodePath)).code, (await admin.get(nodePath)).code, (await admin.get(nodePath)).code],
    [503, 503, 200],
  );
});

test('a connection is lost before the work or after it', async () => {
  await using cluster = await startCluster();
  const { admin, server } = cluster;
  server.addNode({ name: 'n' });
  const label = async (value: string) => admin.patch(nodePath, 'merge', { metadata: { labels: { value } } });
  for (const [kind, left] of [
    ['drop-before', undefined],
    ['drop-after', 'drop-after'],
    ['truncate', 'truncate'],
  ] as const) {
    server.faults.add({ kind }, { times: 1 });
    await assert.rejects(label(kind), { code: 'ECONNRESET' });
    assert.equal(server.node('n').metadata.labels?.['value'], left);
  }
  assert.deepEqual(
    server.requests.map(({ verb, code }) => [verb, code]),
    [
      ['patch', undefined],
      ['patch', 200],
      ['patch', 200],
    ],
  );
});

test('a slow server does the work even when its client has gone', async () => {
  await using cluster = await startCluster();
  const { admin, clock, server } = cluster;
  server.addNode({ name: 'n' });
  server.faults.add({ kind: 'delay', ms: 20_000 }, { times: 1 });
  const slow = admin.begin('PATCH', nodePath, { spec: { unschedulable: true } }, 'merge');
  await clock.advance(1000);
  admin.close();
  await assert.rejects(slow);
  assert.equal(server.node('n').spec.unschedulable, undefined);
  await clock.advance(19_000);
  assert.equal(server.node('n').spec.unschedulable, true);
});

test('watches end, break, fall silent and become too old when told to', async () => {
  await using cluster = await startCluster();
  const { admin, server, clock } = cluster;
  const open = async () =>
    admin.watch(`/api/v1/pods?watch=true&resourceVersion=${server.cluster.store.version}`);
  const ended = await open();
  server.watches.end();
  assert.equal(await ended.next(), undefined);
  const expired = await open();
  server.watches.expire();
  assert.equal((await expired.next())?.object.code, 410);
  assert.equal(await expired.next(), undefined);
  const silent = await open();
  server.watches.silence();
  server.addPod({ name: 'unseen' });
  const event = silent.next();
  event.catch(() => {});
  await clock.settle();
  assert.equal(server.watches.open, 1);
  server.watches.speak();
  const speaking = await open();
  server.addPod({ name: 'seen' });
  assert.equal((await speaking.next())?.object.metadata.name, 'seen');
  const broken = speaking.next();
  server.watches.drop();
  await assert.rejects(broken, { code: 'ECONNRESET' });
  assert.equal(server.watches.open, 0);
});

test('a version that is too old may be told by the code as well', async () => {
  await using cluster = await startCluster();
  const { admin, server } = cluster;
  const { version } = server.cluster.store;
  server.addPod({ name: 'p' });
  server.cluster.store.compact();
  server.watches.tooOldAs = 'code';
  const reply = await admin.get(`/api/v1/pods?watch=true&resourceVersion=${version}`);
  assert.deepEqual([reply.code, reply.body.reason], [410, 'Expired']);
});

test('tokens expire, are revoked and replaced, and rights come and go', async () => {
  await using cluster = await startCluster();
  const { clock, connect, server } = cluster;
  server.addNode({ name: 'n' });
  server.access.grant('first', { name: 'nth', rules: nthRules, expiresAt: clock.now() + 60_000 });
  const [first, second] = [connect('first'), connect('second')];
  expectCode(await first.get(nodePath), 200);
  expectCode(await first.delete(nodePath), 403);
  await clock.advance(60_000);
  expectCode(await first.get(nodePath), 401);
  server.access.grant('second', { name: 'nth', rules: nthRules });
  expectCode(await second.get(nodePath), 200);
  server.access.grant('second', { name: 'nth', rules: [] });
  expectCode(await second.get(nodePath), 403);
  server.access.revoke('second');
  expectCode(await second.get(nodePath), 401);
  assert.deepEqual(
    server.requests.slice(0, 3).map(({ token, user, code }) => ({ token, user, code })),
    [
      { token: 'first', user: 'nth', code: 200 },
      { token: 'first', user: 'nth', code: 403 },
      { token: 'first', user: undefined, code: 401 },
    ],
  );
});

test('namespaces end and webhooks deny where told to', async () => {
  await using cluster = await startCluster();
  const { admin, server } = cluster;
  server.addPod({ name: 'p', namespace: 'shop' });
  const allow = server.admission.deny({ when: writesTo('pods/eviction'), code: 403, message: 'no' });
  const denied = await evict(admin, { namespace: 'shop', name: 'p' });
  assert.equal(denied.body.message, 'admission webhook "guard.example.com" denied the request: no');
  allow();
  server.terminateNamespace('shop');
  const ended = await evict(admin, { namespace: 'shop', name: 'p' });
  assert.equal(ended.body.details.causes[0].reason, 'NamespaceTerminating');
});

test('an older server knows the older evictions and budgets only', async () => {
  await using cluster = await startCluster({ policyVersions: ['v1beta1'] });
  const { admin, server } = cluster;
  server.addPod({ name: 'p' });
  assert.deepEqual((await admin.get('/apis/policy')).body.preferredVersion.version, 'v1beta1');
  expectCode(await admin.get('/apis/policy/v1/poddisruptionbudgets'), 404);
  expectCode(await admin.get('/apis/policy/v1beta1/poddisruptionbudgets'), 200);
  expectCode(await evict(admin, { namespace, name: 'p' }), 400);
  expectCode(await evict(admin, { namespace, name: 'p' }, {}, 'policy/v1beta1'), 201);
});

test('the server goes away in mid-flight and comes back with its cluster and another certificate', async () => {
  await using cluster = await startCluster();
  const { admin, clock, connect, server } = cluster;
  server.addPod({ name: 'p', node: 'n', shutdownMs: 2000 });
  expectCode(await evict(admin, { namespace, name: 'p' }), 201);
  const { url, ca } = server;
  await server.goAway();
  await clock.advance(2000);
  await assert.rejects(admin.get(podPath(namespace, 'p')), { code: 'ECONNREFUSED' });
  server.useCertificate('second');
  await server.restart();
  assert.equal(server.url, url);
  assert.notEqual(server.ca, ca);
  await assert.rejects(admin.get(podPath(namespace, 'p')), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
  expectCode(await connect().get(podPath(namespace, 'p')), 404);
});

test('the date is the clock with a skew, and a kubeconfig is at hand', async () => {
  await using cluster = await startCluster();
  const { admin, clock, server } = cluster;
  server.skewMs = 30_000;
  const { headers } = await admin.get('/livez');
  assert.equal(Date.parse(headers.date ?? ''), clock.now() + 30_000);
  const config = JSON.parse(server.kubeconfig('mine')) as {
    clusters: { cluster: { server: string } }[];
    users: { user: { token: string } }[];
  };
  assert.deepEqual([config.clusters[0]?.cluster.server, config.users[0]?.user.token], [server.url, 'mine']);
});

test('a request is recorded with what it asks and says', async () => {
  await using cluster = await startCluster();
  const { admin, clock, server } = cluster;
  server.addPod({ name: 'p' });
  await evict(admin, { namespace, name: 'p' });
  const [entry] = server.requests;
  assert.deepEqual(entry, {
    at: clock.now(),
    method: 'POST',
    path: '/api/v1/namespaces/default/pods/p/eviction',
    verb: 'create',
    resource: 'pods',
    subresource: 'eviction',
    name: 'p',
    namespace,
    token: server.adminToken,
    user: 'admin',
    userAgent: '',
    body: JSON.stringify(eviction({ namespace, name: 'p' })),
    code: 201,
  });
});
