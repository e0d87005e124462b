import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Scene } from '../scene.ts';
import { expectCode } from '../seeding.ts';

const path = '/api/v1/namespaces/default/events';

function event(name: string, fields: object = {}) {
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: 'default', annotations: { region: 'eu-central-1' } },
    involvedObject: { kind: 'Node', name: 'n', uid: 'n' },
    reason: 'CordonAndDrain',
    message: 'Node successfully cordoned and drained',
    source: { component: 'aws-node-termination-handler', host: 'n' },
    type: 'Normal',
    count: 1,
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:00Z',
    ...fields,
  };
}

/** Kubernetes events, core/v1. */
export function eventsSuite(scene: Scene): void {
  test('an event is created, found by its object, and counted up by a patch', async () => {
    const { admin, fresh } = scene;
    const name = fresh('event');
    const involvedObject = { kind: 'Node', name, uid: name };
    const created = await admin.post(path, event(name, { involvedObject }));
    expectCode(created, 201);
    assert.equal(created.body.involvedObject.name, name);
    const patched = await admin.patch(`${path}/${name}`, 'strategic-merge', {
      count: 2,
      lastTimestamp: '2026-01-01T00:01:00Z',
    });
    expectCode(patched, 200);
    assert.deepEqual([patched.body.count, patched.body.reason], [2, 'CordonAndDrain']);
    const found = await admin.get(
      `${path}?fieldSelector=involvedObject.kind%3DNode,involvedObject.name%3D${name}`,
    );
    assert.equal(found.body.items.length, 1);
  });

  test('an event is about whatever has its namespace, and keeps who told of it', async () => {
    const { admin, fresh } = scene;
    const namespace = fresh('namespace');
    const created = await admin.post('/api/v1/namespaces', { metadata: { name: namespace } });
    expectCode(created, 201);
    const involvedObject = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      name: 'cart',
      namespace,
      uid: 'u',
    };
    const reply = await admin.post(`/api/v1/namespaces/${namespace}/events`, {
      ...event('x', {
        involvedObject,
        type: 'Warning',
        reason: 'DrainBlocked',
        reportingComponent: 'aws-node-termination-handler',
        reportingInstance: 'n',
      }),
      metadata: {
        name: 'cart.0123456789abcdef',
        namespace,
        annotations: { 'app.kubernetes.io/name': 'cart' },
      },
    });
    expectCode(reply, 201);
    assert.deepEqual(reply.body.involvedObject, involvedObject);
    assert.equal(reply.body.reportingComponent, 'aws-node-termination-handler');
    assert.deepEqual(reply.body.metadata.annotations, { 'app.kubernetes.io/name': 'cart' });
  });

  test('the message of an event may be patched, and one that is gone is a 404', async () => {
    const { admin, fresh } = scene;
    const name = fresh('event');
    expectCode(await admin.post(path, event(name)), 201);
    const change = { count: 11, message: '(combined from similar events): another' };
    const { body } = await admin.patch(`${path}/${name}`, 'strategic-merge', change);
    assert.deepEqual([body.count, body.message], [11, '(combined from similar events): another']);
    expectCode(await admin.patch(`${path}/${name}-gone`, 'strategic-merge', change), 404);
  });

  test('an event of a name that is taken is a 409', async () => {
    const { admin, fresh } = scene;
    const name = fresh('event');
    expectCode(await admin.post(path, event(name)), 201);
    const { body } = await admin.post(path, event(name));
    assert.deepEqual(
      [body.code, body.reason, body.message],
      [409, 'AlreadyExists', `events "${name}" already exists`],
    );
  });

  test('an event may have its name made', async () => {
    const { admin, fresh } = scene;
    const generateName = `${fresh('event')}.`;
    const { name: _, ...metadata } = { ...event('x').metadata, generateName };
    const { code, body } = await admin.post(path, { ...event('x'), metadata });
    assert.equal(code, 201);
    assert.ok(body.metadata.name.startsWith(generateName));
    assert.ok(body.metadata.name.length > generateName.length);
  });

  test('an event needs the namespace of its object, default for a node', async () => {
    const { admin, fresh } = scene;
    const involvedObject = { kind: 'Pod', name: 'p', namespace: 'elsewhere' };
    const reply = await admin.post(path, event(fresh('event'), { involvedObject }));
    expectCode(reply, 422);
    assert.equal(reply.body.details.causes[0].field, 'involvedObject.namespace');
    const missing = await admin.post('/api/v1/namespaces/nowhere/events', {
      ...event('x', { involvedObject: { ...involvedObject, namespace: 'nowhere' } }),
      metadata: { name: fresh('event'), namespace: 'nowhere' },
    });
    assert.deepEqual([missing.code, missing.body.message], [404, 'namespaces "nowhere" not found']);
  });
}
