import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startCluster, type Cluster } from './cluster.ts';
import { hasCondition, type Pod } from './objects.ts';
import { ProcessGroup } from './process-group.ts';
import { until } from './until.ts';

const PODS_OF_NODE = '/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-1';
let cluster: Cluster;

before(async () => {
  const startedMs = performance.now();
  cluster = await startCluster();
  console.log(`The cluster started in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
});
after(async () => {
  await cluster.stop();
});

test('pods run on a made-up node, and an evicted one goes', async () => {
  await cluster.createNode('node-1');
  await cluster.createPods({ node: 'node-1', count: 5, name: 'cart' });
  const areReady = (pods: Pod[]): boolean =>
    pods.length === 5 && pods.every((pod) => hasCondition(pod, 'Ready'));
  await cluster.seen(PODS_OF_NODE, areReady, { what: '5 pods are Ready', timeoutMs: 30_000 });

  const sinceMs = Date.now();
  const eviction = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name: 'cart-0', namespace: 'default' },
  };
  await cluster.api('POST', '/api/v1/namespaces/default/pods/cart-0/eviction', eviction);
  const isGone = (pods: Pod[]): boolean => pods.every(({ metadata }) => metadata.name !== 'cart-0');
  const left = await cluster.seen(PODS_OF_NODE, isGone, { what: 'cart-0 is gone', timeoutMs: 30_000 });
  assert.equal(left.length, 4);

  await cluster.audit.quiet();
  const evictions = await cluster.audit.events({
    user: 'admin',
    verb: 'create',
    subresource: 'eviction',
    sinceMs,
  });
  assert.deepEqual(
    evictions.map(({ name, statusCode }) => ({ name, statusCode })),
    [{ name: 'cart-0', statusCode: 201 }],
  );
});

test('a part that crashes is started again, up to three times', async () => {
  const processes = await ProcessGroup.create('crashing');
  try {
    processes.startAgainWhenLost('crashing', 'sh', ['-c', 'echo "panic: start"; exit 2']);
    const starts = (): number =>
      readFileSync(join(processes.folder, 'crashing.log'), 'utf8').split('panic: start\n').length - 1;
    await until(() => starts() === 4, { what: 'it has been started four times', timeoutMs: 10_000 });
  } finally {
    await processes.stop();
  }
});
