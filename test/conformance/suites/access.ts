import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nthRules } from '../../fakes/api-server/access.ts';
import { Api } from '../api.ts';
import type { Scene } from '../scene.ts';
import { createNode, createPod, evict, expectCode, podPath } from '../seeding.ts';

/** Tokens and rights. */
export function accessSuite(scene: Scene): void {
  const as = async <T>(token: string | null, use: (api: Api) => Promise<T>): Promise<T> => {
    const api = new Api(scene.target, token);
    try {
      return await use(api);
    } finally {
      api.close();
    }
  };

  test('an unknown token is a 401', async () => {
    const { body, code } = await as('made-up', async (api) => api.get('/api/v1/nodes'));
    assert.deepEqual(
      [code, body],
      [
        401,
        {
          kind: 'Status',
          apiVersion: 'v1',
          metadata: {},
          status: 'Failure',
          message: 'Unauthorized',
          reason: 'Unauthorized',
          code: 401,
        },
      ],
    );
  });

  test('no token is someone who may do nothing', async () => {
    const { code, body } = await as(null, async (api) => api.get('/api/v1/nodes/n'));
    assert.deepEqual(
      [code, body.message],
      [
        403,
        'nodes "n" is forbidden: User "system:anonymous" cannot get resource "nodes" in API group "" at the cluster scope',
      ],
    );
  });

  test('who has the rights of AWS Node Termination Handler may drain, and no more', async () => {
    const { admin, fresh } = scene;
    const namespace = await scene.namespace();
    const node = fresh('node');
    await createNode(admin, node);
    await createPod(admin, { namespace, name: 'p', node });
    const { token, name } = await scene.target.grant(fresh('handler'), nthRules);
    await as(token, async (api) => {
      expectCode(await api.get(`/api/v1/pods?fieldSelector=spec.nodeName%3D${node}`), 200);
      expectCode(await api.patch(`/api/v1/nodes/${node}`, 'merge', { spec: { unschedulable: true } }), 200);
      expectCode(await evict(api, { namespace, name: 'p' }), 201);
      const watched = await api.get('/api/v1/pods?watch=true');
      assert.deepEqual(watched.body, {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: `pods is forbidden: User "${name}" cannot watch resource "pods" in API group "" at the cluster scope`,
        reason: 'Forbidden',
        details: { kind: 'pods' },
        code: 403,
      });
      const deleted = await api.delete(podPath(namespace, 'p'));
      assert.equal(
        deleted.body.message,
        `pods "p" is forbidden: User "${name}" cannot delete resource "pods" in API group "" in the namespace "${namespace}"`,
      );
      const patched = await api.patch(`/api/v1/nodes/${node}/status`, 'merge', {});
      assert.deepEqual(
        [patched.body.message, patched.body.details],
        [
          `nodes "${node}" is forbidden: User "${name}" cannot patch resource "nodes/status" in API group "" at the cluster scope`,
          { name: node, kind: 'nodes' },
        ],
      );
      const listed = await api.get('/apis/policy/v1/poddisruptionbudgets');
      assert.deepEqual(
        [listed.body.message, listed.body.details],
        [
          `poddisruptionbudgets.policy is forbidden: User "${name}" cannot list resource "poddisruptionbudgets" in API group "policy" at the cluster scope`,
          { group: 'policy', kind: 'poddisruptionbudgets' },
        ],
      );
      expectCode(await api.get('/apis/policy'), 200);
      expectCode(await api.get('/livez'), 200);
    });
  });

  test('a caller may ask what it may do', async () => {
    const { token } = await scene.target.grant(scene.fresh('handler'), nthRules);
    await as(token, async (api) => {
      const allowed = async (resourceAttributes: object) => {
        const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
        const kind = { kind: 'SelfSubjectAccessReview', apiVersion: 'authorization.k8s.io/v1' };
        const reply = await api.post(path, { ...kind, spec: { resourceAttributes } });
        expectCode(reply, 201);
        assert.deepEqual(reply.body.spec.resourceAttributes, resourceAttributes);
        return reply.body.status.allowed as boolean;
      };
      assert.equal(await allowed({ verb: 'list', resource: 'pods' }), true);
      assert.equal(await allowed({ verb: 'watch', resource: 'pods' }), false);
      assert.equal(await allowed({ verb: 'create', resource: 'pods', subresource: 'eviction' }), true);
      assert.equal(await allowed({ verb: 'create', resource: 'pods' }), false);
      assert.equal(await allowed({ verb: 'get', group: 'apps', resource: 'daemonsets' }), true);
      assert.equal(await allowed({ verb: 'delete', resource: 'pods', namespace: 'default' }), false);
    });
  });

  test('rights may name the objects they are for', async () => {
    const { admin, fresh } = scene;
    const [own, other] = [fresh('node'), fresh('node')];
    await createNode(admin, own);
    await createNode(admin, other);
    const rules = [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'], resourceNames: [own] }];
    const { token } = await scene.target.grant(fresh('handler'), rules);
    await as(token, async (api) => {
      expectCode(await api.get(`/api/v1/nodes/${own}`), 200);
      expectCode(await api.get(`/api/v1/nodes/${other}`), 403);
      expectCode(await api.get('/api/v1/nodes'), 403);
    });
  });
}
