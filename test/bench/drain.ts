import { startCluster } from '../parts/cluster.ts';
import { ProcessGroup } from '../parts/process-group.ts';
import type { Benchmark, Table } from './benchmark.ts';
import {
  bareDrain,
  daemonDrain,
  floorConnections,
  podCount,
  pollMs,
  type DaemonDrain,
  type Drain,
} from './measured-drain.ts';
import { createDaemonAccount } from './daemon-account.ts';
import { median, spread } from './statistics.ts';

/** One node with 100 pods: how long from the notice until every pod is asked to leave, beside the floor. */
export const drain: Benchmark = async (options, say) => {
  say('starts a cluster');
  const cluster = await startCluster();
  const processes = await ProcessGroup.create('bench-drain');
  try {
    const account = await createDaemonAccount(cluster, 'daemon');
    const floors: Drain[] = [];
    const drains: DaemonDrain[] = [];
    // The first of each warms up the API server.
    for (let round = 0; round <= options.rounds; round += 1) {
      say(`round ${round} of ${options.rounds}`);
      floors.push(await bareDrain(cluster, account, `floor-${round}`));
      drains.push(await daemonDrain(cluster, processes, account, `daemon-${round}`, options.daemon));
    }
    return [table(floors.slice(1), drains.slice(1))];
  } finally {
    await processes.stop();
    await cluster.stop();
  }
};

function table(floors: readonly Drain[], drains: readonly DaemonDrain[]): Table {
  const of = (figure: Exclude<keyof DaemonDrain, 'otherCalls'>): number[] =>
    drains.map((drain) => drain[figure]);
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
        target: `<= pods + 8 = ${podCount + 8}`,
        isMet: Math.max(...of('apiCalls')) <= podCount + 8,
      },
      { figure: 'of these, no evictions (last round)', measured: drains.at(-1)?.otherCalls.join(', ') ?? '' },
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
