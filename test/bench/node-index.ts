import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../.ci/bundle/bundle.ts';
import { startCluster } from '../parts/cluster.ts';
import { ProcessGroup } from '../parts/process-group.ts';
import { until } from '../parts/until.ts';
import type { Benchmark, BenchmarkOptions, Table } from './benchmark.ts';
import { createDaemonAccount } from './daemon-account.ts';
import { bigFleet, Fleet } from './fleet.ts';
import { cpuSeconds, forgetPeak, memoryOf, type Memory } from './process-figures.ts';

const { count: nodes, beatsPerSecond } = bigFleet;
/** What was needed to start only is given back meanwhile. */
const restMs = 20_000;
const listTimeoutMs = 120_000;
const mostMb = 15;
const mostCpuPercent = 3;

const rights = [{ apiGroups: [''], resources: ['nodes'], verbs: ['list', 'watch'] }];

interface Measured {
  /** Of each Node object, as the API server has it. */
  readonly kilobytes: number;
  readonly before: Memory;
  readonly listedMs: number;
  readonly listCpuSeconds: number;
  readonly listPeakMb: number;
  readonly after: Memory;
  readonly cpuPercent: number;
  readonly beatsPerSecond: number;
}

/** What it takes to know all nodes of a big cluster. */
export const nodeIndex: Benchmark = async (options, say) => {
  await using parts = new AsyncDisposableStack();
  const processes = await ProcessGroup.create('bench-index');
  parts.defer(() => processes.stop());
  const command = await buildIndex(processes.folder, options);
  say('starts an API server');
  const cluster = await startCluster({ controllers: [], scheduler: false, kubelets: false });
  parts.defer(() => cluster.stop());
  const account = await createDaemonAccount(cluster, 'node-index', rights);
  say(`creates ${nodes} nodes`);
  const fleet = await Fleet.create(cluster, bigFleet);
  const kilobytes = (await fleet.bytesOfOne()) / 1000;
  const [program = '', ...args] = command;
  args.push(cluster.kubeconfig('node-index', account.token));
  const started = processes.start('node-index', program, args, { MALLOC_ARENA_MAX: '1' });
  const { pid, logPath, lost } = started;
  if (pid === undefined) throw new Error('Cannot start the process with the index');
  const hasLogged = (text: string) =>
    until(() => Promise.resolve(readFileSync(logPath, 'utf8').includes(text)), {
      what: `"${text}", see ${logPath}`,
      timeoutMs: listTimeoutMs,
      lost,
    });
  await hasLogged('waits for SIGUSR2');
  await sleep(restMs);
  const before = memoryOf(pid);
  say('lists');
  forgetPeak(pid);
  const [sinceMs, cpuBefore] = [performance.now(), cpuSeconds(pid)];
  process.kill(pid, 'SIGUSR2');
  await hasLogged(`listed ${nodes} nodes`);
  const listedMs = performance.now() - sinceMs;
  const listCpuSeconds = cpuSeconds(pid) - cpuBefore;
  say(`${beatsPerSecond} status heartbeats a second for ${options.idleMinutes} minutes`);
  const beating = new AbortController();
  const beats = fleet.beat(beatsPerSecond, beating.signal);
  await sleep(restMs);
  const listPeakMb = memoryOf(pid).peakRssMb;
  const [beatingSinceMs, cpuBeforeBeats] = [performance.now(), cpuSeconds(pid)];
  await sleep(options.idleMinutes * 60_000);
  const seconds = (performance.now() - beatingSinceMs) / 1000;
  const cpuPercent = (100 * (cpuSeconds(pid) - cpuBeforeBeats)) / seconds;
  const after = memoryOf(pid);
  beating.abort();
  const beatsPerSecondSeen = (await beats) / (seconds + restMs / 1000);
  process.kill(pid, 'SIGHUP');
  await hasLogged(`${nodes} nodes, ${nodes} changes`);
  await started.kill('SIGTERM');
  return [
    table({
      kilobytes,
      before,
      listedMs,
      listCpuSeconds,
      listPeakMb,
      after,
      cpuPercent,
      beatsPerSecond: beatsPerSecondSeen,
    }),
  ];
};

async function buildIndex(folder: string, { daemon }: BenchmarkOptions): Promise<readonly string[]> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const entry = fileURLToPath(new URL('index-process.ts', import.meta.url));
  await bundle({ root, entry, outFolder: join(folder, 'bundle') });
  return [daemon.node, ...daemon.nodeFlags, join(folder, 'bundle', 'main.cjs')];
}

function table(measured: Measured): Table {
  const { before, after, listedMs, listCpuSeconds, listPeakMb, cpuPercent } = measured;
  const mb = (value: number): string => `${value.toFixed(1)} MB`;
  const moreMb = after.rssMb - before.rssMb;
  return {
    title: `the index of ${nodes} nodes of ${measured.kilobytes.toFixed(1)} KB, ${measured.beatsPerSecond.toFixed(0)} status heartbeats a second`,
    figures: [
      {
        figure: 'RSS / private without the index',
        measured: `${mb(before.rssMb)} / ${mb(before.privateMb)}`,
      },
      { figure: 'RSS / private with it', measured: `${mb(after.rssMb)} / ${mb(after.privateMb)}` },
      {
        figure: 'RSS that it takes',
        measured: mb(moreMb),
        target: `<= ${mostMb} MB`,
        isMet: moreMb <= mostMb,
      },
      {
        figure: 'the first list: time / CPU',
        measured: `${(listedMs / 1000).toFixed(1)} s / ${listCpuSeconds.toFixed(1)} s`,
      },
      { figure: 'the first list: peak RSS', measured: mb(listPeakMb) },
      {
        figure: 'CPU while nothing changes',
        measured: `${cpuPercent.toFixed(2)} %`,
        target: `<= ${mostCpuPercent} %`,
        isMet: cpuPercent <= mostCpuPercent,
      },
    ],
  };
}
