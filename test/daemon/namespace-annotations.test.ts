import assert from 'node:assert/strict';
import { test } from 'node:test';
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
