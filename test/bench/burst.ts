import { setTimeout as sleep } from 'node:timers/promises';
import { startCluster, type Cluster } from '../parts/cluster.ts';
import { ProcessGroup } from '../parts/process-group.ts';
import { until } from '../parts/until.ts';
import { neededRights } from '../e2e/service-account.ts';
import { AwsService, type AwsState } from './aws-service.ts';
import { auditedDrains } from './audited-drains.ts';
import { BareDrain } from './bare-drain.ts';
import type { Benchmark, BenchmarkOptions, Table } from './benchmark.ts';
import { createBusyNodes, untilEmpty } from './busy-node.ts';
import { createDaemonAccount, type DaemonAccount } from './daemon-account.ts';
import { DaemonProcess } from './daemon-process.ts';
import { cpuSeconds, forgetPeak, memoryOf } from './process-figures.ts';
import { median, spread } from './statistics.ts';

const connections = 40;
const settleTimeoutMs = 180_000;
/** The nodes are listed, their tags are known, and what was needed to start only is given back. */
const restMs = 15_000;
const mostIdleMb = 80;

interface Shape {
  readonly nodes: number;
  readonly podsPerNode: number;
  readonly mostCordonMs: number;
  readonly mostRssMb: number;
}

/** A capacity reclaim, and a big one. */
const shapes: readonly Shape[] = [
  { nodes: 50, podsPerNode: 10, mostCordonMs: 1_000, mostRssMb: 90 },
  { nodes: 500, podsPerNode: 4, mostCordonMs: 4_000, mostRssMb: 90 },
];

const queueRights = neededRights.map((rule) =>
  rule.resources.includes('nodes') ? { ...rule, verbs: ['get', 'list', 'watch', 'patch'] } : rule,
);

interface Drained {
  readonly cordonP50Ms: number;
  readonly cordonP99Ms: number;
  readonly askedMs: number;
  readonly callsPerNode: number;
}

interface Settled extends Drained {
  readonly settledMs: number;
  readonly ec2Calls: number;
  readonly receives: number;
  readonly idleRssMb: number;
  readonly peakRssMb: number;
  readonly cpuMs: number;
}

interface Stage {
  readonly cluster: Cluster;
  readonly processes: ProcessGroup;
  readonly account: DaemonAccount;
  readonly options: BenchmarkOptions;
}

/** Spot warnings of many nodes at once, by a queue, to one replica. */
export const burst: Benchmark = async (options, say) => {
  await using parts = new AsyncDisposableStack();
  const processes = await ProcessGroup.create('bench-burst');
  parts.defer(() => processes.stop());
  say('starts a cluster');
  const cluster = await startCluster();
  parts.defer(() => cluster.stop());
  const account = await createDaemonAccount(cluster, 'burst', queueRights);
  const stage = { cluster, processes, account, options };
  const tables: Table[] = [];
  for (const shape of shapes) {
    const floors: Drained[] = [];
    const bursts: Settled[] = [];
    const rounds = Math.min(options.rounds, 3);
    for (let round = 0; round < rounds; round += 1) {
      say(`${shape.nodes} x ${shape.podsPerNode} pods, round ${round + 1} of ${rounds}`);
      floors.push(await bareDrain(stage, shape, `floor${shape.nodes}r${round}`));
      bursts.push(await burstDrain(stage, shape, `burst${shape.nodes}r${round}`));
    }
    tables.push(table(shape, floors, bursts));
  }
  return tables;
};

function namesOf({ nodes }: Shape, name: string): string[] {
  return Array.from({ length: nodes }, (_, number) => `${name}n${number}`);
}

/** Nothing but the calls that must be: a PATCH for each node, and its evictions. */
async function bareDrain({ cluster, account }: Stage, shape: Shape, name: string): Promise<Drained> {
  const nodes = await createBusyNodes(cluster, namesOf(shape, name), shape.podsPerNode);
  const { server, ca } = cluster;
  const bare = new BareDrain({ server, ca, token: account.token, connections });
  await bare.connect();
  const sinceMs = Date.now();
  await Promise.all([...nodes].map(([node, pods]) => bare.run(node, pods)));
  bare.close();
  for (const node of nodes.keys()) await untilEmpty(cluster, node);
  return drained(cluster, account, shape, sinceMs);
}

