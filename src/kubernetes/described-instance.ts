import type { ApiClient } from './api-client.ts';
import type { InstanceFacts } from '../instance-facts.ts';
import type { DescribedNode } from './event-nodes.ts';
import { instanceIdOf, instanceTypeLabel, regionLabel, zoneLabel } from './indexed-node.ts';
import { isNotFound } from './status.ts';

/** EKS's, Karpenter's and eksctl's ways to say what an instance was bought as. */
const lifeCycleLabels = ['eks.amazonaws.com/capacityType', 'karpenter.sh/capacity-type', 'node-lifecycle'];

/** The Node as it is now. @returns undefined where there is none @throws ApiError, or the signal's reason */
export async function readNode(
  client: ApiClient,
  name: string,
  signal: AbortSignal,
): Promise<DescribedNode | undefined> {
  try {
    return (await client.expect({
      verb: 'get',
      resource: 'nodes',
      path: `/api/v1/nodes/${encodeURIComponent(name)}`,
      urgency: 'background',
      signal,
    })) as DescribedNode;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Who a node's instance is, by its Node. A Node does not tell its account. */
export function instanceOfNode({ metadata = {}, spec = {}, status = {} }: DescribedNode): InstanceFacts {
  const { labels = {} } = metadata;
  const address = (...types: readonly string[]): string =>
    types.map((type) => status.addresses?.find((it) => it.type === type)?.address).find(Boolean) ?? '';
  const lifeCycle = lifeCycleLabels.map((label) => labels[label]).find(Boolean) ?? '';
  return {
    accountId: '',
    instanceId: instanceIdOf(spec.providerID) ?? '',
    instanceLifeCycle: lifeCycle.toLowerCase().replace('_', '-'),
    instanceType: labels[instanceTypeLabel] ?? '',
    publicHostname: address('ExternalDNS'),
    publicIp: address('ExternalIP'),
    localHostname: address('InternalDNS', 'Hostname'),
    localIp: address('InternalIP'),
    availabilityZone: labels[zoneLabel] ?? '',
    region: labels[regionLabel] ?? '',
  };
}
