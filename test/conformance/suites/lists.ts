import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reply } from '../api.ts';
import type { Scene } from '../scene.ts';
import { createNode, createPod, expectCode, podPath } from '../seeding.ts';

const names = ({ body }: Reply) =>
  (body.items as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);

/** Lists: selectors, pages, versions. */
export function listsSuite(scene: Scene): void {
  test('a list tells its own kind and version, and its items tell none', async () => {
    const { admin } = scene;
    const namespace = await scene.namespace();
    await createPod(admin, { namespace, name: 'p' });
    const { body } = await admin.get(podPath(namespace));
    assert.deepEqual([body.kind, body.apiVersion], ['PodList', 'v1']);
    assert.match(body.metadata.resourceVersion, /^\d+$/);
    const [item] = body.items;
    assert.deepEqual(['kind' in item, 'apiVersion' in item, item.metadata.name], [false, false, 'p']);
  });

  test('pods are selected by their node, by any field that is known, and by labels', async () => {
    const { admin } = scene;
    const namespace = await scene.namespace();
    const node = scene.fresh('node');
    await createPod(admin, { namespace, name: 'a', node, labels: { app: 'web', tier: 'one' } });
    await createPod(admin, { namespace, name: 'b', node, labels: { app: 'db' }, phase: 'Succeeded' });
    await createPod(admin, { namespace, name: 'c', labels: { app: 'web' } });
    await createPod(admin, { namespace, name: 'd', node: undefined, phase: 'Pending' });
    const selected = async (query: string) => names(await admin.get(`${podPath(namespace)}?${query}`));
    assert.deepEqual(await selected(`fieldSelector=spec.nodeName%3D${node}`), ['a', 'b']);
    assert.deepEqual(await selected(`fieldSelector=spec.nodeName=${node},status.phase!=Succeeded`), ['a']);
    assert.deepEqual(await selected('fieldSelector=spec.nodeName='), ['d']);
    assert.deepEqual(await selected('fieldSelector=metadata.name=c'), ['c']);
    assert.deepEqual(await selected('labelSelector=app=web'), ['a', 'c']);
    assert.deepEqual(await selected('labelSelector=app%20in%20(db,web),tier'), ['a']);
    assert.deepEqual(await selected('labelSelector=app%20notin%20(web)'), ['b', 'd']);
    assert.deepEqual(await selected('labelSelector=app!=web'), ['b', 'd']);
    assert.deepEqual(await selected('labelSelector=!tier,app'), ['b', 'c']);
    const all = await admin.get(`/api/v1/pods?fieldSelector=spec.nodeName%3D${node}`);
    assert.deepEqual(names(all), ['a', 'b']);
  });

  test('an unknown field or a selector that is none is a 400', async () => {
    const { admin } = scene;
    const unknown = await admin.get('/api/v1/pods?fieldSelector=spec.colour%3Dred');
    assert.deepEqual(
      [unknown.code, unknown.body.reason, unknown.body.message],
      [400, 'BadRequest', 'field label not supported: spec.colour'],
    );
    expectCode(await admin.get('/api/v1/pods?labelSelector=a%3D%3D%3Db'), 400);
    expectCode(await admin.get('/api/v1/pods?fieldSelector=a'), 400);
  });

  test('nodes are selected by labels and by whether they are cordoned', async () => {
    const { admin, fresh } = scene;
    const [one, two, group] = [fresh('node'), fresh('node'), fresh('group')];
    await createNode(admin, one, { labels: { group, 'kubernetes.io/hostname': one } });
    await createNode(admin, two, { labels: { group, 'kubernetes.io/hostname': two } });
    await admin.patch(`/api/v1/nodes/${two}`, 'merge', { spec: { unschedulable: true } });
    const selected = async (query: string) => names(await admin.get(`/api/v1/nodes?${query}`));
    const hosts = `labelSelector=kubernetes.io/hostname%20in%20(${two},nobody)`;
    assert.deepEqual(await selected(hosts), [two]);
    const cordoned = 'fieldSelector=spec.unschedulable=true';
    assert.deepEqual(await selected(`${cordoned}&labelSelector=group=${group}`), [two]);
  });

  test('pages of a list follow each other and show one instant', async () => {
    const { admin } = scene;
    const namespace = await scene.namespace();
    for (const name of ['a', 'b', 'c', 'd', 'e']) await createPod(admin, { namespace, name });
    const first = await admin.get(`${podPath(namespace)}?limit=2`);
    assert.deepEqual(names(first), ['a', 'b']);
    assert.equal(first.body.metadata.remainingItemCount, 3);
    await admin.delete(podPath(namespace, 'd'), { gracePeriodSeconds: 0 });
    await createPod(admin, { namespace, name: 'f' });
    const next = async (page: Reply) =>
      admin.get(`${podPath(namespace)}?limit=2&continue=${encodeURIComponent(page.body.metadata.continue)}`);
    const second = await next(first);
    assert.deepEqual(names(second), ['c', 'd']);
    assert.equal(second.body.metadata.resourceVersion, first.body.metadata.resourceVersion);
    const last = await next(second);
    assert.deepEqual(names(last), ['e']);
    assert.equal('continue' in last.body.metadata, false);
    assert.equal('remainingItemCount' in last.body.metadata, false);
  });

  test('a page of selected objects does not tell how many are left', async () => {
    const { admin } = scene;
    const namespace = await scene.namespace();
    const node = scene.fresh('node');
    for (const name of ['a', 'b', 'c']) await createPod(admin, { namespace, name, node });
    const query = `?limit=2&fieldSelector=spec.nodeName%3D${node}`;
    const first = await admin.get(`/api/v1/pods${query}`);
    assert.deepEqual(names(first), ['a', 'b']);
    assert.equal('remainingItemCount' in first.body.metadata, false);
    const token = encodeURIComponent(first.body.metadata.continue);
    assert.deepEqual(names(await admin.get(`/api/v1/pods${query}&continue=${token}`)), ['c']);
  });

  test('a list from the cache ignores its limit', async () => {
    const { admin } = scene;
    const namespace = await scene.namespace();
    for (const name of ['a', 'b', 'c']) await createPod(admin, { namespace, name });
    await seenInCache(scene, namespace, 3);
    const reply = await admin.get(`${podPath(namespace)}?limit=2&resourceVersion=0`);
    assert.deepEqual(names(reply), ['a', 'b', 'c']);
    assert.equal('continue' in reply.body.metadata, false);
  });

  test('a continue token of ones own making is a 400, and so is one with a version', async () => {
    const { admin } = scene;
    const namespace = await scene.namespace();
    for (const name of ['a', 'b']) await createPod(admin, { namespace, name });
    const made = await admin.get(`${podPath(namespace)}?limit=1&continue=abc`);
    assert.deepEqual([made.code, made.body.reason], [400, 'BadRequest']);
    assert.match(made.body.message, /^invalid continue token: continue key is not valid: /);
    const { metadata } = (await admin.get(`${podPath(namespace)}?limit=1`)).body;
    const token = encodeURIComponent(metadata.continue);
    const both = await admin.get(`${podPath(namespace)}?limit=1&continue=${token}&resourceVersion=1`);
    assert.deepEqual(
      [both.code, both.body.message],
      [400, 'specifying resource version is not allowed when using continue'],
    );
  });

  test('a list that takes too long can go on, but shows another instant', async () => {
    const { admin, target } = scene;
    const namespace = await scene.namespace();
    for (const name of ['a', 'b', 'c', 'd']) await createPod(admin, { namespace, name });
    const first = await admin.get(`${podPath(namespace)}?limit=1`);
    const next = async (page: Reply) =>
      admin.get(`${podPath(namespace)}?limit=2&continue=${encodeURIComponent(page.body.metadata.continue)}`);
    await admin.delete(podPath(namespace, 'b'), { gracePeriodSeconds: 0 });
    await target.forgetPast();
    const refused = await next(first);
    assert.deepEqual([refused.code, refused.body.reason], [410, 'Expired']);
    assert.match(refused.body.message, /^The provided continue parameter is too old/);
    const second = await next(refused);
    assert.deepEqual(names(second), ['c', 'd']);
    assert.notEqual(second.body.metadata.resourceVersion, first.body.metadata.resourceVersion);
  });

  test('a list of nothing has no items, of whatever namespace', async () => {
    const { body } = await scene.admin.get(podPath('nowhere'));
    assert.deepEqual(body.items, []);
  });
}

/** The real server's cache comes a little after the write. */
async function seenInCache({ admin }: Scene, namespace: string, count: number): Promise<void> {
  let seen = 0;
  while (seen < count) seen = names(await admin.get(`${podPath(namespace)}?resourceVersion=0`)).length;
}
