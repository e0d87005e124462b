import assert from 'node:assert/strict';
import type { Cluster } from '../parts/cluster.ts';
import type { Node } from '../parts/objects.ts';

/** What everybody who watches nodes for NTH's marks finds after a Spot notice. */
export function assertMarks({ spec, metadata }: Node): void {
  assert.equal(spec.unschedulable, true);
  assert.deepEqual(
    spec.taints?.map(({ key }) => key).filter((key) => key.startsWith('aws-')),
    ['aws-node-termination-handler/spot-itn'],
  );
  assert.equal(
    metadata.labels?.['node.kubernetes.io/exclude-from-external-load-balancers'],
    'aws-node-termination-handler',
  );
  assert.ok(metadata.annotations?.['aws-node-termination-handler/state'] !== undefined);
}

/** Once its conditions say so, which are written in the background. */
export async function drainedNode(cluster: Cluster, name: string): Promise<Node> {
  const isDrained = ({ status }: Node): boolean =>
    status?.conditions?.find(({ type }) => type === 'Drained')?.status === 'True';
  const collection = `/api/v1/nodes?fieldSelector=metadata.name%3D${name}`;
  const options = { what: 'the Node is told to be drained', timeoutMs: 30_000 };
  const [node] = await cluster.seen<Node>(collection, (nodes) => nodes.some(isDrained), options);
  return node ?? assert.fail();
}
