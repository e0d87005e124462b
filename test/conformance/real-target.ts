import { systemClock } from '../../src/clock.ts';
import { startCluster, type Cluster } from '../parts/cluster.ts';
import { ApiError } from '../parts/api-client.ts';
import type { KubernetesObject, List } from '../parts/objects.ts';
import { until } from '../parts/until.ts';
import type { AccessRule } from '../fakes/api-server/access.ts';
import { startDenyingWebhook, webhookConfiguration } from './denying-webhook.ts';
import { eviction, podPath } from './seeding.ts';
import type { Target, WebhookDenial } from './target.ts';

/** A real API server without scheduler and kubelets, and with these controllers only. */
export async function startRealTarget(controllers: readonly string[]): Promise<Target> {
  const cluster = await startCluster({
    controllers,
    scheduler: false,
    kubelets: false,
    apiServerArgs: ['--etcd-compaction-interval=1s'],
  });
  const webhooks: { close(): Promise<void> }[] = [];
  return {
    url: cluster.server,
    ca: cluster.ca,
    adminToken: cluster.adminToken,
    pass: async (promise) => promise,
    sleep: async (ms) => systemClock.sleep(ms),
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
    forgetPast: async () => forgetPast(cluster),
    stop: async () => {
      for (const webhook of webhooks) await webhook.close();
      await cluster.stop();
    },
  };
}

/** A server that has just started has nothing old in its cache; then etcd has to forget it as well. */
async function forgetPast(cluster: Cluster): Promise<void> {
  const collection = '/api/v1/namespaces/default/configmaps';
  await cluster.api('POST', collection, { metadata: { generateName: 'past-' } });
  const { metadata } = await cluster.api<List<KubernetesObject>>('GET', collection);
  await cluster.stopApiServer();
  await cluster.startApiServer();
  const isForgotten = async (): Promise<boolean> => {
    await cluster.api('POST', collection, { metadata: { generateName: 'past-' } });
    const then = `resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=Exact`;
    return (await codeOf(cluster.api('GET', `${collection}?limit=1&${then}`))) === 410;
  };
  await until(isForgotten, { what: 'the past is forgotten', timeoutMs: 60_000, everyMs: 300 });
}

async function codeOf(call: Promise<unknown>): Promise<number> {
  try {
    await call;
    return 200;
  } catch (error) {
    if (error instanceof ApiError) return error.statusCode;
    throw error;
  }
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
  const webhooks = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
  await cluster.api('POST', webhooks, webhookConfiguration(namespace, webhook));
  // The server begins to ask a new webhook after a moment; until then there is nobody of this name to evict.
  const body = eviction({ namespace, name: 'nobody' });
  const path = `${podPath(namespace, 'nobody')}/eviction`;
  const isAsked = async () => (await codeOf(cluster.api('POST', path, body))) === denial.code;
  await until(isAsked, { what: 'the webhook is asked', timeoutMs: 30_000 });
  return webhook;
}
