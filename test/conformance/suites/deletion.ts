import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Scene } from '../scene.ts';
import { createPod, expectCode, podPath, type PodWish } from '../seeding.ts';

/** How pods are deleted, with nobody there who stops them. */
export function deletionSuite(scene: Scene): void {
  const pod = async (wish: Partial<PodWish> = {}) => {
    const namespace = await scene.namespace();
    const { body } = await createPod(scene.admin, { namespace, name: 'p', ...wish });
    return { path: podPath(namespace, 'p'), uid: body.metadata.uid as string };
  };
  const seconds = (time: string) => Date.parse(time) / 1000;

  test('a deleted pod stays, marked with its end, until its kubelet deletes it', async () => {
    const { admin, target } = scene;
    const { path, uid } = await pod({ graceSeconds: 20 });
    const askedAt = target.now() / 1000;
    const { body } = await admin.delete(path);
    assert.deepEqual(
      [body.kind, body.metadata.uid, body.metadata.deletionGracePeriodSeconds],
      ['Pod', uid, 20],
    );
    assert.ok(Math.abs(seconds(body.metadata.deletionTimestamp) - askedAt - 20) <= 2);
    assert.equal(
      (body.status.conditions as { type: string }[]).some(({ type }) => type === 'DisruptionTarget'),
      false,
    );
    expectCode(await admin.delete(path, { gracePeriodSeconds: 0, preconditions: { uid } }), 200);
    expectCode(await admin.get(path), 404);
    const again = await admin.delete(path);
    assert.deepEqual([again.code, again.body.message], [404, 'pods "p" not found']);
  });

  test('a second deletion can only take time away', async () => {
    const { admin } = scene;
    const { path } = await pod({ graceSeconds: 60 });
    const first = (await admin.delete(path, { gracePeriodSeconds: 40 })).body.metadata;
    const longer = (await admin.delete(path, { gracePeriodSeconds: 50 })).body.metadata;
    assert.equal(longer.deletionTimestamp, first.deletionTimestamp);
    assert.equal(longer.resourceVersion, first.resourceVersion);
    const shorter = (await admin.delete(`${path}?gracePeriodSeconds=10`)).body.metadata;
    assert.equal(shorter.deletionGracePeriodSeconds, 10);
    assert.equal(seconds(shorter.deletionTimestamp), seconds(first.deletionTimestamp) - 30);
  });

  test('a pod that nobody runs is gone at once', async () => {
    const { admin } = scene;
    const wishes: Partial<PodWish>[] = [
      { node: undefined, phase: 'Pending' },
      { phase: 'Succeeded' },
      { phase: 'Failed' },
      { graceSeconds: 0 },
    ];
    for (const wish of wishes) {
      const { path } = await pod(wish);
      expectCode(await admin.delete(path), 200);
      expectCode(await admin.get(path), 404);
    }
  });

  test('a pending pod of a node stays until its kubelet deletes it', async () => {
    const { admin } = scene;
    const { path } = await pod({ phase: 'Pending' });
    expectCode(await admin.delete(path), 200);
    expectCode(await admin.get(path), 200);
  });

  test('another UID is a conflict', async () => {
    const { admin } = scene;
    const { path, uid } = await pod();
    const { body } = await admin.delete(path, { preconditions: { uid: 'other' } });
    assert.deepEqual(body, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: `Operation cannot be fulfilled on Pod "p": the UID in the precondition (other) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
      reason: 'Conflict',
      details: { name: 'p', kind: 'Pod' },
      code: 409,
    });
    expectCode(await admin.delete(path, { preconditions: { resourceVersion: '1' } }), 409);
  });

  test('a finalizer holds a pod to the end', async () => {
    const { admin } = scene;
    const { path } = await pod({ finalizers: ['example.com/hold'] });
    expectCode(await admin.delete(path), 200);
    expectCode(await admin.delete(path, { gracePeriodSeconds: 0 }), 200);
    const held = await admin.get(path);
    assert.equal(held.body.metadata.deletionGracePeriodSeconds, 0);
    expectCode(await admin.patch(path, 'merge', { metadata: { finalizers: null } }), 200);
    expectCode(await admin.get(path), 404);
  });

  test('a dry run deletes nothing', async () => {
    const { admin } = scene;
    const { path } = await pod();
    expectCode(await admin.delete(`${path}?dryRun=All`), 200);
    const { body } = await admin.get(path);
    assert.equal('deletionTimestamp' in body.metadata, false);
  });

  test('a pods status takes conditions by type, and nothing else of the patch', async () => {
    const { admin } = scene;
    const { path } = await pod();
    const condition = { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByUs' };
    const change = { spec: { nodeName: 'elsewhere' }, status: { conditions: [condition] } };
    const { body } = await admin.patch(`${path}/status`, 'strategic-merge', change);
    const conditions = body.status.conditions as { type: string; status: string }[];
    assert.deepEqual(conditions.map(({ type }) => type).sort(), ['DisruptionTarget', 'Ready']);
    assert.notEqual(body.spec.nodeName, 'elsewhere');
  });
}
