import { startCluster, type Cluster } from '../parts/cluster.ts';
import { ApiError } from '../parts/api-client.ts';
import { until } from '../parts/until.ts';
import type { AccessRule } from '../fakes/api-server/access.ts';
import { startDenyingWebhook, webhookConfiguration } from './denying-webhook.ts';
import { eviction, podPath } from './seeding.ts';
import type { Target, WebhookDenial } from './target.ts';

/** A real API server without controllers, scheduler and kubelets. */
export async function startRealTarget(): Promise<Target> {
  const cluster = await startCluster({ controllers: [], scheduler: false, kubelets: false });
  const webhooks: { close(): Promise<void> }[] = [];
  return {
    url: cluster.server,
    ca: cluster.ca,
    adminToken: cluster.adminToken,
    pass: async (promise) => promise,
    now: () => Date.now(),
    createNamespace: async (name) => cluster.createNamespace(name),
    grant: async (user, rules) => {
      await createUser(cluster, user, rules);
      const token = await cluster.serviceAccountToken('default', user);
      return { name: `system:serviceaccount:default:${user}`, token };
    },
    denyEvictions: async (namespace, denial) => {
      webhooks.push(await denyEvictions(cluster, namespace, denial));
    },
    // The cache of a server that has just started begins with what is there then.
    forgetPast: async () => {
      await cluster.stopApiServer();
      await cluster.startApiServer();
    },
    stop: async () => {
      for (const webhook of webhooks) await webhook.close();
      await cluster.stop();
    },
  };
}

async function createUser(cluster: Cluster, user: string, rules: readonly AccessRule[]): Promise<void> {
  const group = 'rbac.authorization.k8s.io';
  const path = `/apis/${group}/v1`;
  await cluster.api('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: user } });
  await cluster.api('POST', `${path}/clusterroles`, { metadata: { name: user }, rules });
  await cluster.api('POST', `${path}/clusterrolebindings`, {
    metadata: { name: user },
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: user },
    subjects: [{ kind: 'ServiceAccount', namespace: 'default', name: user }],
  });
}

async function denyEvictions(cluster: Cluster, namespace: string, denial: WebhookDenial) {
  const webhook = await startDenyingWebhook(denial);
  const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
  await cluster.api('POST', path, webhookConfiguration(namespace, webhook));
  // The server begins to ask a new webhook after a moment; until then there is nobody of this name to evict.
  const body = eviction({ namespace, name: 'nobody' });
  const isAsked = async (): Promise<boolean> => {
    try {
      await cluster.api('POST', `${podPath(namespace, 'nobody')}/eviction`, body);
      return false;
    } catch (error) {
      return error instanceof ApiError && error.statusCode === denial.code;
    }
  };
  await until(isAsked, { what: 'the webhook is asked', timeoutMs: 30_000 });
  return webhook;
}
