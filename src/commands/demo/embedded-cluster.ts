import { nthRules } from '../../../test/fakes/api-server/access.ts';
import { FakeApiServer } from '../../../test/fakes/api-server.ts';
import type { Clock } from '../../clock.ts';
import { guardedName, ownerOf, podsOf, workloads, type Workload } from './workloads.ts';

export const drainedNode = 'ip-10-0-1-23';
export const otherNode = 'ip-10-0-2-47';

/** From the creation of a replacement until it is Ready. */
const replacementReadySeconds = 2.5;
/** Longer for the guarded one, so that its budget holds the last pod back for a while. */
const guardedReadySeconds = 4.5;

/** What the daemon's token allows: what NTH's ClusterRole grants, and what ours adds to it. */
const daemonRules = [
  ...nthRules,
  { apiGroups: [''], resources: ['pods'], verbs: ['watch', 'delete'] },
  { apiGroups: [''], resources: ['pods/status'], verbs: ['patch'] },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: ['list', 'watch'] },
  { apiGroups: ['storage.k8s.io'], resources: ['volumeattachments'], verbs: ['list', 'watch'] },
];
const daemonToken = 'token-of-the-daemon';

/**
 * An API server on loopback with two nodes: one full of pods, one with room.
 * @param pace what a second of the pods' takes here, in milliseconds
 */
export async function startCluster(
  pace: number,
  { clock }: { readonly clock: Clock },
): Promise<FakeApiServer> {
  const api = await FakeApiServer.start({}, { clock });
  api.access.grant(daemonToken, { name: 'system:serviceaccount:kube-system:nth', rules: daemonRules });
  for (const name of [drainedNode, otherNode]) api.addNode({ name });
  for (const workload of workloads) addWorkload(api, workload, pace);
  api.addBudget({ name: guardedName, namespace: 'shop', matchLabels: { app: guardedName }, minAvailable: 1 });
  return api;
}

/** The kubeconfig file's text for the daemon. */
export function daemonKubeconfig(api: FakeApiServer): string {
  return api.kubeconfig(daemonToken);
}

function addWorkload(api: FakeApiServer, workload: Workload, pace: number): void {
  for (const pod of podsOf(workload, drainedNode, pace)) api.addPod(pod);
  const owner = ownerOf(workload);
  if (owner === undefined || workload.kind === 'Job' || workload.kind === 'DaemonSet') return;
  const { namespace, name } = workload;
  const readySeconds = name === guardedName ? guardedReadySeconds : replacementReadySeconds;
  api.addController({ owner, namespace, readyAfterMs: readySeconds * pace, node: otherNode });
}