async function burstDrain(stage: Stage, shape: Shape, name: string): Promise<Settled> {
  const { cluster, processes, account, options } = stage;
  const names = namesOf(shape, name);
  await createBusyNodes(cluster, names, shape.podsPerNode);
  const machines = names.map((node) => ({ instanceId: `i-${node}`, name: node }));
  const aws = await AwsService.start();
  await aws.order({ type: 'machines', machines });
  const daemon = await DaemonProcess.start(processes, options.daemon, {
    node: name,
    metadataUrl: 'http://127.0.0.1:9',
    apiServer: new URL(cluster.server),
    wrapper: account.wrapper,
    env: {
      ENABLE_SQS_TERMINATION_DRAINING: 'true',
      QUEUE_URL: aws.queueUrl,
      AWS_ENDPOINT: aws.url,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret',
    },
  });
  try {
    await sleep(restMs);
    const { pid } = daemon;
    const { rssMb: idleRssMb } = memoryOf(pid);
    forgetPeak(pid);
    const cpuBefore = cpuSeconds(pid);
    const instanceIds = machines.map(({ instanceId }) => instanceId);
    const { atMs: sinceMs } = await aws.order({ type: 'interrupt', instanceIds });
    const state = await settled(aws);
    const cpuMs = (cpuSeconds(pid) - cpuBefore) * 1000;
    const { peakRssMb } = memoryOf(pid);
    return {
      ...(await drained(cluster, account, shape, sinceMs)),
      settledMs: (state.settledAtMs ?? Number.NaN) - sinceMs,
      ec2Calls: state.calls['DescribeInstances'] ?? 0,
      receives: state.calls['ReceiveMessage'] ?? 0,
      idleRssMb,
      peakRssMb,
      cpuMs,
    };
  } finally {
    await daemon.stop();
    await aws.stop();
  }
}

async function settled(aws: AwsService): Promise<AwsState> {
  let state: AwsState | undefined;
  const isSettled = async (): Promise<boolean> => {
    state = await aws.order({ type: 'state' });
    return state.settledAtMs !== undefined && state.left === 0;
  };
  await until(isSettled, { what: 'all messages are deleted', timeoutMs: settleTimeoutMs });
  if (!state) throw new Error('Cannot tell when all was settled');
  return state;
}

async function drained(
  cluster: Cluster,
  account: DaemonAccount,
  shape: Shape,
  sinceMs: number,
): Promise<Drained> {
  const pods = shape.nodes * shape.podsPerNode;
  const { askedMs, marksMs, apiCalls } = await auditedDrains(cluster, { user: account.user, sinceMs, pods });
  return {
    cordonP50Ms: median(marksMs),
    cordonP99Ms: marksMs[Math.ceil(marksMs.length * 0.99) - 1] ?? Number.NaN,
    askedMs,
    callsPerNode: apiCalls / shape.nodes,
  };
}

function table(shape: Shape, floors: readonly Drained[], bursts: readonly Settled[]): Table {
  const of = (figure: keyof Settled): number[] => bursts.map((it) => it[figure]);
  const floor = floors.map(({ askedMs }) => askedMs);
  const asked = of('askedMs');
  const mostMs = 1.7 * median(floor);
  const mostCalls = shape.podsPerNode + 6;
  const atMost = (figure: string, values: readonly number[], most: number, unit: string, digits = 0) => ({
    figure,
    measured: spread(values, unit, digits),
    target: `<= ${most.toFixed(0)} ${unit}`.trim(),
    isMet: median(values) <= most,
  });
  return {
    title: `${shape.nodes} Spot warnings at once, ${shape.podsPerNode} pods a node, one replica; median (least to most) of ${bursts.length} rounds, floor and daemon in turn`,
    figures: [
      { figure: 'notices to cordon, P50', measured: spread(of('cordonP50Ms'), 'ms') },
      atMost('notices to cordon, P99', of('cordonP99Ms'), shape.mostCordonMs, 'ms'),
      {
        figure: `floor: PATCH and evictions only, ${connections} connections`,
        measured: spread(floor, 'ms'),
      },
      atMost('notices to last pod asked', asked, mostMs, 'ms'),
      {
        figure: 'the same, as a multiple of the floor (1.7 x is the target)',
        measured: spread(
          asked.map((ms, round) => ms / (floor[round] ?? Number.NaN)),
          'x',
          2,
        ),
      },
      { figure: 'notices to all settled', measured: spread(of('settledMs'), 'ms') },
      atMost('API calls a node', of('callsPerNode'), mostCalls, '', 1),
      atMost('EC2 calls', of('ec2Calls'), 0, ''),
      { figure: 'SQS receives', measured: spread(of('receives'), '') },
      { figure: 'CPU time', measured: spread(of('cpuMs'), 'ms') },
      atMost('RSS before', of('idleRssMb'), mostIdleMb, 'MB', 1),
      atMost('peak RSS', of('peakRssMb'), shape.mostRssMb, 'MB', 1),
    ],
  };
}
