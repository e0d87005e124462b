import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evict, expectCode, podPath } from '../conformance/seeding.ts';
import { startCluster } from './cluster-over-fake.ts';

const namespace = 'default';

test('a kubelet ends an asked pod after its shutdown, or at its grace', async () => {
  await using cluster = await startCluster();
  const { admin, clock, server } = cluster;
  server.addNode({ name: 'n' });
  server.addPod({ name: 'quick', node: 'n', shutdownMs: 2000 });
  server.addPod({ name: 'slow', node: 'n', shutdownMs: 60_000, graceSeconds: 5 });
  const since = clock.now();
  expectCode(await evict(admin, { namespace, name: 'quick' }), 201);
  expectCode(await evict(admin, { namespace, name: 'slow' }), 201);
  await clock.advanceUntil(() => server.pod('quick') === undefined);
  assert.equal(clock.now() - since, 2000);
  await clock.advanceUntil(() => server.pod('slow') === undefined);
  assert.equal(clock.now() - since, 5000);
});

test('a shorter grace cuts a shutdown short', async () => {
  await using cluster = await startCluster();
  const { admin, clock, server } = cluster;
  server.addPod({ name: 'p', node: 'n', shutdownMs: 25_000 });
  expectCode(await evict(admin, { namespace, name: 'p' }), 201);
  await clock.advance(4000);
  expectCode(await admin.delete(podPath(namespace, 'p'), { gracePeriodSeconds: 2 }), 200);
  await clock.advance(1900);
  assert.notEqual(server.pod('p'), undefined);
  await clock.advance(100);
  assert.equal(server.pod('p'), undefined);
});

test('pods of a machine that is cut off stay until it is back', async () => {
  await using cluster = await startCluster();
  const { admin, clock, server } = cluster;
  server.addPod({ name: 'p', node: 'n' });
  server.cluster.kubelets.cutOff('n');
  expectCode(await evict(admin, { namespace, name: 'p' }), 201);
  await clock.advance(600_000);
  assert.notEqual(server.pod('p'), undefined);
  server.cluster.kubelets.rejoin('n');
  assert.equal(server.pod('p'), undefined);
});

test('a pending pod runs when its time has come', async () => {
  await using cluster = await startCluster();
  const { clock, server } = cluster;
  server.addPod({ name: 'p', node: 'n', phase: 'Pending', readyAfterMs: 3000 });
  await clock.advance(2999);
  assert.equal(server.pod('p')?.status.phase, 'Pending');
  await clock.advance(1);
  assert.equal(server.pod('p')?.status.phase, 'Running');
});

test('a ReplicaSet replaces a lost pod elsewhere, and the budget is free again', async () => {
  await using cluster = await startCluster();
  const { admin, clock, server } = cluster;
  server.addNode({ name: 'a', unschedulable: true });
  server.addNode({ name: 'b' });
  for (const name of ['web-0', 'web-1']) {
    server.addPod({ name, node: 'a', owner: 'ReplicaSet/web', labels: { app: 'web' } });
  }
  server.addBudget({ name: 'web', matchLabels: { app: 'web' }, maxUnavailable: 1 });
  server.addController({ owner: 'ReplicaSet/web', readyAfterMs: 7000 });
  assert.equal(server.budget('web').status.disruptionsAllowed, 1);
  expectCode(await evict(admin, { namespace, name: 'web-0' }), 201);
  expectCode(await evict(admin, { namespace, name: 'web-1' }), 429);
  const since = clock.now();
  await clock.advanceUntil(() => server.budget('web').status.disruptionsAllowed === 1);
  assert.equal(clock.now() - since, 7000);
  assert.deepEqual(
    server.pods('b').map(({ spec, status }) => [spec.nodeName, status.phase]),
    [['b', 'Running']],
  );
});

test('a StatefulSet brings back the name with another UID, pending first', async () => {
  await using cluster = await startCluster();
  const { admin, clock, server } = cluster;
  server.addNode({ name: 'n' });
  const before = server.addPod({ name: 'db-0', node: 'n', owner: 'StatefulSet/db', shutdownMs: 2000 });
  server.addController({ owner: 'StatefulSet/db', readyAfterMs: 1000 });
  expectCode(await evict(admin, { namespace, name: 'db-0' }), 201);
  await clock.advance(1900);
  assert.equal(server.pod('db-0')?.metadata.uid, before.metadata.uid);
  await clock.advance(100);
  const after = server.pod('db-0');
  assert.notEqual(after?.metadata.uid, before.metadata.uid);
  assert.equal(after?.status.phase, 'Pending');
  await clock.advance(1000);
  assert.equal(server.pod('db-0')?.status.phase, 'Running');
});

