import { Workloads } from '../e2e/workloads.ts';
import type { Cluster } from '../parts/cluster.ts';
import { hasCondition, type Pod } from '../parts/objects.ts';

const readyTimeoutMs = 180_000;

/** A Deployment whose pods take time to be Ready and to end. */
export interface Service {
  readonly name: string;
  readonly replicas: number;
  readonly graceSeconds: number;
  readonly readyAfterSeconds: number;
  readonly endsAfterSeconds: number;
  /** Its budget; undefined = it has none. */
  readonly minAvailable?: number;
}

/**
 * Of all kinds that a drain meets. `cart` and `search` let one pod go at a time, and a new one takes so long to be
 * Ready that 120 s are not enough for all; the singletons' budgets never let their pod go; `web` has time enough.
 */
export const services: readonly Service[] = [
  {
    name: 'cart',
    replicas: 16,
    minAvailable: 15,
    graceSeconds: 30,
    readyAfterSeconds: 10,
    endsAfterSeconds: 5,
  },
  {
    name: 'search',
    replicas: 8,
    minAvailable: 7,
    graceSeconds: 40,
    readyAfterSeconds: 25,
    endsAfterSeconds: 20,
  },
  {
    name: 'web',
    replicas: 24,
    minAvailable: 18,
    graceSeconds: 30,
    readyAfterSeconds: 4,
    endsAfterSeconds: 3,
  },
  ...[10, 30, 60, 90, 150].map((graceSeconds) => ({
    name: `single-${graceSeconds}`,
    replicas: 1,
    minAvailable: 1,
    graceSeconds,
    readyAfterSeconds: 5,
    endsAfterSeconds: Math.round(0.9 * graceSeconds),
  })),
  ...[5, 15, 30, 60, 100].map((graceSeconds) => ({
    name: `plain-${graceSeconds}`,
    replicas: 24,
    graceSeconds,
    readyAfterSeconds: 3,
    endsAfterSeconds: Math.round(0.9 * graceSeconds),
  })),
  { name: 'plain-300', replicas: 4, graceSeconds: 300, readyAfterSeconds: 3, endsAfterSeconds: 300 },
];

/** Resolves when all pods are Ready on the nodes that are there. */
export async function runServices(cluster: Cluster, namespace: string): Promise<void> {
  await cluster.createNamespace(namespace);
  const workloads = new Workloads({ namespace, nodeSelector: {} }, { cluster });
  for (const { name, minAvailable, graceSeconds, replicas, ...behaviour } of services) {
    await workloads.run('deployments', name, {
      ...behaviour,
      gracePeriodSeconds: graceSeconds,
      spec: { replicas },
    });
    if (minAvailable !== undefined) await workloads.guard(name, { minAvailable });
  }
  const all = services.reduce((total, { replicas }) => total + replicas, 0);
  const areReady = (pods: Pod[]): boolean => pods.filter((pod) => hasCondition(pod, 'Ready')).length === all;
  await cluster.seen<Pod>(`/api/v1/namespaces/${namespace}/pods`, areReady, {
    what: `${all} pods are Ready`,
    timeoutMs: readyTimeoutMs,
  });
}
