import type { PodSeed } from '../../../test/fakes/api-server/seeds.ts';

export type WorkloadKind = 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'Job' | 'static pod' | 'bare pod';

export interface Workload {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
  /** How long each of its pods on the node takes from SIGTERM to its end. */
  readonly shutdownSeconds: readonly number[];
  /** @default 30 */
  readonly graceSeconds?: number;
  readonly emptyDir?: true;
  readonly finished?: true;
  /** What is worth knowing about it before the drain. */
  readonly remark?: string;
}

/** The workload that a disruption budget guards: one of its two pods must be Ready at any time. */
export const guardedName = 'checkout';

/** The daemon's own pod, which it must never evict. */
export const ownPod = { name: 'nth-p8x', namespace: 'kube-system' };

/** What runs on the node, with the manners that pods really have. */
export const workloads: readonly Workload[] = [
  { kind: 'Deployment', namespace: 'shop', name: 'frontend', shutdownSeconds: [0.9, 1.2, 1.5] },
  { kind: 'Deployment', namespace: 'shop', name: 'cart', shutdownSeconds: [2.1, 2.6] },
  {
    kind: 'Deployment',
    namespace: 'shop',
    name: guardedName,
    shutdownSeconds: [2.8, 2.5],
    remark: 'a disruption budget keeps 1 of the 2 Ready',
  },
  {
    kind: 'Deployment',
    namespace: 'shop',
    name: 'search',
    shutdownSeconds: [3.3, 3.9],
    emptyDir: true,
    remark: 'emptyDir',
  },
  {
    kind: 'StatefulSet',
    namespace: 'shop',
    name: 'orders-db',
    shutdownSeconds: [6.4, 7.2],
    graceSeconds: 60,
  },
  { kind: 'StatefulSet', namespace: 'shop', name: 'sessions', shutdownSeconds: [4.1] },
  {
    kind: 'Deployment',
    namespace: 'media',
    name: 'thumbnails',
    shutdownSeconds: [4.6, 5.4],
    emptyDir: true,
    remark: 'emptyDir',
  },
  {
    kind: 'Deployment',
    namespace: 'media',
    name: 'transcoder',
    shutdownSeconds: [600],
    graceSeconds: 10,
    remark: 'ignores SIGTERM, has 10 s of grace',
  },
  { kind: 'Deployment', namespace: 'kube-system', name: 'coredns', shutdownSeconds: [1] },
  { kind: 'Deployment', namespace: 'kube-system', name: 'metrics-server', shutdownSeconds: [0.6] },
  { kind: 'Job', namespace: 'batch', name: 'import', shutdownSeconds: [1.8] },
  {
    kind: 'Job',
    namespace: 'batch',
    name: 'nightly-report',
    shutdownSeconds: [0],
    finished: true,
    remark: 'finished',
  },
  {
    kind: 'bare pod',
    namespace: 'default',
    name: 'debug-shell',
    shutdownSeconds: [0.4],
    remark: 'nothing will replace it',
  },
  { kind: 'DaemonSet', namespace: 'kube-system', name: 'aws-node', shutdownSeconds: [1] },
  { kind: 'DaemonSet', namespace: 'kube-system', name: 'kube-proxy', shutdownSeconds: [1] },
  {
    kind: 'DaemonSet',
    namespace: ownPod.namespace,
    name: 'nth',
    shutdownSeconds: [1],
    remark: 'the daemon itself',
  },
  { kind: 'static pod', namespace: 'kube-system', name: 'haproxy', shutdownSeconds: [1] },
];

const podSuffixes = ['p8x', 'k2f', 'w4m'];
const replicaSetHash = '6b9d4';

/** The controller that the API server shows as the pods' owner. */
export function ownerOf({ kind, name }: Workload): string | undefined {
  if (kind === 'static pod' || kind === 'bare pod') return undefined;
  return kind === 'Deployment' ? `ReplicaSet/${name}-${replicaSetHash}` : `${kind}/${name}`;
}

/** @param pace what a second of the workload's takes here, in milliseconds */
export function podsOf(workload: Workload, node: string, pace: number): PodSeed[] {
  const { kind, namespace, name, shutdownSeconds, graceSeconds = 30, emptyDir, finished } = workload;
  const owner = ownerOf(workload);
  return shutdownSeconds.map((seconds, index) => ({
    name: podName(kind, name, node, index),
    namespace,
    node,
    labels: { app: name },
    // Kubernetes counts grace in whole seconds, so it cannot get faster than that.
    graceSeconds: Math.max(1, Math.ceil((graceSeconds * pace) / 1000)),
    shutdownMs: seconds * pace,
    ...(owner !== undefined && { owner }),
    ...(emptyDir && { emptyDir }),
    ...(finished && { phase: 'Succeeded' as const }),
    ...(kind === 'static pod' && { mirror: true }),
  }));
}

function podName(kind: WorkloadKind, name: string, node: string, index: number): string {
  switch (kind) {
    case 'bare pod':
      return name;
    case 'static pod':
      return `${name}-${node}`;
    case 'StatefulSet':
      return `${name}-${index}`;
    case 'Deployment':
      return `${name}-${replicaSetHash}-${podSuffixes[index]}`;
    case 'DaemonSet':
    case 'Job':
      return `${name}-${podSuffixes[index]}`;
  }
}
