import type { BudgetView, LabelSelector, NodeView, PodView, Taint } from './cluster.ts';
import type { ShownCondition } from './node-condition-patch.ts';
import { readWishes } from './pod-wishes.ts';

interface ContainerStatus {
  readonly name: string;
  readonly state?: { readonly terminated?: unknown };
}

const none: readonly never[] = Object.freeze([]);

/** The fields that we read of a Kubernetes object; each may be missing. */
interface ObjectMeta {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly ownerReferences?: readonly { kind: string; name: string; uid: string; controller?: boolean }[];
}

export interface BudgetObject {
  readonly metadata?: ObjectMeta;
  readonly spec?: { selector?: LabelSelector };
  readonly status?: {
    disruptionsAllowed?: number;
    currentHealthy?: number;
    desiredHealthy?: number;
    disruptedPods?: Readonly<Record<string, string>>;
  };
}

export interface NodeObject {
  readonly metadata?: ObjectMeta;
  readonly spec?: { providerID?: string; unschedulable?: boolean; taints?: readonly Taint[] };
  readonly status?: { conditions?: readonly ShownCondition[] };
}

export interface PodObject {
  readonly metadata?: ObjectMeta;
  readonly spec?: {
    nodeName?: string;
    terminationGracePeriodSeconds?: number;
    priorityClassName?: string;
    volumes?: readonly { emptyDir?: unknown; persistentVolumeClaim?: unknown; ephemeral?: unknown }[];
  };
  readonly status?: {
    phase?: string;
    conditions?: readonly { type: string; status: string }[];
    containerStatuses?: readonly ContainerStatus[];
  };
}

/** https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-config-mirror */
const mirrorAnnotation = 'kubernetes.io/config.mirror';

/** Kubernetes' default where a pod names none, in seconds. */
const defaultGracePeriodSeconds = 30;

export function toNodeView(node: NodeObject): NodeView {
  const { metadata = {}, spec = {} } = node;
  return {
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    providerId: spec.providerID,
    unschedulable: spec.unschedulable ?? false,
    taints: spec.taints ?? [],
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
  };
}

export function toPodView(pod: PodObject): PodView {
  const { metadata = {}, spec = {}, status = {} } = pod;
  const owner = metadata.ownerReferences?.find((reference) => reference.controller === true);
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    labels: metadata.labels ?? {},
    createdAt: Date.parse(metadata.creationTimestamp ?? ''),
    phase: status.phase ?? 'Unknown',
    ready: status.conditions?.some((it) => it.type === 'Ready' && it.status === 'True') ?? false,
    owner: owner && { kind: owner.kind, name: owner.name, uid: owner.uid },
    isMirror: metadata.annotations?.[mirrorAnnotation] !== undefined,
    usesEmptyDir: spec.volumes?.some((volume) => volume.emptyDir !== undefined) ?? false,
    gracePeriodSeconds: spec.terminationGracePeriodSeconds ?? defaultGracePeriodSeconds,
    priorityClass: spec.priorityClassName,
    wishes: readWishes(metadata.annotations ?? {}),
    runningContainers: runningContainers(status.containerStatuses ?? none),
    usesClaims:
      spec.volumes?.some((it) => it.persistentVolumeClaim !== undefined || it.ephemeral !== undefined) ??
      false,
    deletionAt: metadata.deletionTimestamp === undefined ? undefined : Date.parse(metadata.deletionTimestamp),
  };
}

function runningContainers(statuses: readonly ContainerStatus[]): readonly string[] {
  const running = statuses.filter(({ state }) => state?.terminated === undefined);
  return running.length === 0 ? none : running.map(({ name }) => name);
}

export function toBudgetView({ metadata = {}, spec = {}, status = {} }: BudgetObject): BudgetView {
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    selector: spec.selector ?? {},
    disruptionsAllowed: status.disruptionsAllowed ?? 0,
    currentHealthy: status.currentHealthy ?? 0,
    desiredHealthy: status.desiredHealthy ?? 0,
    disruptedPods: new Map(
      Object.entries(status.disruptedPods ?? {}).map(([name, time]) => [name, Date.parse(time)]),
    ),
  };
}
