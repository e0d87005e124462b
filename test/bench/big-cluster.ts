import { setTimeout as sleep } from 'node:timers/promises';
import type { Machine } from './aws-service.ts';
import type { Benchmark, Table } from './benchmark.ts';
import { atMost, burstFigures, type Burst } from './burst-figures.ts';
import { bareBurst, drainedSince, openBurstStage, type BurstStage, type Drained } from './burst-stage.ts';
import { fillNodes } from './busy-node.ts';
import { bigFleet, Fleet } from './fleet.ts';
import { QueueDaemon } from './queue-daemon.ts';
import { spread } from './statistics.ts';

/** 15 MB for the index above what `burst` allows. */
const limits = { nodes: 100, podsPerNode: 4, mostCordonMs: 2_000, mostIdleMb: 80 + 15, mostRssMb: 90 + 15 };
const mostCpuPercent = 3;
/** What was needed to start only is given back meanwhile. */
const restMs = 20_000;
/** The tagged instances are read about once within it. */
const quietMs = 30_000;
const mostRounds = 3;

interface BigBurst extends Burst {
  readonly knownMs: number;
  readonly startPeakMb: number;
  readonly cpuPercent: number;
  readonly quietSweepCalls: number;
  readonly beatsPerSecond: number;
}

/** Spot warnings for some of the nodes of a big cluster, to the one replica that knows all of them. */
export const bigCluster: Benchmark = async (options, say) => {
  await using parts = new AsyncDisposableStack();
  say('starts a cluster');
  // Pods are bound and have no owners that live: no other part has work, and all of them share this machine.
  const stage = await openBurstStage(parts, 'big-cluster', options, { controllers: [], scheduler: false });
  say(`creates ${bigFleet.count} nodes`);
  const fleet = await Fleet.create(stage.cluster, bigFleet);
  const kilobytes = (await fleet.bytesOfOne()) / 1000;
  const share = (number: number): readonly Machine[] =>
    fleet.machines.slice(number * limits.nodes, (number + 1) * limits.nodes);
  const floors: Drained[] = [];
  const bursts: BigBurst[] = [];
  const rounds = Math.min(options.rounds, mostRounds);
  for (let round = 0; round < rounds; round += 1) {
    say(`${limits.nodes} x ${limits.podsPerNode} pods, round ${round + 1} of ${rounds}`);
    floors.push(await bareDrain(stage, fleet, share(2 * round)));
    bursts.push(await burstDrain(stage, fleet, share(2 * round + 1), `big-cluster-r${round}`));
  }
  return [table(kilobytes, floors, bursts)];
};

async function bareDrain(stage: BurstStage, fleet: Fleet, machines: readonly Machine[]): Promise<Drained> {
  const nodes = await fillNodes(stage.cluster, namesOf(machines), limits.podsPerNode);
  const { result: sinceMs } = await whileBeating(fleet, () => bareBurst(stage, nodes));
  return drainedSince(sinceMs, stage, limits);
}

async function burstDrain(
  stage: BurstStage,
  fleet: Fleet,
  machines: readonly Machine[],
  name: string,
): Promise<BigBurst> {
  await fillNodes(stage.cluster, namesOf(machines), limits.podsPerNode);
  const startedAtMs = performance.now();
  const daemon = await QueueDaemon.start(stage, name, fleet.machines);
  try {
    const { result, beatsPerSecond } = await whileBeating(fleet, async () => {
      await daemon.knowsTagged(fleet.machines.length);
      const knownMs = performance.now() - startedAtMs;
      await sleep(restMs);
      const startPeakMb = daemon.peakRssMb;
      const { cpuPercent, sweepCalls: quietSweepCalls } = await daemon.quiet(quietMs);
      return { knownMs, startPeakMb, cpuPercent, quietSweepCalls, ...(await daemon.burst(machines)) };
    });
    return { ...result, beatsPerSecond, ...(await drainedSince(result.sinceMs, stage, limits)) };
  } finally {
    await daemon.stop();
  }
}

function namesOf(machines: readonly Machine[]): string[] {
  return machines.map(({ name }) => name);
}

/** Kubelets report as long as this takes, and no longer: the audit log has to come to rest. */
async function whileBeating<T>(
  fleet: Fleet,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly beatsPerSecond: number }> {
  const sinceMs = performance.now();
  const beating = new AbortController();
  const beats = fleet.beat(bigFleet.beatsPerSecond, beating.signal);
  try {
    const result = await work();
    const seconds = (performance.now() - sinceMs) / 1000;
    beating.abort();
    return { result, beatsPerSecond: (await beats) / seconds };
  } finally {
    beating.abort();
  }
}

function table(kilobytes: number, floors: readonly Drained[], bursts: readonly BigBurst[]): Table {
  const of = (figure: keyof BigBurst): number[] => bursts.map((it) => it[figure]);
  return {
    title: `${limits.nodes} Spot warnings at once in a cluster of ${bigFleet.count} nodes of ${kilobytes.toFixed(1)} KB, ${limits.podsPerNode} pods a node, one replica; median (least to most) of ${bursts.length} rounds, floor and daemon in turn`,
    figures: [
      { figure: 'status heartbeats a second', measured: spread(of('beatsPerSecond'), '', 1) },
      { figure: 'start to all tags known', measured: spread(of('knownMs'), 'ms') },
      { figure: 'peak RSS of the start', measured: spread(of('startPeakMb'), 'MB', 1) },
      atMost('CPU while no message comes', of('cpuPercent'), mostCpuPercent, '%', { digits: 2 }),
      { figure: 'EC2 calls of the sweep meanwhile', measured: spread(of('quietSweepCalls'), '') },
      ...burstFigures(limits, floors, bursts),
    ],
  };
}
