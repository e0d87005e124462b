import type { ApiObject, BudgetObject, NodeObject, PodObject } from './objects.ts';

/** A kind of object that the server keeps. */
export interface ResourceType<T extends ApiObject = ApiObject> {
  readonly group: string;
  readonly versions: readonly string[];
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly subresources: readonly string[];
  /** What a fieldSelector may name besides metadata.name and metadata.namespace. */
  fields?(object: T): Record<string, string>;
}

const all = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

function define<T extends ApiObject = ApiObject>(
  type: Partial<ResourceType<T>> & Pick<ResourceType, 'plural' | 'kind'>,
): ResourceType<T> {
  return {
    group: '',
    versions: ['v1'],
    singular: type.kind.toLowerCase(),
    namespaced: true,
    verbs: all,
    subresources: [],
    ...type,
  };
}

export const nodes = define<NodeObject>({
  plural: 'nodes',
  kind: 'Node',
  namespaced: false,
  subresources: ['status'],
  fields: (node) => ({ 'spec.unschedulable': String(node.spec.unschedulable ?? false) }),
});

export const pods = define<PodObject>({
  plural: 'pods',
  kind: 'Pod',
  subresources: ['status', 'eviction'],
  fields: podFields,
});

export const events = define({ plural: 'events', kind: 'Event', fields: eventFields });
export const namespaces = define({ plural: 'namespaces', kind: 'Namespace', namespaced: false });
export const daemonSets = define({ group: 'apps', plural: 'daemonsets', kind: 'DaemonSet' });
export const replicaSets = define({ group: 'apps', plural: 'replicasets', kind: 'ReplicaSet' });
export const statefulSets = define({ group: 'apps', plural: 'statefulsets', kind: 'StatefulSet' });
export const budgets = define<BudgetObject>({
  group: 'policy',
  versions: ['v1', 'v1beta1'],
  plural: 'poddisruptionbudgets',
  kind: 'PodDisruptionBudget',
  subresources: ['status'],
});
export const volumeAttachments = define({
  group: 'storage.k8s.io',
  plural: 'volumeattachments',
  kind: 'VolumeAttachment',
  namespaced: false,
  subresources: ['status'],
});
export const accessReviews = define({
  group: 'authorization.k8s.io',
  plural: 'selfsubjectaccessreviews',
  kind: 'SelfSubjectAccessReview',
  namespaced: false,
  verbs: ['create'],
});

export const resourceTypes: readonly ResourceType[] = [
  nodes,
  pods,
  events,
  namespaces,
  daemonSets,
  replicaSets,
  statefulSets,
  budgets,
  volumeAttachments,
  accessReviews,
];

export function apiVersion({ group }: ResourceType, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}

/** `pods`, or `poddisruptionbudgets.policy`, as messages name them. */
export function qualifiedName({ group, plural }: ResourceType): string {
  return group === '' ? plural : `${plural}.${group}`;
}

function podFields({ spec, status }: PodObject): Record<string, string> {
  return {
    'spec.nodeName': spec.nodeName ?? '',
    'spec.restartPolicy': text(spec['restartPolicy'] ?? 'Always'),
    'spec.schedulerName': text(spec['schedulerName'] ?? 'default-scheduler'),
    'spec.serviceAccountName': text(spec['serviceAccountName']),
    'spec.hostNetwork': text(spec['hostNetwork'] ?? false),
    'status.phase': status.phase,
    'status.podIP': text(status['podIP']),
    'status.nominatedNodeName': text(status['nominatedNodeName']),
  };
}

function eventFields(object: ApiObject): Record<string, string> {
  const {
    involvedObject = {},
    reason,
    type,
  } = object as { involvedObject?: Record<string, unknown> } & ApiObject & {
      reason?: string;
      type?: string;
    };
  return {
    'involvedObject.kind': text(involvedObject['kind']),
    'involvedObject.name': text(involvedObject['name']),
    'involvedObject.namespace': text(involvedObject['namespace']),
    'involvedObject.uid': text(involvedObject['uid']),
    reason: reason ?? '',
    type: type ?? '',
  };
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'boolean' ? String(value) : '';
}
