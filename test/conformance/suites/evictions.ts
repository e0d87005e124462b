import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reply } from '../api.ts';
import type { Scene } from '../scene.ts';
import { createPod, evict, eviction, expectCode, podPath, type PodWish } from '../seeding.ts';

const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };

/** Evictions of pods that no budget guards. */
export function evictionsSuite(scene: Scene): void {
  const pod = async (wish: Partial<PodWish> = {}) => {
    const namespace = await scene.namespace();
    const { body } = await createPod(scene.admin, { namespace, name: 'p', ...wish });
    return { namespace, name: 'p', path: podPath(namespace, 'p'), uid: body.metadata.uid as string };
  };
  const target = ({ body }: Reply) =>
    (body.status.conditions as { type: string; status: string; reason: string; message: string }[])
      .filter(({ type }) => type === 'DisruptionTarget')
      .map(({ status, reason, message }) => ({ status, reason, message }));

  test('an evicted pod is marked as disrupted and has its own grace', async () => {
    const { admin } = scene;
    const p = await pod({ graceSeconds: 20 });
    const reply = await evict(admin, p, { preconditions: { uid: p.uid } });
    assert.deepEqual(reply.body, success);
    const now = await admin.get(p.path);
    assert.equal(now.body.metadata.deletionGracePeriodSeconds, 20);
    assert.deepEqual(target(now), [
      { status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' },
    ]);
  });

  test('an eviction may name the grace', async () => {
    const { admin } = scene;
    const p = await pod();
    assert.deepEqual((await evict(admin, p, { gracePeriodSeconds: 5 })).body, success);
    assert.equal((await admin.get(p.path)).body.metadata.deletionGracePeriodSeconds, 5);
  });

  test('evicting again succeeds, changes nothing, and may only take time away', async () => {
    const { admin } = scene;
    const p = await pod();
    expectCode(await evict(admin, p), 201);
    const { body: before } = await admin.get(p.path);
    assert.deepEqual((await evict(admin, p)).body, success);
    assert.deepEqual((await evict(admin, p, { gracePeriodSeconds: 60 })).body, success);
    const { body: after } = await admin.get(p.path);
    assert.equal(after.metadata.resourceVersion, before.metadata.resourceVersion);
    expectCode(await evict(admin, p, { gracePeriodSeconds: 3 }), 201);
    assert.equal((await admin.get(p.path)).body.metadata.deletionGracePeriodSeconds, 3);
  });

  test('a pod that nobody runs is gone at once', async () => {
    const { admin } = scene;
    for (const wish of [{ node: undefined, phase: 'Pending' as const }, { phase: 'Succeeded' as const }]) {
      const p = await pod(wish);
      expectCode(await evict(admin, p), 201);
      expectCode(await admin.get(p.path), 404);
    }
  });

  test('a pod that is not there is a 404', async () => {
    const namespace = await scene.namespace();
    const { body } = await evict(scene.admin, { namespace, name: 'nobody' });
    assert.deepEqual(
      [body.code, body.reason, body.message, body.details],
      [404, 'NotFound', 'pods "nobody" not found', { name: 'nobody', kind: 'pods' }],
    );
  });

  test('the older version of evictions is still taken, an unknown one is a 400', async () => {
    const { admin } = scene;
    const p = await pod();
    expectCode(await evict(admin, p, undefined, 'policy/v1beta1'), 201);
    const { body } = await evict(admin, p, undefined, 'policy/v9');
    assert.deepEqual([body.code, body.reason], [400, 'BadRequest']);
    assert.match(body.message, /no kind "Eviction" is registered for version "policy\/v9"/);
  });

  test('an eviction of another name is a 400', async () => {
    const p = await pod();
    const body = eviction({ ...p, name: 'q' });
    const reply = await scene.admin.post(`${p.path}/eviction`, body);
    assert.deepEqual(
      [reply.code, reply.body.message],
      [400, 'name in URL does not match name in Eviction object'],
    );
  });

  test('a dry run evicts nothing', async () => {
    const { admin } = scene;
    const p = await pod();
    expectCode(await evict(admin, p, { dryRun: ['All'] }), 201);
    expectCode(await admin.post(`${p.path}/eviction?dryRun=All`, eviction(p)), 201);
    const now = await admin.get(p.path);
    assert.equal('deletionTimestamp' in now.body.metadata, false);
    assert.deepEqual(target(now), []);
  });

  test('another UID is a conflict at once where the pod runs', async () => {
    const { admin } = scene;
    const p = await pod();
    const since = scene.target.now();
    const { body } = await evict(admin, p, { preconditions: { uid: 'other' } });
    assert.ok(scene.target.now() - since < 5000);
    assert.deepEqual(body, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: `Operation cannot be fulfilled on Pod "p": the UID in the precondition (other) does not match the UID in record (${p.uid}). The object might have been deleted and then recreated`,
      reason: 'Conflict',
      details: { name: 'p', kind: 'Pod' },
      code: 409,
    });
    assert.deepEqual(target(await admin.get(p.path)), []);
  });

  test('another UID is held for 10 s where the pod is pending or going', async () => {
    const { admin } = scene;
    const pending = await pod({ phase: 'Pending' });
    const going = await pod();
    expectCode(await evict(admin, going), 201);
    const since = scene.target.now();
    const conflicts = [pending, going].map((p) =>
      admin.begin('POST', `${p.path}/eviction`, eviction(p, { preconditions: { uid: 'other' } })),
    );
    for (const reply of await scene.target.pass(Promise.all(conflicts))) expectCode(reply, 409);
    const tookMs = scene.target.now() - since;
    assert.ok(tookMs > 9000 && tookMs < 12_000, `${tookMs}`);
  });

  test('another version is a conflict', async () => {
    const p = await pod();
    const reply = await evict(scene.admin, p, { preconditions: { resourceVersion: '1' } });
    assert.deepEqual([reply.code, reply.body.reason], [409, 'Conflict']);
  });

  test('in a namespace that ends nothing is evicted', async () => {
    const { admin } = scene;
    const p = await pod();
    expectCode(await admin.delete(`/api/v1/namespaces/${p.namespace}`), 200);
    const { body } = await evict(admin, p);
    assert.deepEqual(body, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: `pods "p" is forbidden: unable to create new content in namespace ${p.namespace} because it is being terminated`,
      reason: 'Forbidden',
      details: {
        name: 'p',
        kind: 'pods',
        causes: [
          {
            reason: 'NamespaceTerminating',
            message: `namespace ${p.namespace} is being terminated`,
            field: 'metadata.namespace',
          },
        ],
      },
      code: 403,
    });
    expectCode(await admin.delete(p.path), 200);
  });

  test('a webhook denies with a code of its own', async () => {
    const p = await pod();
    await scene.target.denyEvictions(p.namespace, {
      code: 429,
      reason: 'TooManyRequests',
      message: 'not now',
    });
    const { body } = await evict(scene.admin, p);
    assert.deepEqual(
      [body.code, body.reason, body.message, body.details],
      [
        429,
        'TooManyRequests',
        'admission webhook "guard.example.com" denied the request: not now',
        undefined,
      ],
    );
  });
}
