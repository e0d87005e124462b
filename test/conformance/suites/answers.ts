import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Api, Reply } from '../api.ts';
import type { Scene } from '../scene.ts';
import { expectCode } from '../seeding.ts';

const said = ({ body }: Reply) => [body?.code, body?.reason, body?.message];
const noSuchResource = [404, 'NotFound', 'the server could not find the requested resource'];
const notAllowed = [
  405,
  'MethodNotAllowed',
  'the server does not allow this method on the requested resource',
];

/** Discovery, and what isn't there. */
export function answersSuite(scene: Scene): void {
  test('the server says which versions of the group policy it serves', async () => {
    const { admin } = scene;
    const { body } = await admin.get('/apis/policy');
    const version = { groupVersion: 'policy/v1', version: 'v1' };
    assert.deepEqual(body, {
      kind: 'APIGroup',
      apiVersion: 'v1',
      name: 'policy',
      versions: [version],
      preferredVersion: version,
    });
    const groups = (await admin.get('/apis')).body.groups as { name: string }[];
    for (const name of ['apps', 'policy', 'storage.k8s.io', 'authorization.k8s.io']) {
      assert.ok(
        groups.some((group) => group.name === name),
        name,
      );
    }
  });

  test('the server says which version of evictions it takes', async () => {
    const eviction = await find(scene.admin, '/api/v1', 'pods/eviction');
    assert.deepEqual(eviction, {
      name: 'pods/eviction',
      singularName: '',
      namespaced: true,
      group: 'policy',
      version: 'v1',
      kind: 'Eviction',
      verbs: ['create'],
    });
  });

  test('the server says what it can do with a resource', async () => {
    const nodes = await find(scene.admin, '/api/v1', 'nodes');
    assert.deepEqual([nodes?.kind, nodes?.namespaced], ['Node', false]);
    assert.ok(nodes?.verbs.includes('watch'));
    const budgets = await find(scene.admin, '/apis/policy/v1', 'poddisruptionbudgets');
    assert.deepEqual([budgets?.kind, budgets?.namespaced], ['PodDisruptionBudget', true]);
  });

  test('a group or path that is not served is a plain page', async () => {
    for (const path of ['/nowhere', '/apis/nowhere', '/apis/nowhere/v1/things']) {
      const reply = await scene.admin.get(path);
      assert.deepEqual([reply.code, reply.text], [404, '404 page not found\n'], path);
    }
  });

  test('a version or resource that is not served in a known group is a Status', async () => {
    const paths = [
      '/api/v1/things',
      '/api/v1/nodes/n/things',
      '/apis/policy/v9',
      '/apis/policy/v1beta1/poddisruptionbudgets',
      '/apis/policy/v1/things',
    ];
    for (const path of paths) assert.deepEqual(said(await scene.admin.get(path)), noSuchResource, path);
  });

  test('a method that makes no sense is a 405', async () => {
    const { admin } = scene;
    assert.deepEqual(said(await admin.post('/api/v1/nodes/n', {})), notAllowed);
    assert.deepEqual(said(await admin.send('PUT', '/api/v1/nodes', {})), notAllowed);
    assert.deepEqual(said(await admin.get('/api/v1/namespaces/default/pods/p/eviction')), notAllowed);
  });

  test('the server is alive and ready', async () => {
    for (const path of ['/livez', '/readyz', '/healthz']) {
      const reply = await scene.admin.get(path);
      assert.deepEqual([reply.code, reply.text], [200, 'ok']);
    }
    const version = await scene.admin.get('/version');
    assert.deepEqual([version.body.major, version.body.minor], ['1', '36']);
  });

  test('bodies that are not JSON are a 400', async () => {
    const { admin } = scene;
    expectCode(await admin.post('/api/v1/nodes', '{"metadata":'), 400);
    const { body } = await admin.post('/api/v1/namespaces/default/pods/p/eviction', '{"metadata":');
    assert.equal(body.reason, 'BadRequest');
  });

  test('every answer tells the time', async () => {
    const { headers } = await scene.admin.get('/livez');
    assert.ok(Math.abs(Date.parse(headers.date ?? '') - scene.target.now()) < 5000);
  });
}

interface Resource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: string[];
}

async function find(api: Api, path: string, name: string): Promise<Resource | undefined> {
  const { body } = await api.get(path);
  assert.equal(body.kind, 'APIResourceList');
  return (body.resources as Resource[]).find((resource) => resource.name === name);
}
