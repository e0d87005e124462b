import type { ApiObject, Taint } from './objects.ts';
import { budgets, namespaces, nodes, pods, volumeAttachments, type ResourceType } from './resources.ts';

/** Whoever creates one of these doesn't decide on its status. */
const firstStatus: ReadonlyMap<ResourceType, object> = new Map<ResourceType, object>([
  [pods, { phase: 'Pending', qosClass: 'BestEffort' }],
  [budgets, { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }],
  [namespaces, { phase: 'Active' }],
  [volumeAttachments, { attached: false }],
]);
const notReady: Taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };

/** What the server makes of an object that a client creates. */
export function withDefaults(type: ResourceType, object: ApiObject): ApiObject {
  const status = firstStatus.get(type);
  // A node has a spec, if only for its first taint.
  const { metadata, spec = type === nodes ? {} : undefined } = object;
  return {
    ...object,
    metadata: { ...metadata, ...(hasGeneration(type) && { generation: 1 }) },
    ...(spec !== undefined && { spec: specOf(type, spec) }),
    ...(type === namespaces && { spec: { finalizers: ['kubernetes'] } }),
    ...(status !== undefined && { status }),
  };
}

function specOf(type: ResourceType, spec: object): object {
  if (type === pods) return { restartPolicy: 'Always', terminationGracePeriodSeconds: 30, ...spec };
  if (type !== nodes) return spec;
  // Taken off by the node lifecycle controller once the node is ready.
  const { taints = [] } = spec as { taints?: Taint[] };
  return { ...spec, taints: [...taints, notReady] };
}

function hasGeneration(type: ResourceType): boolean {
  return type === pods || type === budgets || type.group === 'apps';
}
