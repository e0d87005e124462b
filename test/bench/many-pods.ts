import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../.ci/bundle/bundle.ts';
import { startCluster, type Cluster } from '../parts/cluster.ts';
import { ProcessGroup } from '../parts/process-group.ts';
import { until } from '../parts/until.ts';
import { auditedDrains } from './audited-drains.ts';
import { BareDrain } from './bare-drain.ts';
import type { Benchmark, BenchmarkOptions, Table } from './benchmark.ts';
import { createBusyNodes, untilEmpty } from './busy-node.ts';
import { createDaemonAccount, type DaemonAccount } from './daemon-account.ts';
import { cpuSeconds, forgetPeak, memoryOf } from './process-figures.ts';
import { median, spread } from './statistics.ts';

const connections = 40;
const timeoutMs = 120_000;
const drainedText = 'Node successfully cordoned and drained';

interface Shape {
  readonly nodes: number;
  readonly podsPerNode: number;
  readonly mostRssMb: number;
}

/** The node with the most pods that is usual, and a queue's bursts. */
const shapes: readonly Shape[] = [
  { nodes: 1, podsPerNode: 250, mostRssMb: 80 },
  { nodes: 50, podsPerNode: 20, mostRssMb: 80 },
  { nodes: 500, podsPerNode: 4, mostRssMb: 90 },
];

interface Drained {
  readonly askedMs: number;
  readonly markedMs: number;
  readonly apiCalls: number;
}

interface ProcessDrained extends Drained {
  /** Before its first request. */
  readonly restRssMb: number;
  readonly peakRssMb: number;
  readonly cpuMs: number;
}

interface Stage {
  readonly cluster: Cluster;
  readonly processes: ProcessGroup;
  readonly account: DaemonAccount;
  readonly command: readonly string[];
}

/** Many pods at once: a full node, and 50 nodes that one process drains. */
export const manyPods: Benchmark = async (options, say) => {
  await using parts = new AsyncDisposableStack();
  const processes = await ProcessGroup.create('bench-many-pods');
  parts.defer(() => processes.stop());
  const command = await buildDrainer(processes.folder, options);
  say('starts a cluster');
  const cluster = await startCluster();
  parts.defer(() => cluster.stop());
  const account = await createDaemonAccount(cluster, 'many-pods');
  const stage = { cluster, processes, account, command };
  const tables: Table[] = [];
  for (const shape of shapes) {
    const floors: Drained[] = [];
    const drains: ProcessDrained[] = [];
    // The first of each warms up the API server.
    for (let round = 0; round <= options.rounds; round += 1) {
      say(`${shape.nodes} x ${shape.podsPerNode} pods, round ${round} of ${options.rounds}`);
      floors.push(await bareDrain(stage, shape, `floor-${shape.nodes}-${round}`));
      drains.push(await processDrain(stage, shape, `drain-${shape.nodes}-${round}`));
    }
    tables.push(table(shape, floors.slice(1), drains.slice(1)));
  }
  return tables;
};

async function buildDrainer(folder: string, { daemon }: BenchmarkOptions): Promise<readonly string[]> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const entry = fileURLToPath(new URL('many-nodes-process.ts', import.meta.url));
  await bundle({ root, entry, outFolder: join(folder, 'bundle') });
  return [daemon.node, ...daemon.nodeFlags, join(folder, 'bundle', 'main.cjs')];
}

function fill({ cluster }: Stage, { nodes, podsPerNode }: Shape, name: string) {
  const names = Array.from({ length: nodes }, (_, number) => `${name}-${number}`);
  return createBusyNodes(cluster, names, podsPerNode);
}

/** Nothing but the calls that must be: a PATCH for each node, and its evictions. */
async function bareDrain(stage: Stage, shape: Shape, name: string): Promise<Drained> {
  const { cluster, account } = stage;
  const nodes = await fill(stage, shape, name);
  const { server, ca } = cluster;
  const bare = new BareDrain({ server, ca, token: account.token, connections });
  await bare.connect();
  const sinceMs = Date.now();
  await Promise.all([...nodes].map(([node, pods]) => bare.run(node, pods)));
  bare.close();
  for (const node of nodes.keys()) await untilEmpty(cluster, node);
  return drained(stage, shape, sinceMs);
}

