import type { Figure } from './benchmark.ts';
import { floorConnections, type BurstSize, type Drained } from './burst-stage.ts';
import type { BurstWork } from './queue-daemon.ts';
import { median, spread } from './statistics.ts';

export interface BurstLimits extends BurstSize {
  readonly mostCordonMs: number;
  /** Before the messages. */
  readonly mostIdleMb: number;
  readonly mostRssMb: number;
}

export type Burst = Drained & BurstWork;

/** What is printed of each burst; floor and daemon round by round. */
export function burstFigures(
  limits: BurstLimits,
  floors: readonly Drained[],
  bursts: readonly Burst[],
): Figure[] {
  const of = (figure: keyof Burst): number[] => bursts.map((it) => it[figure]);
  const floor = floors.map(({ askedMs }) => askedMs);
  const asked = of('askedMs');
  const ratios = asked.map((ms, round) => ms / (floor[round] ?? Number.NaN));
  return [
    { figure: 'notices to cordon, P50', measured: spread(of('cordonP50Ms'), 'ms') },
    atMost('notices to cordon, P99', of('cordonP99Ms'), limits.mostCordonMs, 'ms'),
    {
      figure: `floor: PATCH and evictions only, ${floorConnections} connections`,
      measured: spread(floor, 'ms'),
    },
    atMost('notices to last pod asked', asked, 1.7 * median(floor), 'ms'),
    {
      figure: 'the same, as a multiple of the floor (1.7 x is the target)',
      measured: spread(ratios, 'x', 2),
    },
    { figure: 'notices to all settled', measured: spread(of('settledMs'), 'ms') },
    atMost('API calls a node', of('callsPerNode'), limits.podsPerNode + 6, '', { digits: 1 }),
    atMost('EC2 calls on the way of a message', of('ec2LookUps'), 0, ''),
    {
      figure: 'EC2 calls of the sweep of tagged instances, each 30 s',
      measured: spread(of('sweepCalls'), ''),
    },
    { figure: 'SQS receives', measured: spread(of('receives'), '') },
    { figure: 'CPU time', measured: spread(of('cpuMs'), 'ms') },
    atMost('RSS before', of('idleRssMb'), limits.mostIdleMb, 'MB', { digits: 1 }),
    atMost('peak RSS', of('peakRssMb'), limits.mostRssMb, 'MB', { digits: 1 }),
  ];
}

/** The median counts. */
export function atMost(
  figure: string,
  values: readonly number[],
  most: number,
  unit: string,
  { digits = 0 } = {},
): Figure {
  return {
    figure,
    measured: spread(values, unit, digits),
    target: `<= ${most.toFixed(0)} ${unit}`.trim(),
    isMet: median(values) <= most,
  };
}
