import { startCluster } from '../parts/cluster.ts';
import { ProcessGroup } from '../parts/process-group.ts';
import { startBareServer } from './bare-server.ts';
import type { Benchmark } from './benchmark.ts';
import { createBusyNode } from './busy-node.ts';
import { allKinds, chartKinds } from './chart-environment.ts';
import { DaemonLife } from './daemon-life.ts';
import { footprintTable } from './footprint-table.ts';
import { memoryOf } from './process-figures.ts';
import { createDaemonAccount } from './daemon-account.ts';
import { measureStarts } from './starts.ts';

const podCount = 100;
const variants = [
  { node: 'node-chart', name: "the chart's kinds (Spot, maintenance, Auto Scaling)", env: chartKinds },
  { node: 'node-all', name: 'all four kinds', env: allKinds },
];

/** The daemon on its node: its start, an idle time, and one drain. */
export const footprint: Benchmark = async (options, say) => {
  await using parts = new AsyncDisposableStack();
  const processes = await ProcessGroup.create('bench-footprint');
  parts.defer(() => processes.stop());
  say('starts the daemon and a bare Node server in turn');
  const starts = await measureStarts(processes, options);
  say('starts a cluster');
  const cluster = await startCluster();
  parts.defer(() => cluster.stop());
  const lives: DaemonLife[] = [];
  for (const variant of variants) {
    await createBusyNode(cluster, variant.node, podCount);
    const account = await createDaemonAccount(cluster, variant.node);
    const life = await DaemonLife.begin(variant, options.daemon, { processes, cluster, account });
    parts.defer(() => life.end());
    lives.push(life);
  }
  const bare = await startBareServer(processes, options.daemon);
  say(`idles for ${options.idleMinutes} minutes`);
  const rested = await Promise.all(
    lives.map(async (life) => ({ life, idle: await life.idle(options.idleMinutes * 60_000) })),
  );
  const floor = memoryOf(bare.pid);
  say('drains');
  const tables = rested.map(async ({ life, idle }) =>
    footprintTable(life.name, { idle, drained: await life.drain(), floor }),
  );
  return [starts, ...(await Promise.all(tables))];
};