test('a DaemonSet brings its pod back to the same node, cordoned or not', async () => {
  await using cluster = await startCluster();
  const { admin, clock, server } = cluster;
  server.addNode({ name: 'n', unschedulable: true });
  server.addPod({ name: 'agent-x', node: 'n', owner: 'DaemonSet/agent' });
  server.addController({ owner: 'DaemonSet/agent' });
  expectCode(await evict(admin, { namespace, name: 'agent-x' }), 201);
  await clock.advanceUntil(() => server.pod('agent-x') === undefined);
  assert.equal(server.pods('n').length, 1);
  expectCode(await admin.get('/apis/apps/v1/namespaces/default/daemonsets/agent'), 200);
});

test('a cordon brings a taint of its own, in a write of its own', async () => {
  await using cluster = await startCluster();
  const { admin, server } = cluster;
  server.addNode({ name: 'n' });
  const patched = await admin.patch('/api/v1/nodes/n', 'merge', { spec: { unschedulable: true } });
  const keys = () => (server.node('n').spec.taints ?? []).map(({ key }) => key);
  assert.deepEqual(keys(), ['node.kubernetes.io/unschedulable']);
  assert.notEqual(server.node('n').metadata.resourceVersion, patched.body.metadata.resourceVersion);
  await admin.patch('/api/v1/nodes/n', 'merge', { spec: { unschedulable: null } });
  assert.deepEqual(keys(), []);
});

test('pods are made in short form', async () => {
  await using cluster = await startCluster();
  const { admin, server } = cluster;
  server.addNode({ name: 'n' });
  server.addPod({ name: 'static', namespace: 'kube-system', node: 'n', mirror: true });
  server.addPod({ name: 'report', node: 'n', owner: 'Job/report', phase: 'Succeeded' });
  server.addPod({ name: 'left', node: 'n', owner: 'DaemonSet/left', ownerGone: true });
  server.addPod({ name: 'cache', node: 'n', emptyDir: true, claims: ['data'], priorityClassName: 'high' });
  const pod = async (path: string) => (await admin.get(path)).body;
  const mirror = await pod(podPath('kube-system', 'static'));
  assert.equal('kubernetes.io/config.mirror' in mirror.metadata.annotations, true);
  assert.equal(mirror.metadata.ownerReferences[0].kind, 'Node');
  assert.equal((await pod(podPath(namespace, 'report'))).metadata.ownerReferences[0].apiVersion, 'batch/v1');
  expectCode(await admin.get('/apis/apps/v1/namespaces/default/daemonsets/left'), 404);
  const { spec } = await pod(podPath(namespace, 'cache'));
  assert.deepEqual(spec.volumes, [
    { name: 'scratch', emptyDir: {} },
    { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
  ]);
  assert.equal(spec.priorityClassName, 'high');
});

test('a budget stays unobserved until its controller looks at it', async () => {
  await using cluster = await startCluster();
  const { admin, server } = cluster;
  server.addPod({ name: 'p', node: 'n', labels: { app: 'web' } });
  server.addPod({ name: 'q', node: 'n', labels: { app: 'web' } });
  server.addBudget({ name: 'web', matchLabels: { app: 'web' }, minAvailable: 1, observed: false });
  const refused = await evict(admin, { namespace, name: 'p' });
  assert.deepEqual([refused.code, refused.headers['retry-after']], [429, '10']);
  server.cluster.budgetController.resume(namespace, 'web');
  expectCode(await evict(admin, { namespace, name: 'p' }), 201);
});

test('a disruption that did not happen is forgotten after two minutes', async () => {
  await using cluster = await startCluster();
  const { admin, clock, server } = cluster;
  for (const name of ['p', 'q']) server.addPod({ name, node: 'n', labels: { app: 'web' } });
  server.addBudget({ name: 'web', matchLabels: { app: 'web' }, minAvailable: 1 });
  expectCode(await evict(admin, { namespace, name: 'p' }, { preconditions: { uid: 'other' } }), 409);
  await clock.advance(119_000);
  assert.equal(server.budget('web').status.disruptionsAllowed, 0);
  await clock.advance(1000);
  assert.equal(server.budget('web').status.disruptionsAllowed, 1);
});
