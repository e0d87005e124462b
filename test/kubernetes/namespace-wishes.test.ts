import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoggedRequest } from '../fakes/api-server/request-log.ts';
import { followingPods } from './followed-pods.ts';

test('what waits for its namespace is not told once the following has failed: it would be older than what follows', async () => {
  await using it = await followingPods({ readNamespaceAnnotations: true });
  const { api, clock } = it;
  api.addNode({ name: 'node-9' });
  const node9 = it.follow('node-9');
  await clock.advance(1000);
  assert.deepEqual(node9.changes, ['all']);
  const isNamespace = ({ path }: LoggedRequest): boolean => path.endsWith('/namespaces/slow');
  api.faults.add({ kind: 'delay', ms: 20_000 }, { when: isNamespace, times: 1 });
  api.addPod({ name: 'web-1', node: 'node-9', namespace: 'slow' });
  await clock.advance(1000);
  assert.deepEqual(node9.changes, ['all']);
  api.faults.add({ kind: 'answer', code: 500 }, { when: it.isListOf('node-9'), times: 1 });
  api.watches.expire();
  await clock.advance(1000);
  assert.ok(node9.hasFailed());
  await clock.advance(30_000);
  assert.deepEqual(node9.changes, ['all']);
});

test('pods whose namespaces have to be read are told of in their order', async () => {
  await using it = await followingPods({ readNamespaceAnnotations: true });
  const { api, clock } = it;
  api.addNode({ name: 'node-9' });
  const node9 = it.follow('node-9');
  await clock.advance(1000);
  const isSlow = ({ path }: LoggedRequest): boolean => path.endsWith('/namespaces/slow');
  api.faults.add({ kind: 'delay', ms: 2000 }, { when: isSlow });
  api.addPod({ name: 'web-1', node: 'node-9', namespace: 'slow' });
  api.addPod({ name: 'web-2', node: 'node-9' });
  await clock.advance(1000);
  assert.deepEqual(node9.changes, ['all']);
  await clock.advance(2000);
  assert.deepEqual(node9.changes, ['all', 'present web-1', 'present web-2']);
});
