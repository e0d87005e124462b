/** Kubernetes objects as their JSON is, with the fields that tests look at. Times are RFC 3339 strings. */
export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  creationTimestamp?: string;
  /** When a pod that was asked to go must be gone: the time of the request plus its grace. */
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
}

export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
}

export interface Taint {
  key: string;
  value?: string;
  effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

export interface Node extends KubernetesObject {
  spec: { providerID?: string; unschedulable?: boolean; taints?: Taint[] };
  status?: { conditions?: Condition[] };
}

export interface Pod extends KubernetesObject {
  spec: { nodeName?: string; terminationGracePeriodSeconds?: number } & Record<string, unknown>;
  status?: { phase?: string; podIP?: string; conditions?: Condition[] };
}

export interface List<T extends KubernetesObject> {
  metadata: { resourceVersion: string };
  items: T[];
}

export interface WatchEvent<T extends KubernetesObject> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: T;
}

export function hasCondition(object: { status?: { conditions?: Condition[] } }, type: string): boolean {
  return object.status?.conditions?.some((c) => c.type === type && c.status === 'True') ?? false;
}
