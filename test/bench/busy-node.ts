import type { Cluster } from '../parts/cluster.ts';
import { hasCondition, type Pod } from '../parts/objects.ts';

const podNamespace = 'shop';
const readyTimeoutMs = 60_000;
const filledAtOnce = 5;

/** Longer than it takes to ask them all, so that pods' ends don't compete with evictions for the API server. */
const shutdownSeconds = 4;

/** A node with Ready pods whose objects are of the size that they have in clusters, about 7 KB. */
export async function createBusyNode(cluster: Cluster, name: string, podCount: number): Promise<Pod[]> {
  await cluster.createNode(name);
  return fillNode(cluster, name, podCount);
}

async function fillNode(cluster: Cluster, name: string, podCount: number): Promise<Pod[]> {
  await cluster.createNamespace(podNamespace);
  await cluster.createPods({
    node: name,
    name,
    count: podCount,
    namespace: podNamespace,
    labels: { app: 'cart', 'pod-template-hash': '6d4b75cb6d', 'app.kubernetes.io/part-of': podNamespace },
    annotations: { 'prometheus.io/scrape': 'true', 'checksum/config': 'c0ffee'.repeat(10) },
    ownerReferences: [
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: 'cart-6d4b75cb6d',
        uid: '5f0f4ae6-1d0a-4be2-9d4d-b5a5b3b1a0de',
        controller: true,
      },
    ],
    endsAfterSeconds: shutdownSeconds,
    spec: {
      containers: [container('cart', 30), container('proxy', 15)],
      volumes: [{ name: 'data', emptyDir: {} }],
    },
  });
  const areReady = (pods: Pod[]): boolean =>
    pods.length === podCount && pods.every((pod) => hasCondition(pod, 'Ready'));
  return cluster.seen<Pod>(podsOf(name), areReady, {
    what: `${podCount} pods on ${name} are Ready`,
    timeoutMs: readyTimeoutMs,
  });
}

/** Several of them, by name. */
export async function createBusyNodes(
  cluster: Cluster,
  names: readonly string[],
  podsPerNode: number,
): Promise<ReadonlyMap<string, readonly Pod[]>> {
  for (const name of names) await cluster.createNode(name);
  return fillNodes(cluster, names, podsPerNode);
}

/** The same pods on nodes that are there. */
export async function fillNodes(
  cluster: Cluster,
  names: readonly string[],
  podsPerNode: number,
): Promise<ReadonlyMap<string, readonly Pod[]>> {
  const filled = new Map<string, readonly Pod[]>();
  const left = names.values();
  const fillNext = async (): Promise<void> => {
    for (const name of left) filled.set(name, await fillNode(cluster, name, podsPerNode));
  };
  await Promise.all(Array.from({ length: filledAtOnce }, fillNext));
  return filled;
}

/** Until the pods are gone, so that they don't weigh on what is measured next. */
export async function untilEmpty(cluster: Cluster, name: string): Promise<void> {
  await cluster.seen<Pod>(podsOf(name), (pods) => pods.length === 0, {
    what: `${name} is empty`,
    timeoutMs: readyTimeoutMs,
  });
}

function podsOf(node: string): string {
  return `/api/v1/pods?fieldSelector=spec.nodeName%3D${node}`;
}

function container(name: string, variables: number): object {
  return {
    name,
    image: `registry.example/${podNamespace}/${name}:1.42.0`,
    args: ['--config=/etc/config/config.yaml', '--log-level=info'],
    env: Array.from({ length: variables }, (_, number) => ({
      name: `SETTING_NUMBER_${number}`,
      value: `value-of-setting-number-${number}`,
    })),
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    readinessProbe: { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 5 },
    livenessProbe: { httpGet: { path: '/live', port: 8080 }, periodSeconds: 10 },
    volumeMounts: [{ name: 'data', mountPath: '/data' }],
  };
}
