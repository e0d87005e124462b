import type { ApiClient } from '../parts/api-client.ts';
import type { Node } from '../parts/objects.ts';

const LABELS = ['action', 'action-time', 'event-id'].map((name) => `aws-node-termination-handler/${name}`);

/**
 * What NTH does at its start with a node that carries its labels: if the machine has booted since
 * the time in the label, it uncordons the node, and takes its labels and taints off.
 */
export async function uncordonAsNthDoes(
  client: ApiClient,
  name: string,
  bootedAtMs: number,
): Promise<boolean> {
  const path = `/api/v1/nodes/${name}`;
  const { metadata, spec } = await client.call<Node>('GET', path);
  const [action = '', actionTime = ''] = LABELS;
  if (metadata.labels?.[action] !== 'UncordonAfterReboot') return false;
  const since = Number(metadata.labels[actionTime] ?? Number.NaN);
  if (!(bootedAtMs / 1000 > since)) return false;
  const taints = (spec.taints ?? []).filter(({ key }) => !key.startsWith('aws-node-termination-handler/'));
  await client.call('PATCH', path, {
    metadata: { labels: Object.fromEntries(LABELS.map((label) => [label, null])) },
    spec: { unschedulable: null, taints },
  });
  return true;
}
