import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reply } from '../api.ts';
import type { Scene } from '../scene.ts';
import {
  budgetPath,
  createBudget,
  createPod,
  evict,
  expectCode,
  podPath,
  type BudgetState,
  type PodWish,
} from '../seeding.ts';

const app = 'web';
const noMore: BudgetState = { disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1 };
const oneMore: BudgetState = { disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1 };

/** Evictions of guarded pods. The test itself plays the disruption controller. */
export function budgetsSuite(scene: Scene): void {
  const guarded = async (state: BudgetState, wish: Partial<PodWish> = {}, spec: object = {}) => {
    const namespace = await scene.namespace();
    const { admin } = scene;
    const { body } = await createPod(admin, { namespace, name: 'p', labels: { app }, ...wish });
    await createBudget(admin, { namespace, name: 'guard', app, spec }, state);
    return { namespace, name: 'p', path: podPath(namespace, 'p'), uid: body.metadata.uid as string };
  };
  const budgetStatus = async (namespace: string) =>
    (await scene.admin.get(budgetPath(namespace, 'guard'))).body.status;
  const isGoing = async (path: string) => 'deletionTimestamp' in (await scene.admin.get(path)).body.metadata;
  const refusal = ({ code, headers, body }: Reply) => ({
    code,
    retryAfter: headers['retry-after'],
    reason: body.reason,
    message: body.message,
    causes: body.details.causes,
    seconds: body.details.retryAfterSeconds,
  });
  const message = "Cannot evict pod as it would violate the pod's disruption budget.";

  test('a budget that allows no more is a 429 with its cause and without a time', async () => {
    const p = await guarded(noMore);
    assert.deepEqual(refusal(await evict(scene.admin, p)), {
      code: 429,
      retryAfter: undefined,
      reason: 'TooManyRequests',
      message,
      causes: [
        {
          reason: 'DisruptionBudget',
          message: 'The disruption budget guard needs 1 healthy pods and has 1 currently',
        },
      ],
      seconds: undefined,
    });
    assert.equal(await isGoing(p.path), false);
  });

  test('a budget that nobody has seen yet is the same with a time', async () => {
    const p = await guarded({ ...oneMore, observed: false });
    assert.deepEqual(refusal(await evict(scene.admin, p)), {
      code: 429,
      retryAfter: '10',
      reason: 'TooManyRequests',
      message,
      causes: [
        {
          reason: 'DisruptionBudget',
          message: 'The disruption budget guard is still being processed by the server.',
        },
      ],
      seconds: 10,
    });
  });

  test('a budget that allows one more has spent it afterwards', async () => {
    const p = await guarded(oneMore);
    expectCode(await evict(scene.admin, p), 201);
    const status = await budgetStatus(p.namespace);
    assert.equal(status.disruptionsAllowed, 0);
    assert.deepEqual(Object.keys(status.disruptedPods), ['p']);
    assert.equal(await isGoing(p.path), true);
    expectCode(await evict(scene.admin, p), 201);
  });

  test('two budgets are a 500 that only its text tells from others', async () => {
    const p = await guarded(oneMore);
    await createBudget(scene.admin, { namespace: p.namespace, name: 'second', app }, oneMore);
    const { body } = await evict(scene.admin, p);
    assert.deepEqual(body, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message:
        'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      code: 500,
    });
  });

  test('the budget is asked before the UID, and is spent on a pod that then stays', async () => {
    const wrong = { preconditions: { uid: 'other' } };
    const blocked = await guarded(noMore);
    expectCode(await evict(scene.admin, blocked, wrong), 429);
    const free = await guarded(oneMore);
    expectCode(await evict(scene.admin, free, wrong), 409);
    assert.equal((await budgetStatus(free.namespace)).disruptionsAllowed, 0);
    assert.equal(await isGoing(free.path), false);
  });

  test('pods that run no more, or not yet, need no budget', async () => {
    const wishes = [
      { phase: 'Pending' as const },
      { phase: 'Succeeded' as const },
      { phase: 'Failed' as const },
    ];
    for (const wish of wishes) {
      const p = await guarded(noMore, wish);
      expectCode(await evict(scene.admin, p), 201);
    }
  });

  test('a pod that is not ready may go while enough others are', async () => {
    const p = await guarded({ ...noMore, currentHealthy: 1 }, { ready: false });
    expectCode(await evict(scene.admin, p), 201);
    assert.equal('disruptedPods' in (await budgetStatus(p.namespace)), false);
    const tight = await guarded({ ...noMore, currentHealthy: 0 }, { ready: false });
    const { body } = await evict(scene.admin, tight);
    assert.equal(
      body.details.causes[0].message,
      'The disruption budget guard needs 1 healthy pods and has 0 currently',
    );
  });

  test('a budget may let go whatever is not ready', async () => {
    const spec = { unhealthyPodEvictionPolicy: 'AlwaysAllow' };
    const p = await guarded({ ...noMore, currentHealthy: 0 }, { ready: false }, spec);
    expectCode(await evict(scene.admin, p), 201);
  });

  test('a budget guards by its selector in its own namespace', async () => {
    const p = await guarded(noMore);
    const { admin } = scene;
    await createPod(admin, { namespace: p.namespace, name: 'other', labels: { app: 'db' } });
    expectCode(await evict(admin, { namespace: p.namespace, name: 'other' }), 201);
    const elsewhere = await scene.namespace();
    await createPod(admin, { namespace: elsewhere, name: 'p', labels: { app } });
    expectCode(await evict(admin, { namespace: elsewhere, name: 'p' }), 201);
  });

  test('a dry run spends nothing', async () => {
    const p = await guarded(oneMore);
    expectCode(await evict(scene.admin, p, { dryRun: ['All'] }), 201);
    assert.equal((await budgetStatus(p.namespace)).disruptionsAllowed, 1);
    const blocked = await guarded(noMore);
    expectCode(await evict(scene.admin, blocked, { dryRun: ['All'] }), 429);
  });

  test('a budget whose controller failed says so', async () => {
    const p = await guarded(noMore);
    const condition = {
      type: 'DisruptionAllowed',
      status: 'False',
      reason: 'SyncFailed',
      message: 'no idea',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const path = `${budgetPath(p.namespace, 'guard')}/status`;
    expectCode(await scene.admin.patch(path, 'merge', { status: { conditions: [condition] } }), 200);
    const { body } = await evict(scene.admin, p);
    assert.equal(
      body.details.causes[0].message,
      'The disruption budget guard does not allow evicting pods currently because it failed sync: no idea',
    );
  });
}
