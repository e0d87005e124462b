import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditEvent } from '../parts/audit-log.ts';
import { startCluster, type Cluster } from '../parts/cluster.ts';
import { ProcessGroup } from '../parts/process-group.ts';
import { BareDrain } from './bare-drain.ts';
import type { Benchmark, BenchmarkOptions, Table } from './benchmark.ts';
import { createBusyNode, untilEmpty } from './busy-node.ts';
import { DaemonProcess } from './daemon-process.ts';
import { MetadataService } from './metadata-service.ts';
import { cpuSeconds, forgetPeak, memoryOf } from './process-figures.ts';
import { createDaemonAccount, daemonUser, type DaemonAccount } from './rights.ts';
import { median, spread } from './statistics.ts';

const podCount = 100;
const floorConnections = 40;
const drainTimeoutMs = 60_000;

/** The daemon has come to rest, and a notice comes at any moment between two polls. */
const restMs = 2000;
const pollMs = 1000;

/** By the API server's own record: "asked" is when it answered the last eviction. */
interface Drain {
  readonly askedMs: number;
  readonly apiCalls: number;
}

interface DaemonDrain extends Drain {
  readonly shownToMarkedMs: number;
  readonly takenToMarkedMs: number;
  readonly markedToAskedMs: number;
  readonly cpuMs: number;
  readonly peakRssMb: number;
}

/** One node with 100 pods: how long from the notice until every pod is asked to leave, beside the floor. */
export const drain: Benchmark = async (options, say) => {
  say('starts a cluster');
  const cluster = await startCluster();
  const processes = await ProcessGroup.create('bench-drain');
  try {
    const account = await createDaemonAccount(cluster);
    const floors: Drain[] = [];
    const drains: DaemonDrain[] = [];
    // The first of each warms up the API server.
    for (let round = 0; round <= options.rounds; round += 1) {
      say(`round ${round} of ${options.rounds}`);
      floors.push(await bareDrain(cluster, account, `floor-${round}`));
      drains.push(await daemonDrain(cluster, processes, account, `daemon-${round}`, options));
    }
    return [table(floors.slice(1), drains.slice(1))];
  } finally {
    await processes.stop();
    await cluster.stop();
  }
};

async function bareDrain(cluster: Cluster, { token }: DaemonAccount, node: string): Promise<Drain> {
  const pods = await createBusyNode(cluster, node, podCount);
  const bare = new BareDrain({
    server: cluster.server,
    ca: cluster.ca,
    token,
    connections: floorConnections,
  });
  await bare.connect();
  const sinceMs = Date.now();
  await bare.run(node, pods);
  bare.close();
  await untilEmpty(cluster, node);
  const calls = await callsSince(cluster, sinceMs);
  return { askedMs: lastAsked(calls) - (calls[0]?.receivedAtMs ?? Number.NaN), apiCalls: calls.length };
}

async function daemonDrain(
  cluster: Cluster,
  processes: ProcessGroup,
  { folder }: DaemonAccount,
  node: string,
  { daemon: build }: BenchmarkOptions,
): Promise<DaemonDrain> {
  await createBusyNode(cluster, node, podCount);
  const imds = await MetadataService.start();
  const daemon = await DaemonProcess.start(processes, build, {
    node,
    metadataUrl: imds.url,
    apiServer: new URL(cluster.server),
    credentialsFolder: folder,
  });
  await sleep(restMs + Math.random() * pollMs);
  const cpuBefore = cpuSeconds(daemon.pid);
  forgetPeak(daemon.pid);
  const shownAtMs = await imds.interrupt();
  await daemon.hasLogged('Node successfully cordoned and drained', drainTimeoutMs);
  const cpuMs = (cpuSeconds(daemon.pid) - cpuBefore) * 1000;
  const { peakRssMb } = memoryOf(daemon.pid);
  const takenAtMs = await imds.noticeTakenAtMs();
  await daemon.stop();
  await imds.stop();
  const calls = await callsSince(cluster, shownAtMs);
  const markedAtMs = calls.find(({ verb }) => verb === 'patch')?.answeredAtMs ?? Number.NaN;
  return {
    shownToMarkedMs: markedAtMs - shownAtMs,
    takenToMarkedMs: markedAtMs - takenAtMs,
    markedToAskedMs: lastAsked(calls) - markedAtMs,
    askedMs: lastAsked(calls) - takenAtMs,
    apiCalls: calls.length,
    cpuMs,
    peakRssMb,
  };
}

async function callsSince(cluster: Cluster, sinceMs: number): Promise<AuditEvent[]> {
  await cluster.audit.quiet();
  return cluster.audit.events({ user: daemonUser, sinceMs });
}

function lastAsked(calls: readonly AuditEvent[]): number {
  const asked = calls.filter(
    ({ subresource, statusCode }) => subresource === 'eviction' && statusCode === 201,
  );
  if (asked.length !== podCount)
    throw new Error(`Cannot compare: ${asked.length} of ${podCount} pods were asked`);
  return Math.max(...asked.map(({ answeredAtMs }) => answeredAtMs));
}

function table(floors: readonly Drain[], drains: readonly DaemonDrain[]): Table {
  const of = (figure: keyof DaemonDrain): number[] => drains.map((drain) => drain[figure]);
  const floor = floors.map(({ askedMs }) => askedMs);
  const mostAskedMs = 2 * median(floor) + 300;
  const ratios = drains.map(({ askedMs }, round) => askedMs / (floor[round] ?? Number.NaN));
  return {
    title: `1 node, ${podCount} pods, a real API server; median (least to most) of ${drains.length} rounds, floor and daemon in turn`,
    figures: [
      {
        figure: 'notice shown to node marked',
        measured: spread(of('shownToMarkedMs'), 'ms'),
        target: `<= ${1.1 * pollMs + 300} ms, the poll's 1 s ± 10 % included`,
        isMet: median(of('shownToMarkedMs')) <= 1.1 * pollMs + 300,
      },
      { figure: 'notice taken to node marked', measured: spread(of('takenToMarkedMs'), 'ms') },
      {
        figure: 'node marked to last pod asked',
        measured: spread(of('markedToAskedMs'), 'ms'),
        target: '<= 1000 ms',
        isMet: median(of('markedToAskedMs')) <= 1000,
      },
      {
        figure: `floor: PATCH and evictions only, ${floorConnections} connections`,
        measured: spread(floor, 'ms'),
      },
      {
        figure: 'notice taken to last pod asked',
        measured: spread(of('askedMs'), 'ms'),
        target: `<= 2 x floor + 300 = ${mostAskedMs.toFixed(0)} ms`,
        isMet: median(of('askedMs')) <= mostAskedMs,
      },
      { figure: 'the same, as a multiple of the floor', measured: spread(ratios, 'x', 2) },
      {
        figure: 'API calls',
        measured: spread(of('apiCalls'), ''),
        target: `<= pods + 6 = ${podCount + 6}`,
        isMet: Math.max(...of('apiCalls')) <= podCount + 6,
      },
      { figure: 'CPU time of the daemon', measured: spread(of('cpuMs'), 'ms') },
      {
        figure: 'peak RSS',
        measured: spread(of('peakRssMb'), 'MB', 1),
        target: '<= 80 MB',
        isMet: median(of('peakRssMb')) <= 80,
      },
    ],
  };
}