async function processDrain(stage: Stage, shape: Shape, name: string): Promise<ProcessDrained> {
  const { cluster, processes, account, command } = stage;
  const nodes = await fill(stage, shape, name);
  const { hostname, port } = new URL(cluster.server);
  const [program = '', ...args] = [...command, hostname, port, account.folder, ...nodes.keys()];
  const started = processes.start(name, program, args, { MALLOC_ARENA_MAX: '1' });
  const { pid, logPath, lost } = started;
  if (pid === undefined) throw new Error(`Cannot start ${name}`);
  const hasLogged = (text: string, times: number) =>
    until(() => Promise.resolve(readFileSync(logPath, 'utf8').split(text).length > times), {
      what: `${times} x "${text}", see ${logPath}`,
      timeoutMs,
      lost,
    });
  await hasLogged('waits for SIGUSR2', 1);
  const { rssMb: restRssMb } = memoryOf(pid);
  const cpuBefore = cpuSeconds(pid);
  forgetPeak(pid);
  const sinceMs = Date.now();
  process.kill(pid, 'SIGUSR2');
  await hasLogged(drainedText, shape.nodes);
  const cpuMs = (cpuSeconds(pid) - cpuBefore) * 1000;
  const { peakRssMb } = memoryOf(pid);
  await started.kill('SIGTERM');
  return { ...(await drained(stage, shape, sinceMs)), restRssMb, peakRssMb, cpuMs };
}

async function drained({ cluster, account }: Stage, shape: Shape, sinceMs: number): Promise<Drained> {
  const pods = shape.nodes * shape.podsPerNode;
  const { marksMs, ...rest } = await auditedDrains(cluster, { user: account.user, sinceMs, pods });
  return { ...rest, markedMs: Math.max(...marksMs) };
}

function table(shape: Shape, floors: readonly Drained[], drains: readonly ProcessDrained[]): Table {
  const of = (figure: keyof ProcessDrained): number[] => drains.map((drain) => drain[figure]);
  const floor = floors.map(({ askedMs }) => askedMs);
  const asked = of('askedMs');
  const mostMs = 2 * median(floor);
  const peaks = of('peakRssMb');
  return {
    title: `${shape.nodes} x ${shape.podsPerNode} pods drained by one process; median (least to most) of ${drains.length} rounds, floor and process in turn`,
    figures: [
      {
        figure: `floor: PATCH and evictions only, ${connections} connections`,
        measured: spread(floor, 'ms'),
      },
      {
        figure: 'notices to last node marked',
        measured: spread(of('markedMs'), 'ms'),
      },
      {
        figure: 'notices to last pod asked',
        measured: spread(asked, 'ms'),
        target: `<= 2 x floor = ${mostMs.toFixed(0)} ms`,
        isMet: median(asked) <= mostMs,
      },
      {
        figure: 'the same, as a multiple of the floor',
        measured: spread(
          asked.map((ms, round) => ms / (floor[round] ?? Number.NaN)),
          'x',
          2,
        ),
      },
      {
        figure: 'API calls',
        measured: spread(of('apiCalls'), ''),
        target: `<= pods + 8 a node = ${shape.nodes * (shape.podsPerNode + 8)}`,
        isMet: Math.max(...drains.map(({ apiCalls }) => apiCalls)) <= shape.nodes * (shape.podsPerNode + 8),
      },
      { figure: 'CPU time', measured: spread(of('cpuMs'), 'ms') },
      { figure: 'RSS before', measured: spread(of('restRssMb'), 'MB', 1) },
      {
        figure: 'peak RSS',
        measured: spread(peaks, 'MB', 1),
        target: `<= ${shape.mostRssMb} MB`,
        isMet: median(peaks) <= shape.mostRssMb,
      },
    ],
  };
}
