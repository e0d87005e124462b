import { timestamp, type Condition, type OwnerReference, type Taint } from './objects.ts';
import type { PodBehaviour } from './kubelets.ts';

export interface NodeSeed {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  readonly unschedulable?: boolean;
  /** @default true */
  readonly ready?: boolean;
  /** @default 'aws:///eu-central-1a/i-0123456789abcdef0' */
  readonly providerId?: string;
}

/** A pod in short form. */
export interface PodSeed extends PodBehaviour {
  readonly name: string;
  /** @default 'default' */
  readonly namespace?: string;
  /** The node it runs on; absent = not scheduled. */
  readonly node?: string;
  /** `ReplicaSet/web`, `StatefulSet/db`, `DaemonSet/agent`, `Job/report`: made with the pod where it isn't there. */
  readonly owner?: string;
  /** The controller named by `owner` is gone. @default false */
  readonly ownerGone?: boolean;
  /** @default 'Running' */
  readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
  /** @default true while running */
  readonly ready?: boolean;
  /** @default 30 */
  readonly graceSeconds?: number;
  /** Has an emptyDir volume. @default false */
  readonly emptyDir?: boolean;
  /** The API server's picture of a static pod. @default false */
  readonly mirror?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly priorityClassName?: string;
  readonly priority?: number;
  readonly finalizers?: readonly string[];
  /** Names of PersistentVolumeClaims that it mounts. */
  readonly claims?: readonly string[];
}

export function nodeFrom(seed: NodeSeed, nowMs: number) {
  const { name, labels = {}, annotations, taints, unschedulable, ready = true } = seed;
  const at = timestamp(nowMs);
  const conditions: Condition[] = [
    { type: 'MemoryPressure', status: 'False', reason: 'KubeletHasSufficientMemory', lastTransitionTime: at },
    { type: 'Ready', status: ready ? 'True' : 'False', reason: 'KubeletReady', lastTransitionTime: at },
  ];
  return {
    metadata: {
      name,
      labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', ...labels },
      ...(annotations && { annotations: { ...annotations } }),
    },
    spec: {
      providerID: seed.providerId ?? 'aws:///eu-central-1a/i-0123456789abcdef0',
      ...(unschedulable === true && { unschedulable }),
      ...(taints !== undefined && { taints: [...taints] }),
    },
    status: {
      conditions,
      addresses: [
        { type: 'InternalIP', address: '10.0.1.23' },
        { type: 'Hostname', address: name },
      ],
    },
  };
}

export function podFrom(seed: PodSeed, owner: OwnerReference | undefined, nowMs: number) {
  const { name, namespace = 'default', node, labels, finalizers, graceSeconds = 30 } = seed;
  return {
    metadata: {
      name,
      namespace,
      generation: 1,
      ...(labels && { labels: { ...labels } }),
      ...annotationsOf(seed),
      ...(finalizers !== undefined && { finalizers: [...finalizers] }),
      ...(owner && { ownerReferences: [owner] }),
    },
    spec: {
      ...(node !== undefined && { nodeName: node }),
      ...volumesOf(seed),
      containers: [{ name: 'main', image: 'example.com/main:1', resources: {} }],
      restartPolicy: owner?.kind === 'Job' ? 'Never' : 'Always',
      terminationGracePeriodSeconds: graceSeconds,
      ...(seed.priorityClassName !== undefined && { priorityClassName: seed.priorityClassName }),
      priority: seed.priority ?? 0,
    },
    status: statusOf(seed, nowMs),
  };
}

function annotationsOf({ annotations, mirror = false, name }: PodSeed) {
  if (annotations === undefined && !mirror) return {};
  return {
    annotations: { ...annotations, ...(mirror && { 'kubernetes.io/config.mirror': `hash-of-${name}` }) },
  };
}

function volumesOf({ emptyDir = false, claims = [] }: PodSeed) {
  const volumes = [
    ...(emptyDir ? [{ name: 'scratch', emptyDir: {} }] : []),
    ...claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })),
  ];
  return volumes.length === 0 ? {} : { volumes };
}

function statusOf({ phase = 'Running', ready = phase === 'Running', node }: PodSeed, nowMs: number) {
  const lastTransitionTime = timestamp(nowMs);
  const conditions: Condition[] = [
    { type: 'PodScheduled', status: node === undefined ? 'False' : 'True', lastTransitionTime },
    { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime },
  ];
  return { phase, conditions, ...(phase === 'Running' && { startTime: lastTransitionTime }) };
}
