import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark, Table } from './benchmark.ts';
import { burstFigures, type Burst, type BurstLimits } from './burst-figures.ts';
import { bareBurst, drainedSince, openBurstStage, type BurstStage, type Drained } from './burst-stage.ts';
import { createBusyNodes } from './busy-node.ts';
import { QueueDaemon } from './queue-daemon.ts';

/** The nodes are listed, their tags are known, and what was needed to start only is given back. */
const restMs = 15_000;

/** A capacity reclaim, and a big one. */
const shapes: readonly BurstLimits[] = [
  { nodes: 50, podsPerNode: 10, mostCordonMs: 1_000, mostIdleMb: 80, mostRssMb: 90 },
  { nodes: 500, podsPerNode: 4, mostCordonMs: 4_000, mostIdleMb: 80, mostRssMb: 90 },
];

/** Spot warnings of many nodes at once, by a queue, to one replica. */
export const burst: Benchmark = async (options, say) => {
  await using parts = new AsyncDisposableStack();
  say('starts a cluster');
  const stage = await openBurstStage(parts, 'burst', options);
  const tables: Table[] = [];
  for (const shape of shapes) {
    const floors: Drained[] = [];
    const bursts: Burst[] = [];
    const rounds = Math.min(options.rounds, 3);
    for (let round = 0; round < rounds; round += 1) {
      say(`${shape.nodes} x ${shape.podsPerNode} pods, round ${round + 1} of ${rounds}`);
      floors.push(await bareDrain(stage, shape, `floor${shape.nodes}r${round}`));
      bursts.push(await burstDrain(stage, shape, `burst${shape.nodes}r${round}`));
    }
    tables.push({
      title: `${shape.nodes} Spot warnings at once, ${shape.podsPerNode} pods a node, one replica; median (least to most) of ${rounds} rounds, floor and daemon in turn`,
      figures: burstFigures(shape, floors, bursts),
    });
  }
  return tables;
};

function namesOf({ nodes }: BurstLimits, name: string): string[] {
  return Array.from({ length: nodes }, (_, number) => `${name}n${number}`);
}

async function bareDrain(stage: BurstStage, shape: BurstLimits, name: string): Promise<Drained> {
  const nodes = await createBusyNodes(stage.cluster, namesOf(shape, name), shape.podsPerNode);
  return drainedSince(await bareBurst(stage, nodes), stage, shape);
}

async function burstDrain(stage: BurstStage, shape: BurstLimits, name: string): Promise<Burst> {
  const names = namesOf(shape, name);
  await createBusyNodes(stage.cluster, names, shape.podsPerNode);
  const machines = names.map((node) => ({ instanceId: `i-${node}`, name: node }));
  const daemon = await QueueDaemon.start(stage, name, machines);
  try {
    await sleep(restMs);
    const { sinceMs, ...work } = await daemon.burst(machines);
    return { ...(await drainedSince(sinceMs, stage, shape)), ...work };
  } finally {
    await daemon.stop();
  }
}
