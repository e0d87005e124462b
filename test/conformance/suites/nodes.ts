import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Scene } from '../scene.ts';
import { createNode, expectCode } from '../seeding.ts';

const path = (name: string) => `/api/v1/nodes/${name}`;
const taint = (key: string) => ({ key, value: 'v', effect: 'NoSchedule' });

/** What marking a node rests on: the kinds of patches, locks and checks. */
export function nodesSuite(scene: Scene): void {
  test('a node that is not there is a 404 that names it', async () => {
    const { admin } = scene;
    const reply = await admin.get(path('nobody'));
    assert.deepEqual(reply.body, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'nodes "nobody" not found',
      reason: 'NotFound',
      details: { name: 'nobody', kind: 'nodes' },
      code: 404,
    });
    expectCode(await admin.patch(path('nobody'), 'merge', {}), 404);
  });

  test('a strategic merge patch merges maps, and replaces taints as a whole', async () => {
    const { admin, fresh } = scene;
    const name = fresh('node');
    await createNode(admin, name, { labels: { keep: 'a', drop: 'b' } });
    expectCode(await admin.patch(path(name), 'strategic-merge', { spec: { taints: [taint('one')] } }), 200);
    const reply = await admin.patch(path(name), 'strategic-merge', {
      metadata: { labels: { drop: null, extra: 'c' }, annotations: { note: 'x' } },
      spec: { unschedulable: true, taints: [taint('two')] },
    });
    assert.deepEqual(reply.body.metadata.labels, { keep: 'a', extra: 'c' });
    assert.deepEqual(reply.body.metadata.annotations, { note: 'x' });
    assert.equal(reply.body.spec.unschedulable, true);
    assert.deepEqual(reply.body.spec.taints, [taint('two')]);
    const directive = { ...taint('two'), $patch: 'delete' };
    const after = await admin.patch(path(name), 'strategic-merge', { spec: { taints: [directive] } });
    assert.deepEqual(after.body.spec.taints, [taint('two')]);
  });

  test('what is empty is not there', async () => {
    const { admin, fresh } = scene;
    const name = fresh('node');
    await createNode(admin, name, { labels: { only: 'a' } });
    await admin.patch(path(name), 'merge', { spec: { unschedulable: true, taints: [taint('one')] } });
    const change = { metadata: { labels: { only: null } }, spec: { unschedulable: false, taints: [] } };
    const { body } = await admin.patch(path(name), 'strategic-merge', change);
    assert.equal('labels' in body.metadata, false);
    assert.equal('unschedulable' in body.spec, false);
    assert.equal('taints' in body.spec, false);
  });

  test('nodes/status merges conditions by type in a strategic merge patch only', async () => {
    const { admin, fresh } = scene;
    const name = fresh('node');
    await createNode(admin, name);
    const drained = { type: 'Drained', status: 'True', reason: 'Ours' };
    const types = (reply: { body: { status: { conditions: { type: string }[] } } }) =>
      reply.body.status.conditions.map(({ type }) => type);
    const change = { spec: { unschedulable: true }, status: { conditions: [drained] } };
    const merged = await admin.patch(`${path(name)}/status`, 'strategic-merge', change);
    assert.deepEqual(types(merged), ['Drained', 'MemoryPressure', 'Ready']);
    assert.equal('unschedulable' in merged.body.spec, false);
    const gone = { status: { conditions: [{ type: 'Drained', $patch: 'delete' }] } };
    assert.deepEqual(types(await admin.patch(`${path(name)}/status`, 'strategic-merge', gone)), [
      'MemoryPressure',
      'Ready',
    ]);
    assert.deepEqual(types(await admin.patch(`${path(name)}/status`, 'merge', change)), ['Drained']);
  });

  test('a condition that is patched keeps what the patch does not name', async () => {
    const { admin, fresh } = scene;
    const name = fresh('node');
    await createNode(admin, name);
    const planned = (fields: object) => ({
      status: { conditions: [{ type: 'MaintenancePlanned', ...fields }] },
    });
    const since = { lastTransitionTime: '2026-01-01T00:00:00Z' };
    const first = planned({ status: 'True', reason: 'SPOT_ITN', message: 'soon', ...since });
    expectCode(await admin.patch(`${path(name)}/status`, 'strategic-merge', first), 200);
    const second = planned({ status: 'True', message: 'sooner' });
    const { body } = await admin.patch(`${path(name)}/status`, 'strategic-merge', second);
    const found = body.status.conditions.find(({ type }: { type: string }) => type === 'MaintenancePlanned');
    assert.deepEqual([found.reason, found.message], ['SPOT_ITN', 'sooner']);
    assert.equal(found.lastTransitionTime, since.lastTransitionTime);
  });

  test('a patch of the node leaves its status alone', async () => {
    const { admin, fresh } = scene;
    const name = fresh('node');
    await createNode(admin, name);
    const { body } = await admin.patch(path(name), 'merge', { status: { conditions: [] } });
    assert.equal(body.status.conditions.length, 2);
  });

  test('a JSON patch does all or nothing, and a failed test is a 422', async () => {
    const { admin, fresh } = scene;
    const name = fresh('node');
    await createNode(admin, name);
    const set = await admin.patch(path(name), 'json', [
      { op: 'add', path: '/spec/unschedulable', value: true },
      { op: 'add', path: '/metadata/annotations', value: { 'example.com/note': 'x' } },
      { op: 'add', path: '/spec/taints', value: [taint('one')] },
      { op: 'add', path: '/spec/taints/-', value: taint('two') },
    ]);
    assert.deepEqual(set.body.spec.taints, [taint('one'), taint('two')]);
    const failed = await admin.patch(path(name), 'json', [
      { op: 'remove', path: '/spec/taints/0' },
      { op: 'test', path: '/metadata/annotations/example.com~1note', value: 'y' },
    ]);
    expectCode(failed, 422);
    assert.equal(failed.body.reason, 'Invalid');
    expectCode(await admin.patch(path(name), 'json', [{ op: 'remove', path: '/spec/nothing' }]), 422);
    const passed = await admin.patch(path(name), 'json', [
      { op: 'test', path: '/metadata/annotations/example.com~1note', value: 'x' },
      { op: 'remove', path: '/spec/taints/0' },
      { op: 'replace', path: '/metadata/annotations/example.com~1note', value: 'y' },
    ]);
    assert.deepEqual(passed.body.spec.taints, [taint('two')]);
  });

  test('a resourceVersion in a patch is a lock', async () => {
    const { admin, fresh } = scene;
    const name = fresh('node');
    await createNode(admin, name);
    const { body: before } = await admin.get(path(name));
    const { resourceVersion } = before.metadata;
    const locked = (value: string) => ({ metadata: { resourceVersion, labels: { value } } });
    expectCode(await admin.patch(path(name), 'strategic-merge', locked('a')), 200);
    const { body } = await admin.patch(path(name), 'strategic-merge', locked('b'));
    assert.deepEqual(body, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: `Operation cannot be fulfilled on nodes "${name}": the object has been modified; please apply your changes to the latest version and try again`,
      reason: 'Conflict',
      details: { name, kind: 'nodes' },
      code: 409,
    });
    expectCode(await admin.send('PUT', path(name), before), 409);
  });

  test('a patch that changes nothing makes no new version', async () => {
    const { admin, fresh } = scene;
    const name = fresh('node');
    await createNode(admin, name, { labels: { a: 'b' } });
    const { body: before } = await admin.get(path(name));
    const { body: after } = await admin.patch(path(name), 'merge', { metadata: { labels: { a: 'b' } } });
    assert.equal(after.metadata.resourceVersion, before.metadata.resourceVersion);
  });

  test('an unknown kind of patch is a 415', async () => {
    const { admin, fresh } = scene;
    const name = fresh('node');
    await createNode(admin, name);
    const { body } = await admin.send('PATCH', path(name), {}, 'application/json');
    assert.equal(body.message, '415: Unsupported Media Type');
    assert.deepEqual([body.code, body.reason], [415, 'UnsupportedMediaType']);
  });

  test('labels, annotations and taints that break the rules are a 422 that names them', async () => {
    const { admin, fresh } = scene;
    const name = fresh('node');
    await createNode(admin, name);
    const long = 'x'.repeat(64);
    const faults = async (change: object) => {
      const reply = await admin.patch(path(name), 'merge', change);
      expectCode(reply, 422);
      assert.equal(reply.body.details.kind, 'Node');
      const causes = reply.body.details.causes as { field: string; reason: string }[];
      // The real server repeats itself, once for each of its checks.
      return [...new Set(causes.map(({ field, reason }) => `${field} ${reason}`))];
    };
    assert.deepEqual(await faults({ metadata: { labels: { a: long } } }), [
      'metadata.labels FieldValueInvalid',
    ]);
    assert.deepEqual(await faults({ metadata: { labels: { a: 'a b' } } }), [
      'metadata.labels FieldValueInvalid',
    ]);
    assert.deepEqual(await faults({ metadata: { labels: { [`a/${long}`]: 'b' } } }), [
      'metadata.labels FieldValueInvalid',
    ]);
    assert.deepEqual(await faults({ metadata: { annotations: { 'a b': 'c' } } }), [
      'metadata.annotations FieldValueInvalid',
    ]);
    assert.deepEqual(await faults({ metadata: { annotations: { a: 'x'.repeat(256 * 1024) } } }), [
      'metadata.annotations FieldValueTooLong',
    ]);
    assert.deepEqual(await faults({ spec: { taints: [{ ...taint('a'), value: long }] } }), [
      'metadata.taints[0].value FieldValueInvalid',
    ]);
    assert.deepEqual(await faults({ spec: { taints: [{ key: 'a', effect: 'Never' }] } }), [
      'metadata.taints[0].effect FieldValueNotSupported',
    ]);
    assert.deepEqual(await faults({ spec: { taints: [taint('a'), taint('a')] } }), [
      'metadata.taints[1] FieldValueDuplicate',
    ]);
  });
}
