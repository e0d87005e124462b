import type { Cluster } from '../parts/cluster.ts';

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** All that the daemon needs in IMDS mode. */
export const neededRights: readonly Rule[] = [
  { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'patch'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch', 'delete'] },
  { apiGroups: [''], resources: ['pods/eviction'], verbs: ['create'] },
  { apiGroups: [''], resources: ['pods/status'], verbs: ['patch'] },
  { apiGroups: ['apps'], resources: ['daemonsets'], verbs: ['get'] },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: ['list', 'watch'] },
  { apiGroups: ['storage.k8s.io'], resources: ['volumeattachments'], verbs: ['list', 'watch'] },
];

/** What it takes besides to put Kubernetes events and the Node's conditions. */
export const rightsToTell: readonly Rule[] = [
  { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
  { apiGroups: [''], resources: ['nodes/status'], verbs: ['patch'] },
];

/** Of NTH's chart, for those who change the image only. */
export const rightsOfNthChart: readonly Rule[] = [
  { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'patch', 'update'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['list', 'get'] },
  { apiGroups: [''], resources: ['pods/eviction'], verbs: ['create'] },
  { apiGroups: ['extensions'], resources: ['daemonsets'], verbs: ['get'] },
  { apiGroups: ['apps'], resources: ['daemonsets'], verbs: ['get'] },
];

const RBAC = '/apis/rbac.authorization.k8s.io/v1';

/** A ServiceAccount that may do what `rules` say, and nothing else. */
export class ServiceAccount {
  readonly namespace: string;
  readonly name: string;
  readonly #cluster: Cluster;

  private constructor(cluster: Cluster, namespace: string, name: string) {
    this.#cluster = cluster;
    this.namespace = namespace;
    this.name = name;
  }

  static async create(
    cluster: Cluster,
    options: { readonly namespace: string; readonly name: string; readonly rules: readonly Rule[] },
  ): Promise<ServiceAccount> {
    const { namespace, name, rules } = options;
    const account = new ServiceAccount(cluster, namespace, name);
    const metadata = { name: `${namespace}-${name}` };
    await cluster.api('POST', `${RBAC}/clusterroles`, { metadata, rules });
    await cluster.api('POST', `${RBAC}/clusterrolebindings`, {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name },
      subjects: [{ kind: 'ServiceAccount', namespace, name }],
    });
    await account.#create();
    return account;
  }

  /** As the audit log names it. */
  get user(): string {
    return `system:serviceaccount:${this.namespace}:${this.name}`;
  }

  async token(): Promise<string> {
    return this.#cluster.serviceAccountToken(this.namespace, this.name);
  }

  /** Deletes the account and creates another one of its name: every token so far becomes worthless. */
  async replace(): Promise<void> {
    await this.#cluster.api('DELETE', `${this.#collection}/${this.name}`);
    await this.#create();
  }

  get #collection(): string {
    return `/api/v1/namespaces/${this.namespace}/serviceaccounts`;
  }

  async #create(): Promise<void> {
    await this.#cluster.api('POST', this.#collection, { metadata: { name: this.name } });
  }
}
