import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoggedRequest } from '../fakes/api-server/request-log.ts';
import { pods } from '../fakes/api-server/resources.ts';
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

test('that a pod is gone is told at once, also behind a namespace that is slow to read', async () => {
  await using it = await followingPods({ readNamespaceAnnotations: true });
  const { api, clock } = it;
  api.addNode({ name: 'node-9' });
  const web = api.addPod({ name: 'web-0', node: 'node-9' });
  const node9 = it.follow('node-9');
  await clock.advance(1000);
  const isSlow = ({ path }: LoggedRequest): boolean => path.endsWith('/namespaces/slow');
  api.faults.add({ kind: 'delay', ms: 2000 }, { when: isSlow });
  api.addPod({ name: 'web-1', node: 'node-9', namespace: 'slow' });
  api.cluster.store.remove(pods, web);
  await clock.advance(1000);
  assert.deepEqual(node9.changes, ['all web-0', 'gone']);
  await clock.advance(2000);
  assert.deepEqual(node9.changes, ['all web-0', 'gone', 'present web-1']);
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

test('a namespace that does not answer holds nobody up for long', async () => {
  await using it = await followingPods({ readNamespaceAnnotations: true });
  const { api, clock } = it;
  api.addNode({ name: 'node-9' });
  api.addPod({ name: 'web-1', node: 'node-9', namespace: 'slow' });
  api.faults.add({ kind: 'hang' }, { when: ({ path }: LoggedRequest) => path.endsWith('/namespaces/slow') });
  const node9 = it.follow('node-9');
  await clock.advance(6_000);
  assert.deepEqual(node9.changes, ['all web-1']);
});

test('a read that fails does not undo what another one has read meanwhile', async () => {
  await using it = await followingPods({ readNamespaceAnnotations: true });
  const { api, clock, cluster } = it;
  const { signal } = new AbortController();
  api.addNode({ name: 'node-9' });
  api.cluster.seeding.namespace('batch', { 'aws-node-termination-handler/drain': 'wait' });
  api.addPod({ name: 'web-1', node: 'node-9', namespace: 'batch' });
  const isBatch = ({ path }: LoggedRequest): boolean => path.endsWith('/namespaces/batch');
  api.faults.add({ kind: 'hang' }, { when: isBatch, times: 1 });
  const wish = async () => (await cluster.podsOn('node-9', 1, signal)).pods[0]?.wishes.drain;
  const hanging = wish();
  await clock.advance(1_000);
  assert.equal(await clock.advanceWhile(wish()), 'wait');
  assert.equal(await clock.advanceWhile(hanging), 'wait');
  assert.equal(await clock.advanceWhile(wish()), 'wait');
});
