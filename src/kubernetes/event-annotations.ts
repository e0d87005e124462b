import type { InstanceFacts } from '../instance-facts.ts';
import type { DescribedNode } from './event-nodes.ts';

type Annotations = Readonly<Record<string, string>>;

/** NTH's annotations in IMDS mode; the operator's own win. */
export function instanceAnnotations(instance: InstanceFacts, extra: Annotations): Annotations {
  return {
    'account-id': instance.accountId,
    'availability-zone': instance.availabilityZone,
    'instance-id': instance.instanceId,
    'instance-life-cycle': instance.instanceLifeCycle,
    'instance-type': instance.instanceType,
    'local-hostname': instance.localHostname,
    'local-ipv4': instance.localIp,
    'public-hostname': instance.publicHostname,
    'public-ipv4': instance.publicIp,
    region: instance.region,
    ...extra,
  };
}

const addressAnnotations: Readonly<Record<string, string>> = {
  InternalIP: 'local-ipv4',
  ExternalDNS: 'public-hostname',
  ExternalIP: 'public-ipv4',
};

/** NTH's annotations in queue mode, where the operator's own win over addresses only. */
export function nodeAnnotations(node: DescribedNode | undefined, extra: Annotations): Annotations {
  const { metadata = {}, spec = {}, status = {} } = node ?? {};
  const { name = '', labels = {} } = metadata;
  const addresses: Record<string, string> = {};
  for (const { type, address } of status.addresses ?? []) {
    const key = addressAnnotations[type];
    if (key !== undefined) addresses[key] ??= address;
  }
  return {
    ...addresses,
    ...extra,
    ...(node && {
      'availability-zone': labels['topology.kubernetes.io/zone'] ?? '',
      'instance-id': spec.providerID?.split('/').at(-1) ?? '',
      'instance-type': labels['node.kubernetes.io/instance-type'] ?? '',
      'local-hostname': name,
      region: labels['topology.kubernetes.io/region'] ?? '',
    }),
  };
}
