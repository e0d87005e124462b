import type { Manifest } from './helm.ts';
import { NAMESPACE, type ReleaseInCluster, type ReleasePod } from './release-in-cluster.ts';
import { only, type Container } from './workload.ts';

/** What the container of `helm test` says, with the rights of a pod whose daemon runs on this machine. */
export async function testOutput(
  release: ReleaseInCluster,
  pod: ReleasePod,
  manifests: readonly Manifest[],
): Promise<string> {
  const { spec } = only(manifests, 'Pod') as unknown as {
    readonly spec: { readonly containers: readonly [Container] };
  };
  const path = `/api/v1/namespaces/${NAMESPACE}/pods/${pod.metadata.name}/status`;
  const status = { podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }] };
  await release.cluster.api('PATCH', path, { status }, 'application/merge-patch+json');
  return (await release.runCommand(pod, spec.containers[0])).output;
}
