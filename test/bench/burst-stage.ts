import type { Pod } from '../parts/objects.ts';
import { startCluster, type Cluster, type ClusterOptions } from '../parts/cluster.ts';
import { ProcessGroup } from '../parts/process-group.ts';
import { neededRights } from '../e2e/service-account.ts';
import { auditedDrains } from './audited-drains.ts';
import { BareDrain } from './bare-drain.ts';
import type { BenchmarkOptions } from './benchmark.ts';
import { untilEmpty } from './busy-node.ts';
import { createDaemonAccount, type DaemonAccount } from './daemon-account.ts';
import { median } from './statistics.ts';

export const floorConnections = 40;

const queueRights = neededRights.map((rule) =>
  rule.resources.includes('nodes') ? { ...rule, verbs: ['get', 'list', 'watch', 'patch'] } : rule,
);

/** Where the daemon and its floor drain many nodes at once, in turn. */
export interface BurstStage {
  readonly cluster: Cluster;
  readonly processes: ProcessGroup;
  readonly account: DaemonAccount;
  readonly options: BenchmarkOptions;
}

/** So many nodes at once. */
export interface BurstSize {
  readonly nodes: number;
  readonly podsPerNode: number;
}

/** By the API server's own record. */
export interface Drained {
  readonly cordonP50Ms: number;
  readonly cordonP99Ms: number;
  readonly askedMs: number;
  readonly callsPerNode: number;
}

/** All of it is gone with `parts`. */
export async function openBurstStage(
  parts: AsyncDisposableStack,
  name: string,
  options: BenchmarkOptions,
  clusterOptions: ClusterOptions = {},
): Promise<BurstStage> {
  const processes = await ProcessGroup.create(`bench-${name}`);
  parts.defer(() => processes.stop());
  const cluster = await startCluster(clusterOptions);
  parts.defer(() => cluster.stop());
  const account = await createDaemonAccount(cluster, name, queueRights);
  return { cluster, processes, account, options };
}

/**
 * The floor: nothing but the calls that must be, a PATCH for each node, and its evictions.
 * @returns when it began
 */
export async function bareBurst(
  { cluster, account }: BurstStage,
  nodes: ReadonlyMap<string, readonly Pod[]>,
): Promise<number> {
  const { server, ca } = cluster;
  const bare = new BareDrain({ server, ca, token: account.token, connections: floorConnections });
  await bare.connect();
  const sinceMs = Date.now();
  await Promise.all([...nodes].map(([node, pods]) => bare.run(node, pods)));
  bare.close();
  for (const node of nodes.keys()) await untilEmpty(cluster, node);
  return sinceMs;
}

/** What was done since an instant, once nobody asks the API server for anything any more. */
export async function drainedSince(
  sinceMs: number,
  { cluster, account }: BurstStage,
  { nodes, podsPerNode }: BurstSize,
): Promise<Drained> {
  const { user } = account;
  const drains = await auditedDrains(cluster, { user, sinceMs, pods: nodes * podsPerNode });
  const { askedMs, marksMs, apiCalls } = drains;
  if (marksMs.length !== nodes)
    throw new Error(`Cannot compare: ${marksMs.length} of ${nodes} nodes were marked`);
  return {
    cordonP50Ms: median(marksMs),
    cordonP99Ms: marksMs[Math.ceil(marksMs.length * 0.99) - 1] ?? Number.NaN,
    askedMs,
    callsPerNode: apiCalls / nodes,
  };
}
