import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditEvent } from '../parts/audit-log.ts';
import type { Cluster } from '../parts/cluster.ts';
import type { ProcessGroup } from '../parts/process-group.ts';
import type { DaemonBuild } from './benchmark.ts';
import type { DaemonAccount } from './daemon-account.ts';
import { DaemonProcess } from './daemon-process.ts';
import { MetadataService } from './metadata-service.ts';
import { cpuSeconds, forgetPeak, memoryOf, privateMemoryByUse, type Memory } from './process-figures.ts';

/** Without the start's own work, which is another figure. */
const settleMs = 5000;
/** NTH's chart lets the kubelet probe as often. */
const probeMs = 5000;
const drainTimeoutMs = 60_000;
/** For what is freed late. */
const restMs = 10_000;

export interface Idle {
  readonly memory: Memory;
  readonly cpuPercent: number;
  readonly imdsRequestsPerSecond: number;
  readonly apiCallsAtStart: number;
  readonly apiCalls: number;
  readonly heapUsedMb: number;
  readonly heapMb: number;
  readonly privateByUse: ReadonlyMap<string, number>;
}

export interface Drained {
  /** Since the drain began; `memory.peakRssMb` would be too. */
  readonly peakRssMb: number;
  readonly after: Memory;
}

export interface DaemonLifeModules {
  readonly processes: ProcessGroup;
  readonly cluster: Cluster;
  readonly account: DaemonAccount;
}

/** One daemon from its start through an idle time to the end of a drain. */
export class DaemonLife {
  readonly name: string;
  readonly #daemon: DaemonProcess;
  readonly #imds: MetadataService;
  readonly #apiCalls: () => Promise<AuditEvent[]>;

  private constructor(
    name: string,
    daemon: DaemonProcess,
    imds: MetadataService,
    apiCalls: () => Promise<AuditEvent[]>,
  ) {
    this.name = name;
    this.#daemon = daemon;
    this.#imds = imds;
    this.#apiCalls = apiCalls;
    daemon.probeEvery(probeMs);
  }

  static async begin(
    variant: { readonly name: string; readonly node: string; readonly env: Readonly<Record<string, string>> },
    build: DaemonBuild,
    { processes, cluster, account }: DaemonLifeModules,
  ): Promise<DaemonLife> {
    const imds = await MetadataService.start();
    const daemon = await DaemonProcess.start(processes, build, {
      ...variant,
      metadataUrl: imds.url,
      apiServer: new URL(cluster.server),
      wrapper: account.wrapper,
    });
    const apiCalls = async (): Promise<AuditEvent[]> => {
      await cluster.audit.quiet();
      return cluster.audit.events({ user: account.user });
    };
    return new DaemonLife(variant.name, daemon, imds, apiCalls);
  }

  async idle(ms: number): Promise<Idle> {
    const { pid } = this.#daemon;
    await sleep(settleMs);
    const [sinceMs, cpuBefore] = [Date.now(), cpuSeconds(pid)];
    await sleep(ms);
    const seconds = (Date.now() - sinceMs) / 1000;
    const cpu = cpuSeconds(pid) - cpuBefore;
    const memory = memoryOf(pid);
    const privateByUse = privateMemoryByUse(pid);
    const requests = (await this.#imds.requests()).filter(({ atMs }) => atMs >= sinceMs);
    const calls = await this.#apiCalls();
    return {
      memory,
      privateByUse,
      cpuPercent: (100 * cpu) / seconds,
      imdsRequestsPerSecond: requests.length / seconds,
      apiCallsAtStart: calls.filter(({ receivedAtMs }) => receivedAtMs < sinceMs).length,
      apiCalls: calls.filter(({ receivedAtMs }) => receivedAtMs >= sinceMs).length,
      // Last, since the answer takes memory.
      heapUsedMb: (await this.#daemon.metric('nodejs_heap_size_used_bytes')) / 1e6,
      heapMb: (await this.#daemon.metric('nodejs_heap_size_total_bytes')) / 1e6,
    };
  }

  /** The node gets its notice and is drained. */
  async drain(): Promise<Drained> {
    const { pid } = this.#daemon;
    forgetPeak(pid);
    await this.#imds.interrupt();
    await this.#daemon.hasLogged('Node successfully cordoned and drained', drainTimeoutMs);
    const { peakRssMb } = memoryOf(pid);
    await sleep(restMs);
    return { peakRssMb, after: memoryOf(pid) };
  }

  async end(): Promise<void> {
    await this.#daemon.stop();
    await this.#imds.stop();
  }
}
