import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from '../parts/cluster.ts';

export const namespace = 'kube-system';
const account = 'aws-node-termination-handler';

/** The daemon's name in the audit log. */
export const daemonUser = `system:serviceaccount:${namespace}:${account}`;

const rules = [
  { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'patch', 'update'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: [''], resources: ['pods/eviction'], verbs: ['create'] },
  { apiGroups: ['apps'], resources: ['daemonsets'], verbs: ['get'] },
];

export interface DaemonAccount {
  readonly token: string;
  /** As Kubernetes mounts it into a pod. */
  readonly folder: string;
}

/** A ServiceAccount with the rights that a drain needs and no more. */
export async function createDaemonAccount(cluster: Cluster): Promise<DaemonAccount> {
  const role = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: account };
  const rbac = 'rbac.authorization.k8s.io/v1';
  await cluster.createNamespace(namespace);
  await cluster.apply([
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account, namespace } },
    object({ apiVersion: rbac, kind: 'ClusterRole', metadata: { name: account }, rules }),
    object({
      apiVersion: rbac,
      kind: 'ClusterRoleBinding',
      metadata: { name: account },
      roleRef: role,
      subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
    }),
  ]);
  const token = await cluster.serviceAccountToken(namespace, account);
  const folder = join(cluster.folder, 'service-account');
  mkdirSync(folder);
  const files = { token, namespace, 'ca.crt': cluster.ca };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return { token, folder };
}

function object<T extends { metadata: { name: string } }>(content: T): T {
  return content;
}
