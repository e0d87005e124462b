import { ApiError, type ApiClient } from './api-client.ts';
import { kubeletAnnotations, type KubeletBehaviour } from './kubelet-stages.ts';
import type { KubernetesObject, Node, OwnerReference, Pod, Taint } from './objects.ts';

const POD_CONCURRENCY = 20;
const CONFLICT = 409;

export interface NodeOptions {
  /** @default `aws:///us-east-1a/i-<name>` */
  providerID?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  taints?: Taint[];
}

/** A node that the made-up kubelets make Ready. */
export async function createNode(client: ApiClient, name: string, options: NodeOptions = {}): Promise<Node> {
  const { providerID = `aws:///us-east-1a/i-${name}`, labels, annotations = {}, taints = [] } = options;
  const ownLabels = {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': 'amd64',
  };
  return client.call('POST', '/api/v1/nodes', {
    metadata: { name, labels: { ...ownLabels, ...labels }, annotations },
    spec: { providerID, taints },
  });
}

export interface PodsOptions extends KubeletBehaviour {
  node: string;
  count: number;
  /** @default 'default' */
  namespace?: string;
  /** Names are `<name>-0`, `<name>-1`, and so on. @default 'pod' */
  name?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** With the garbage collector running, the owners must exist. */
  ownerReferences?: OwnerReference[];
  /** @default 30, as Kubernetes has it */
  gracePeriodSeconds?: number;
  /** Further fields of the pods' spec; they win. */
  spec?: Record<string, unknown>;
  /** @default 20 */
  concurrency?: number;
}

/** Pods bound to the node at once, past the scheduler. */
export async function createPods(client: ApiClient, options: PodsOptions): Promise<Pod[]> {
  const { node, count, namespace = 'default', name = 'pod', gracePeriodSeconds } = options;
  const metadata = {
    labels: options.labels ?? {},
    annotations: { ...kubeletAnnotations(options), ...options.annotations },
    ownerReferences: options.ownerReferences ?? [],
  };
  const spec = {
    nodeName: node,
    containers: [{ name: 'main', image: 'made-up' }],
    ...(gracePeriodSeconds !== undefined && { terminationGracePeriodSeconds: gracePeriodSeconds }),
    ...options.spec,
  };
  const numbers = Array.from({ length: count }, (_, number) => number);
  return mapConcurrently(numbers, options.concurrency ?? POD_CONCURRENCY, (number) =>
    client.call<Pod>('POST', `/api/v1/namespaces/${namespace}/pods`, {
      metadata: { ...metadata, name: `${name}-${number}` },
      spec,
    }),
  );
}

/** With its default ServiceAccount, without which the API server takes no pods. Fine if it is there already. */
export async function createNamespace(client: ApiClient, name: string): Promise<void> {
  await createUnlessThere(client, '/api/v1/namespaces', { metadata: { name } });
  await createUnlessThere(client, `/api/v1/namespaces/${name}/serviceaccounts`, {
    metadata: { name: 'default' },
  });
}

async function createUnlessThere(
  client: ApiClient,
  collection: string,
  object: KubernetesObject,
): Promise<void> {
  try {
    await client.call('POST', collection, object);
  } catch (error) {
    if (!(error instanceof ApiError && error.statusCode === CONFLICT)) throw error;
  }
}

export interface TokenOptions {
  /** Only tokens bound to a pod that has a node carry that node's name. */
  boundPod?: { name: string; uid: string };
  /** The API server takes 600 or more. @default 3600 */
  durationSeconds?: number;
}

export async function serviceAccountToken(
  client: ApiClient,
  namespace: string,
  name: string,
  options: TokenOptions = {},
): Promise<string> {
  const { boundPod, durationSeconds = 3600 } = options;
  const boundObjectRef = boundPod && { apiVersion: 'v1', kind: 'Pod', ...boundPod };
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const body = { spec: { audiences: [], expirationSeconds: durationSeconds, boundObjectRef } };
  const { status } = await client.call<{ status: { token: string } }>('POST', path, body);
  return status.token;
}

async function mapConcurrently<T, R>(
  items: readonly T[],
  concurrency: number,
  use: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await use(item);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return results;
}
