import { setTimeout as sleep } from 'node:timers/promises';
import { startCluster, type Cluster } from '../parts/cluster.ts';
import { ProcessGroup } from '../parts/process-group.ts';
import type { Benchmark, DaemonBuild } from './benchmark.ts';
import { createDaemonAccount, type DaemonAccount } from './daemon-account.ts';
import { DaemonProcess } from './daemon-process.ts';
import { MetadataService } from './metadata-service.ts';
import { ReclaimObserver } from './reclaim-observer.ts';
import { verdict, type Reclaim } from './reclaim-verdict.ts';
import { runServices, services } from './reclaim-workloads.ts';

/** As many daemons as 2 cores take beside a control plane. */
const reclaimedNodes = 4;
const spareNodes = 3;
const namespace = 'reclaim';
/** The daemons have come to rest. */
const restMs = 3_000;
/** Pods that end at the last moment have been seen to. */
const afterTheCutMs = 1_000;

interface Machine {
  readonly node: string;
  readonly daemon: DaemonProcess;
  readonly metadata: MetadataService;
}

/** Several Spot machines are reclaimed at once, with more to move than budgets let go in time. */
export const reclaim: Benchmark = async (options, say) => {
  await using parts = new AsyncDisposableStack();
  const processes = await ProcessGroup.create('bench-reclaim');
  parts.defer(() => processes.stop());
  say('starts a cluster');
  const cluster = await startCluster();
  parts.defer(() => cluster.stop());
  const account = await createDaemonAccount(cluster, 'reclaim');
  const nodes = await createNodes(cluster, 'reclaimed', reclaimedNodes);
  say('fills the nodes');
  await runServices(cluster, namespace);
  await createNodes(cluster, 'spare', spareNodes);
  const machines: Machine[] = [];
  for (const node of nodes) {
    const machine = await startMachine(node, options.daemon, { cluster, processes, account });
    parts.defer(() => machine.metadata.stop());
    machines.push(machine);
  }
  const observer = await ReclaimObserver.of(cluster, namespace);
  await sleep(restMs);
  say('the notices are there; the power is cut in 120 s');
  const reclaims = await Promise.all(machines.map(untilPowerCut));
  await sleep(afterTheCutMs);
  const observed = await observer.stop();
  await cluster.audit.quiet();
  const calls = await cluster.audit.events({ user: account.user });
  return verdict({ reclaims, services, observed, calls });
};

async function createNodes(cluster: Cluster, name: string, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, number) => `${name}-${number}`);
  for (const node of names) await cluster.createNode(node);
  return names;
}

async function startMachine(
  node: string,
  build: DaemonBuild,
  modules: {
    readonly cluster: Cluster;
    readonly processes: ProcessGroup;
    readonly account: DaemonAccount;
  },
): Promise<Machine> {
  const { cluster, processes, account } = modules;
  const metadata = await MetadataService.start();
  const daemon = await DaemonProcess.start(processes, build, {
    node,
    metadataUrl: metadata.url,
    apiServer: new URL(cluster.server),
    wrapper: account.wrapper,
  });
  return { node, daemon, metadata };
}

/** The machine's programs end with it, without a word. */
async function untilPowerCut({ node, daemon, metadata }: Machine): Promise<Reclaim> {
  const { atMs, endsAtMs } = await metadata.interrupt();
  await sleep(endsAtMs - Date.now());
  await daemon.stop('SIGKILL');
  return { node, noticedAtMs: atMs, endsAtMs };
}
