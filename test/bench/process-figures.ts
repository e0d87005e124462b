import { readFileSync, writeFileSync } from 'node:fs';

export interface Memory {
  readonly rssMb: number;
  /** What would be free if the process ended: pages of no other process, changed or not. */
  readonly privateMb: number;
  /** Pages of no file. */
  readonly anonymousMb: number;
  /** The most that `rssMb` ever was. */
  readonly peakRssMb: number;
}

/** Of every Linux that Node runs on: USER_HZ of proc(5). */
const ticksPerSecond = 100;
const kibPerMb = 1e6 / 1024;

/** In megabytes of 10^6 bytes. */
export function memoryOf(pid: number): Memory {
  const status = fields(`/proc/${pid}/status`);
  const rollup = fields(`/proc/${pid}/smaps_rollup`);
  const mb = (kib: number | undefined): number => (kib ?? Number.NaN) / kibPerMb;
  return {
    rssMb: mb(status.get('VmRSS')),
    privateMb: mb(rollup.get('Private_Clean')) + mb(rollup.get('Private_Dirty')),
    anonymousMb: mb(status.get('RssAnon')),
    peakRssMb: mb(status.get('VmHWM')),
  };
}

/** The peak begins anew: proc(5), clear_refs. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** User and system time of all threads. */
export function cpuSeconds(pid: number): number {
  // The command's name, in brackets, may hold anything.
  const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(afterName[11]) + Number(afterName[12])) / ticksPerSecond;
}

/** Private memory by what it is for, in megabytes: where to look when there is too much. */
export function privateMemoryByUse(pid: number): Map<string, number> {
  const uses = new Map<string, number>();
  let use = '';
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'utf8').split('\n')) {
    const mapping = /^[0-9a-f]+-[0-9a-f]+ (\S+) \S+ \S+ \d+\s*(.*)$/u.exec(line);
    if (mapping) use = useOf(mapping[2] ?? '', mapping[1] ?? '');
    const kib = /^Private_(?:Clean|Dirty):\s+(\d+) kB/u.exec(line)?.[1];
    if (kib !== undefined) uses.set(use, (uses.get(use) ?? 0) + Number(kib) / kibPerMb);
  }
  return uses;
}

function useOf(name: string, rights: string): string {
  if (name === '[heap]') return 'malloc';
  if (name.startsWith('[anon:') || name === '') return rights.includes('x') ? 'V8 code' : 'V8 heap and mmap';
  if (name.startsWith('[')) return 'stack';
  if (name.endsWith('/node')) return 'node binary';
  return name.includes('.so') ? 'libraries' : 'other files';
}

function fields(path: string): Map<string, number> {
  const lines = readFileSync(path, 'utf8').matchAll(/^(\w+):\s+(\d+) kB$/gmu);
  return new Map([...lines].map(([, name = '', kib]) => [name, Number(kib)]));
}
