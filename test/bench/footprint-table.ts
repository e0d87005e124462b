import type { Figure, Table } from './benchmark.ts';
import type { Drained, Idle } from './daemon-life.ts';
import type { Memory } from './process-figures.ts';

/** Of the design: what users look at first. */
const most = { rssMb: 75, privateMb: 25, drainRssMb: 80, cpuPercent: 0.8, imdsRequestsPerSecond: 3 };

export interface Footprint {
  readonly idle: Idle;
  readonly drained: Drained;
  /** Of a bare Node server that ran as long. */
  readonly floor: Memory;
}

/** One daemon's memory and idle work. */
export function footprintTable(name: string, { idle, drained, floor }: Footprint): Table {
  const { memory } = idle;
  const uses = [...idle.privateByUse].sort(([, a], [, b]) => b - a).filter(([, mb]) => mb >= 0.05);
  return {
    title: name,
    figures: [
      { figure: 'floor: RSS / private of a bare node:http server', measured: both(floor) },
      atMost('idle RSS', memory.rssMb, most.rssMb, 'MB'),
      atMost('idle private memory', memory.privateMb, most.privateMb, 'MB'),
      atMost('idle CPU, of a core', idle.cpuPercent, most.cpuPercent, '%', 2),
      atMost('IMDS requests while idle', idle.imdsRequestsPerSecond, most.imdsRequestsPerSecond, '/s', 2),
      { figure: 'API calls at start', measured: `${idle.apiCallsAtStart}` },
      atMost('API calls while idle', idle.apiCalls, 0, '', 0),
      atMost('peak RSS of the drain', drained.peakRssMb, most.drainRssMb, 'MB'),
      { figure: 'RSS / private 10 s after the drain', measured: both(drained.after) },
      {
        figure: 'idle heap, used / reserved',
        measured: `${idle.heapUsedMb.toFixed(1)} / ${idle.heapMb.toFixed(1)} MB`,
      },
      ...uses.map(([use, mb]) => ({
        figure: `idle private memory: ${use}`,
        measured: `${mb.toFixed(1)} MB`,
      })),
    ],
  };
}

function atMost(figure: string, value: number, limit: number, unit: string, digits = 1): Figure {
  return {
    figure,
    measured: `${value.toFixed(digits)} ${unit}`.trim(),
    target: limit === 0 ? '0' : `<= ${limit} ${unit}`,
    isMet: value <= limit,
  };
}

function both({ rssMb, privateMb }: Memory): string {
  return `${rssMb.toFixed(1)} / ${privateMb.toFixed(1)} MB`;
}
