import assert from 'node:assert/strict';
import type { Cluster } from '../parts/cluster.ts';
import type { KubernetesObject } from '../parts/objects.ts';
import type { NodeUnderTest } from './node-under-test.ts';

/** What has a daemon put events and conditions. */
export const tellingEnv = {
  EMIT_KUBERNETES_EVENTS: 'true',
  KUBERNETES_EVENTS_EXTRA_ANNOTATIONS: 'team=blue',
  NTH_NODE_CONDITIONS: 'true',
};

/** A Kubernetes event. */
export interface ToldEvent extends KubernetesObject {
  readonly involvedObject: {
    readonly kind: string;
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
  };
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly source: { readonly component: string; readonly host: string };
}

/** The events of our daemons about a node, and about what is in the namespace of its name. */
export async function toldOf(cluster: Cluster, node: string): Promise<ToldEvent[]> {
  const read = async (namespace: string, selector: string): Promise<ToldEvent[]> => {
    const path = `/api/v1/namespaces/${namespace}/events?fieldSelector=${encodeURIComponent(selector)}`;
    const { items } = await cluster.api<{ items: ToldEvent[] }>('GET', path);
    return items;
  };
  const events = [
    ...(await read('default', `involvedObject.kind=Node,involvedObject.name=${node}`)),
    ...(await read(node, 'involvedObject.kind!=Node')),
  ];
  return events.filter(({ source }) => source.component === 'aws-node-termination-handler');
}

/**
 * So many event objects of each reason have been put, and none of another. Repeats are one object.
 * @param maybe a reason that is left out of account
 */
export async function assertTold(
  node: NodeUnderTest,
  expected: Readonly<Record<string, number>>,
  maybe = '',
): Promise<void> {
  const counts: Record<string, number> = {};
  for (const { reason } of await node.told()) {
    if (reason !== maybe) counts[reason] = (counts[reason] ?? 0) + 1;
  }
  assert.deepEqual(counts, expected);
}

/** The node's conditions besides the kubelet's, `Drained=True SPOT_ITN`, sorted. */
export async function conditionsOf(node: NodeUnderTest): Promise<string[]> {
  const { status } = (await node.object()) as {
    readonly status?: { readonly conditions?: readonly { type: string; status: string; reason?: string }[] };
  };
  return (status?.conditions ?? [])
    .filter(({ type }) => /^(?:Drain|Maintenance)/.test(type))
    .map(({ type, status: value, reason }) => `${type}=${value} ${reason}`)
    .sort();
}
