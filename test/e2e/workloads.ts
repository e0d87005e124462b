import type { Cluster } from '../parts/cluster.ts';
import { kubeletAnnotations, type KubeletBehaviour } from '../parts/kubelet-stages.ts';
import { hasCondition, type KubernetesObject, type Pod } from '../parts/objects.ts';

export interface WorkloadsOptions {
  readonly namespace: string;
  /** Of the nodes that the pods may be placed on. */
  readonly nodeSelector: Readonly<Record<string, string>>;
}

interface Budget extends KubernetesObject {
  readonly status?: { readonly disruptedPods?: Readonly<Record<string, string>> };
}

/** Pods that are replaced when they go, and the budgets that guard them. Their label is `app: <name>`. */
export class Workloads {
  readonly #options: WorkloadsOptions;
  readonly #cluster: Cluster;

  constructor(options: WorkloadsOptions, modules: { readonly cluster: Cluster }) {
    this.#options = options;
    this.#cluster = modules.cluster;
  }

  async run(
    resource: 'deployments' | 'statefulsets' | 'daemonsets',
    name: string,
    options: KubeletBehaviour & { readonly gracePeriodSeconds?: number; readonly spec?: object },
  ): Promise<void> {
    const { spec, gracePeriodSeconds, ...behaviour } = options;
    const { namespace, nodeSelector } = this.#options;
    const labels = { app: name };
    const template = {
      metadata: { labels, annotations: kubeletAnnotations(behaviour) },
      spec: {
        nodeSelector,
        containers: [{ name: 'main', image: 'made-up' }],
        ...(gracePeriodSeconds !== undefined && { terminationGracePeriodSeconds: gracePeriodSeconds }),
      },
    };
    await this.#cluster.api('POST', `/apis/apps/v1/namespaces/${namespace}/${resource}`, {
      metadata: { name },
      spec: { selector: { matchLabels: labels }, template, ...spec },
    });
  }

  /** The namespace's pods of this name once `count` of them are Ready. */
  async ready(name: string, count: number): Promise<Pod[]> {
    const collection = `/api/v1/namespaces/${this.#options.namespace}/pods?labelSelector=app%3D${name}`;
    const areReady = (pods: Pod[]): boolean =>
      pods.filter((pod) => hasCondition(pod, 'Ready')).length === count;
    const what = `${count} pods of ${name} are Ready`;
    return this.#cluster.seen<Pod>(collection, areReady, { what, timeoutMs: 60_000 });
  }

  async guard(
    name: string,
    budget: { minAvailable: number } | { maxUnavailable: number },
    matchLabels: Readonly<Record<string, string>> = { app: name },
  ): Promise<void> {
    const spec = { ...budget, selector: { matchLabels } };
    await this.#cluster.api('POST', this.#budgets, { metadata: { name }, spec });
  }

  async unguard(name: string): Promise<void> {
    await this.#cluster.api('DELETE', `${this.#budgets}/${name}`);
  }

  /**
   * A request that is killed while the API server works on it can spend a budget without its pod being asked.
   * The disruption controller gives it back after 2 minutes; this does so at once.
   * @returns whether it was so
   */
  async giveBackSpentBudget(name: string): Promise<boolean> {
    const pods = await this.#cluster.api<{ items: Pod[] } & KubernetesObject>(
      'GET',
      `/api/v1/namespaces/${this.#options.namespace}/pods`,
    );
    const running = pods.items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const names = new Set(running.map(({ metadata }) => metadata.name));
    const { status } = await this.#cluster.api<Budget>('GET', `${this.#budgets}/${name}`);
    const lost = Object.keys(status?.disruptedPods ?? {}).filter((pod) => names.has(pod));
    if (lost.length === 0) return false;
    const disruptedPods = Object.fromEntries(lost.map((pod) => [pod, null]));
    await this.#cluster.api('PATCH', `${this.#budgets}/${name}/status`, { status: { disruptedPods } });
    return true;
  }

  get #budgets(): string {
    return `/apis/policy/v1/namespaces/${this.#options.namespace}/poddisruptionbudgets`;
  }
}
