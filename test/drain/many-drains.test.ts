import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoggedRequest } from '../fakes/api-server/request-log.ts';
import { volumeAttachments } from '../fakes/api-server/resources.ts';
import { drainsOverFake } from './drains-over-fake.ts';

/** More than have a watch of their own. */
const nodes = Array.from({ length: 14 }, (_, number) => `node-${number}`);

test('drains that share a watch see their pods go, and those that come back under the same name', async () => {
  await using drains = await drainsOverFake();
  const { api, clock, reports } = drains;
  for (const node of nodes) {
    api.addNode({ name: node, unschedulable: true });
    api.addPod({ name: `web-${node}`, node, owner: 'ReplicaSet/web', shutdownMs: 12_000 });
    api.addPod({ name: `db-${node}`, node, owner: 'ReplicaSet/db', shutdownMs: 2000 });
  }
  for (const node of nodes) drains.drain(node);
  await clock.advance(3000);
  // One that needs no scheduler lands where it was, and nobody has told the drain so far.
  const { uid } = api.addPod({ name: 'db-node-13', node: 'node-13', owner: 'ReplicaSet/db' }).metadata;
  await clock.advance(2000);
  api.watches.drop();
  await clock.advance(1000);
  api.watches.expire();
  await clock.advance(7000);
  assert.deepEqual([...reports.keys()].toSorted(), nodes.toSorted());
  for (const [node, { complete, pods }] of reports) {
    assert.ok(complete);
    assert.equal(pods.length, node === 'node-13' ? 3 : 2);
  }
  assert.ok(api.requests.some(({ subresource, body }) => subresource === 'eviction' && body.includes(uid)));
  // The first list, and one more after the version had expired.
  assert.equal(api.requests.filter(({ verb }) => verb === 'list').length, 2 * nodes.length);
  assert.deepEqual(drains.warnings(), []);
});

test('volumes that are never detached are waited for six minutes where the drain has no end', async () => {
  await using drains = await drainsOverFake();
  const { api, clock, reports } = drains;
  for (const node of nodes.slice(0, 3)) {
    api.addNode({ name: node });
    api.addPod({ name: `db-${node}`, node, owner: 'StatefulSet/db', claims: ['data'], shutdownMs: 1000 });
    api.cluster.seeding.volumeAttachment(`csi-${node}`, node, `pv-${node}`);
    drains.drain(node);
  }
  await clock.advance(10_000);
  assert.equal(reports.size, 0);
  api.cluster.store.remove(volumeAttachments, api.cluster.store.get(volumeAttachments, 'csi-node-2'));
  await clock.advance(1000);
  assert.equal(reports.get('node-2')?.volumesAttached, 0);
  assert.equal(reports.size, 1);
  await clock.advance(345_000);
  assert.equal(reports.size, 1);
  await clock.advance(10_000);
  assert.equal(reports.size, 3);
  assert.equal(reports.get('node-0')?.volumesAttached, 1);
  const isList = ({ verb, resource }: LoggedRequest): boolean =>
    verb === 'list' && resource === 'volumeattachments';
  assert.equal(api.requests.filter(isList).length, 1, 'one list for all drains');
});
