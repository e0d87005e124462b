import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';
const PERIOD_MICROSECONDS = 100_000;

export interface CgroupLimits {
  /** Thousandths of a core, as Kubernetes counts. */
  readonly milliCpu: number;
  readonly memoryBytes: number;
}

interface Files {
  /** The folders of the group; version 1 has one for each controller. */
  readonly folders: readonly string[];
  readonly limits: Readonly<Record<string, string>>;
  readonly peak: string;
  readonly killed: string;
  readonly throttled: string;
}

/** A control group as the kubelet makes for a container with limits. Needs root. */
export class SmallCgroup {
  readonly #files: Files;

  /** @throws where this machine has no control groups for us, saying what is missing */
  constructor(name: string, limits: CgroupLimits) {
    const isUnified = existsSync(join(ROOT, 'cgroup.controllers'));
    this.#files = isUnified ? version2(name, limits) : version1(name, limits);
    if (isUnified) writeFileSync(join(ROOT, 'cgroup.subtree_control'), '+cpu +memory');
    for (const folder of this.#files.folders) mkdirSync(folder);
    for (const [path, value] of Object.entries(this.#files.limits)) writeFileSync(path, value);
  }

  /** Runs the rest of the line inside the group. */
  get wrapper(): readonly string[] {
    const joins = this.#files.folders.map((folder) => `echo $$ > ${folder}/cgroup.procs`);
    return ['/bin/sh', '-c', `${joins.join(' && ')} && exec "$@"`, 'sh'];
  }

  /** The most memory that the group had at a time, the files that it read included; undefined on older kernels. */
  get peakMiB(): number | undefined {
    const { peak } = this.#files;
    return existsSync(peak) ? Number(readFileSync(peak, 'utf8')) / 1024 ** 2 : undefined;
  }

  /** How many processes the kernel killed for want of memory. */
  get killed(): number {
    return field(this.#files.killed, 'oom_kill');
  }

  /** In how many tenths of a second the group wanted more of the processor than it got. */
  get throttledPeriods(): number {
    return field(this.#files.throttled, 'nr_throttled');
  }

  /** Once the processes have ended. */
  remove(): void {
    for (const folder of this.#files.folders) rmdirSync(folder);
  }
}

function version1(name: string, { milliCpu, memoryBytes }: CgroupLimits): Files {
  const [cpu, memory] = [join(ROOT, 'cpu', name), join(ROOT, 'memory', name)];
  return {
    folders: [cpu, memory],
    limits: {
      [join(cpu, 'cpu.cfs_period_us')]: `${PERIOD_MICROSECONDS}`,
      [join(cpu, 'cpu.cfs_quota_us')]: `${(milliCpu / 1000) * PERIOD_MICROSECONDS}`,
      [join(memory, 'memory.limit_in_bytes')]: `${memoryBytes}`,
    },
    peak: join(memory, 'memory.max_usage_in_bytes'),
    killed: join(memory, 'memory.oom_control'),
    throttled: join(cpu, 'cpu.stat'),
  };
}

function version2(name: string, { milliCpu, memoryBytes }: CgroupLimits): Files {
  const folder = join(ROOT, name);
  return {
    folders: [folder],
    limits: {
      [join(folder, 'cpu.max')]: `${(milliCpu / 1000) * PERIOD_MICROSECONDS} ${PERIOD_MICROSECONDS}`,
      [join(folder, 'memory.max')]: `${memoryBytes}`,
      [join(folder, 'memory.swap.max')]: '0',
    },
    peak: join(folder, 'memory.peak'),
    killed: join(folder, 'memory.events'),
    throttled: join(folder, 'cpu.stat'),
  };
}

/** From a file of lines `name value`. */
function field(path: string, name: string): number {
  return Number(new RegExp(String.raw`^${name} (\d+)$`, 'mu').exec(readFileSync(path, 'utf8'))?.[1]);
}
