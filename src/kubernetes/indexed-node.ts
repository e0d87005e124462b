import type { Instant } from '../interruption/interruption.ts';
import type { NodeView, Taint } from './cluster.ts';
import { stateAnnotation } from './mark-state.ts';
import { markLabels } from './marked-labels.ts';
import type { NodeObject } from './views.ts';

/** https://kubernetes.io/docs/reference/labels-annotations-taints/ */
export const hostnameLabel = 'kubernetes.io/hostname';
export const zoneLabel = 'topology.kubernetes.io/zone';
export const regionLabel = 'topology.kubernetes.io/region';
export const instanceTypeLabel = 'node.kubernetes.io/instance-type';

/** In this order in each node, so that all have the same shape in memory. */
const keptLabels = [hostnameLabel, zoneLabel, regionLabel, instanceTypeLabel, ...markLabels];

/**
 * A Node without what nobody here asks for. Its labels are those above and those of our marks, its annotation is the
 * one of ours, its taints are all, since they are one value for who writes them: a mark can be made from it.
 */
export interface IndexedNode extends NodeView {
  /** As AWS names it; undefined where the Node has no provider id, or one of another kind. */
  readonly instanceId: string | undefined;
  readonly isReady: boolean;
  /** When it became ready, or ceased to be, by the cluster's clock; 0 where that is not told. */
  readonly readyChangedAt: Instant;
}

const noTaints: readonly Taint[] = Object.freeze([]);
const nothing: Readonly<Record<string, string>> = Object.freeze({});

/** What is kept of a Node object. Fields that are empty share one value. */
export function trim(node: NodeObject): IndexedNode {
  const { metadata = {}, spec = {}, status = {} } = node;
  const ready = status.conditions?.find((it) => it.type === 'Ready');
  const name = metadata.name ?? '';
  return {
    name,
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    providerId: spec.providerID === '' ? undefined : spec.providerID,
    instanceId: instanceIdOf(spec.providerID),
    unschedulable: spec.unschedulable ?? false,
    isReady: ready?.status === 'True',
    readyChangedAt: Date.parse(ready?.lastTransitionTime ?? '') || 0,
    taints: spec.taints === undefined || spec.taints.length === 0 ? noTaints : spec.taints,
    labels: labelsOf(metadata.labels ?? nothing, name),
    annotations: annotationsOf(metadata.annotations?.[stateAnnotation]),
  };
}

/**
 * `aws:///<zone>/<instance id>`, also without a zone, or the id alone. Fargate's provider ids end in a node's name.
 * https://github.com/kubernetes/cloud-provider-aws/blob/master/pkg/providers/v1/instances.go
 */
export function instanceIdOf(providerId: string | undefined): string | undefined {
  return /^(?:aws:\/\/.*\/)?(i-[0-9A-Za-z-]+)$/.exec(providerId ?? '')?.[1];
}

function labelsOf(labels: Readonly<Record<string, string>>, name: string): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {};
  for (const key of keptLabels) {
    const value = labels[key];
    // One text in memory where two would be equal.
    if (value !== undefined) kept[key] = value === name ? name : value;
  }
  return kept;
}

function annotationsOf(state: string | undefined): Readonly<Record<string, string>> {
  return state === undefined ? nothing : { [stateAnnotation]: state };
}

/** Whether the two differ in nothing but the version: nearly all that a kubelet writes is of no use here. */
export function isUnchanged(a: IndexedNode, b: IndexedNode): boolean {
  return (
    a.uid === b.uid &&
    a.isReady === b.isReady &&
    a.readyChangedAt === b.readyChangedAt &&
    a.unschedulable === b.unschedulable &&
    a.providerId === b.providerId &&
    a.annotations[stateAnnotation] === b.annotations[stateAnnotation] &&
    keptLabels.every((key) => a.labels[key] === b.labels[key]) &&
    a.taints.length === b.taints.length &&
    a.taints.every((taint, index) => isSameTaint(taint, b.taints[index]))
  );
}

function isSameTaint(a: Taint, b: Taint | undefined): boolean {
  return a.key === b?.key && a.value === b.value && a.effect === b.effect && a.timeAdded === b.timeAdded;
}
