import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { Scene } from '../scene.ts';
import { budgetPath, createPod, evict, expectCode, podPath, type PodWish } from '../seeding.ts';

const app = 'web';

interface Counts {
  readonly disruptionsAllowed: number;
  readonly currentHealthy: number;
  readonly desiredHealthy: number;
  readonly expectedPods: number;
}

/** What the disruption controller makes of pods and budgets. */
export function budgetControllerSuite(scene: Scene): void {
  const makePods = async (namespace: string, names: string[], wish: Partial<PodWish> = {}) => {
    for (const name of names) await createPod(scene.admin, { namespace, name, labels: { app }, ...wish });
  };
  const makeBudget = async (namespace: string, spec: object) => {
    const path = `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`;
    const selector = { matchLabels: { app } };
    const metadata = { name: 'guard', namespace };
    expectCode(await scene.admin.post(path, { metadata, spec: { selector, ...spec } }), 201);
  };
  const makeReplicaSet = async (namespace: string, replicas: number) => {
    const template = {
      metadata: { labels: { app } },
      spec: { containers: [{ name: 'main', image: 'example.com/main:1' }] },
    };
    const reply = await scene.admin.post(`/apis/apps/v1/namespaces/${namespace}/replicasets`, {
      metadata: { name: 'web', namespace },
      spec: { replicas, selector: { matchLabels: { app } }, template },
    });
    expectCode(reply, 201);
    return { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: reply.body.metadata.uid as string };
  };
  const budget = async (namespace: string) => (await scene.admin.get(budgetPath(namespace, 'guard'))).body;
  /** The controller comes a little after the change. */
  const settles = async (namespace: string, expected: Counts & { reason?: string; observed?: boolean }) => {
    const wanted = { observed: true, ...expected };
    let seen: object = {};
    for (let tries = 0; tries < 400 && !isDeepStrictEqual(seen, wanted); tries += 1) {
      await scene.target.sleep(50);
      const { metadata, status } = await budget(namespace);
      const { disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods } = status as Counts;
      const [condition] = (status.conditions ?? []) as { reason: string }[];
      seen = {
        disruptionsAllowed,
        currentHealthy,
        desiredHealthy,
        expectedPods,
        observed: status.observedGeneration === metadata.generation,
        ...('reason' in expected && { reason: condition?.reason }),
      };
    }
    assert.deepEqual(seen, wanted);
  };

  test('a number that must be available counts the pods that are there, finished ones too', async () => {
    const namespace = await scene.namespace();
    await makePods(namespace, ['a', 'b', 'c']);
    await makePods(namespace, ['unready'], { ready: false });
    await makePods(namespace, ['finished'], { phase: 'Succeeded' });
    await makePods(namespace, ['other'], { labels: { app: 'db' } });
    await makeBudget(namespace, { minAvailable: 2 });
    const counts = { disruptionsAllowed: 1, currentHealthy: 3, desiredHealthy: 2, expectedPods: 5 };
    await settles(namespace, { ...counts, reason: 'SufficientPods' });
    await makePods(namespace, ['d']);
    await settles(namespace, { ...counts, disruptionsAllowed: 2, currentHealthy: 4, expectedPods: 6 });
  });

  test('shares and numbers that may be missing count what the controller of the pods wants', async () => {
    const cases: [object, Partial<Counts>][] = [
      [{ minAvailable: '50%' }, { desiredHealthy: 2, disruptionsAllowed: 0 }],
      [{ maxUnavailable: 1 }, { desiredHealthy: 2, disruptionsAllowed: 0 }],
      [{ maxUnavailable: '34%' }, { desiredHealthy: 1, disruptionsAllowed: 1 }],
      [{ maxUnavailable: 5 }, { desiredHealthy: 0, disruptionsAllowed: 2 }],
    ];
    for (const [spec, counts] of cases) {
      const namespace = await scene.namespace();
      const owner = await makeReplicaSet(namespace, 3);
      await makePods(namespace, ['a', 'b'], { owner });
      await makeBudget(namespace, spec);
      const common = { currentHealthy: 2, expectedPods: 3, disruptionsAllowed: 0, desiredHealthy: 0 };
      await settles(namespace, { ...common, ...counts });
    }
  });

  test('pods without a controller are not measured, and then nothing is allowed', async () => {
    const namespace = await scene.namespace();
    await makePods(namespace, ['a', 'b']);
    await makeBudget(namespace, { maxUnavailable: 1 });
    const counts = { disruptionsAllowed: 0, currentHealthy: 2, desiredHealthy: 0, expectedPods: 0 };
    await settles(namespace, { ...counts, reason: 'InsufficientPods' });
    const { body } = await evict(scene.admin, { namespace, name: 'a' });
    assert.equal(
      body.details.causes[0].message,
      'The disruption budget guard does not allow evicting pods currently',
    );
  });

  test('a budget that can be counted no more says so and allows nothing', async () => {
    const { admin } = scene;
    const namespace = await scene.namespace();
    const owner = await makeReplicaSet(namespace, 2);
    await makePods(namespace, ['a', 'b'], { owner });
    await makeBudget(namespace, { maxUnavailable: 1 });
    const counts = { disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 };
    await settles(namespace, counts);
    expectCode(await admin.delete(`/apis/apps/v1/namespaces/${namespace}/replicasets/web`), 200);
    await makePods(namespace, ['c'], { owner });
    await settles(namespace, { ...counts, disruptionsAllowed: 0, reason: 'SyncFailed' });
    const { body } = await evict(admin, { namespace, name: 'a' });
    assert.match(
      body.details.causes[0].message,
      /^The disruption budget guard does not allow evicting pods currently because it failed sync: found no controllers for pod "[abc]"$/,
    );
  });

  test('a budget that could never be counted looks like one that nobody has seen', async () => {
    const { admin } = scene;
    const namespace = await scene.namespace();
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'gone', uid: 'gone' };
    await makePods(namespace, ['a'], { owner });
    await makeBudget(namespace, { maxUnavailable: 1 });
    const counts = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
    await settles(namespace, { ...counts, reason: 'SyncFailed', observed: false });
    const { body, headers } = await evict(admin, { namespace, name: 'a' });
    assert.equal(
      body.details.causes[0].message,
      'The disruption budget guard is still being processed by the server.',
    );
    assert.equal(headers['retry-after'], '10');
  });

  test('a budget of no pods allows nothing', async () => {
    const namespace = await scene.namespace();
    await makeBudget(namespace, { minAvailable: 0 });
    const none = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
    await settles(namespace, { ...none, reason: 'InsufficientPods' });
  });

  test('an evicted pod counts as gone until it is, and one in its place frees the budget', async () => {
    const { admin } = scene;
    const namespace = await scene.namespace();
    await makePods(namespace, ['a', 'b', 'c']);
    await makeBudget(namespace, { minAvailable: 2 });
    const before = { disruptionsAllowed: 1, currentHealthy: 3, desiredHealthy: 2, expectedPods: 3 };
    await settles(namespace, before);
    expectCode(await evict(admin, { namespace, name: 'a' }), 201);
    await settles(namespace, {
      ...before,
      disruptionsAllowed: 0,
      currentHealthy: 2,
      reason: 'InsufficientPods',
    });
    assert.equal('disruptedPods' in (await budget(namespace)).status, false);
    expectCode(await evict(admin, { namespace, name: 'b' }), 429);
    expectCode(await admin.delete(podPath(namespace, 'a'), { gracePeriodSeconds: 0 }), 200);
    await settles(namespace, { ...before, disruptionsAllowed: 0, currentHealthy: 2, expectedPods: 2 });
    await makePods(namespace, ['d']);
    await settles(namespace, before);
    expectCode(await evict(admin, { namespace, name: 'b' }), 201);
  });

  test('a disruption that was paid for and did not happen is believed for a while', async () => {
    const { admin } = scene;
    const namespace = await scene.namespace();
    await makePods(namespace, ['a', 'b']);
    await makeBudget(namespace, { minAvailable: 1 });
    const before = { disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 };
    await settles(namespace, before);
    const wrong = { preconditions: { uid: 'other' } };
    expectCode(await evict(admin, { namespace, name: 'a' }, wrong), 409);
    await settles(namespace, { ...before, disruptionsAllowed: 0, currentHealthy: 1 });
    assert.deepEqual(Object.keys((await budget(namespace)).status.disruptedPods), ['a']);
    expectCode(await evict(admin, { namespace, name: 'b' }), 429);
  });

  test('a budget that changes is unobserved for a moment, then counts anew', async () => {
    const { admin } = scene;
    const namespace = await scene.namespace();
    await makePods(namespace, ['a', 'b', 'c']);
    await makeBudget(namespace, { minAvailable: 3 });
    const counts = { disruptionsAllowed: 0, currentHealthy: 3, desiredHealthy: 3, expectedPods: 3 };
    await settles(namespace, counts);
    const changed = await admin.patch(budgetPath(namespace, 'guard'), 'merge', { spec: { minAvailable: 1 } });
    assert.equal(changed.body.metadata.generation, 2);
    await settles(namespace, { ...counts, disruptionsAllowed: 2, desiredHealthy: 1 });
  });
}
