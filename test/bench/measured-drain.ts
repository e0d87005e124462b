import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditEvent } from '../parts/audit-log.ts';
import type { Cluster } from '../parts/cluster.ts';
import type { ProcessGroup } from '../parts/process-group.ts';
import { BareDrain } from './bare-drain.ts';
import type { DaemonBuild } from './benchmark.ts';
import { createBusyNode, untilEmpty } from './busy-node.ts';
import type { DaemonAccount } from './daemon-account.ts';
import { DaemonProcess } from './daemon-process.ts';
import { MetadataService } from './metadata-service.ts';
import { cpuSeconds, forgetPeak, memoryOf } from './process-figures.ts';

export const podCount = 100;
export const floorConnections = 40;
export const pollMs = 1000;
/** The daemon has come to rest, and a notice comes at any moment between two polls. */
const restMs = 2000;
const drainTimeoutMs = 60_000;

/** By the API server's own record: "asked" is when it answered the last eviction. */
export interface Drain {
  readonly askedMs: number;
  readonly apiCalls: number;
  /** `verb resource` of each that is no eviction. */
  readonly otherCalls: readonly string[];
}

export interface DaemonDrain extends Drain {
  readonly shownToMarkedMs: number;
  readonly takenToMarkedMs: number;
  readonly markedToAskedMs: number;
  readonly cpuMs: number;
  readonly peakRssMb: number;
}

/** Empties a node with nothing but the calls that must be. */
export async function bareDrain(
  cluster: Cluster,
  { token, user }: DaemonAccount,
  node: string,
): Promise<Drain> {
  const pods = await createBusyNode(cluster, node, podCount);
  const bare = new BareDrain({
    server: cluster.server,
    ca: cluster.ca,
    token,
    connections: floorConnections,
  });
  await bare.connect();
  const sinceMs = Date.now();
  await bare.run(node, pods);
  bare.close();
  await untilEmpty(cluster, node);
  const calls = await callsSince(cluster, user, sinceMs);
  return {
    askedMs: lastAsked(calls) - (calls[0]?.receivedAtMs ?? Number.NaN),
    apiCalls: calls.length,
    otherCalls: otherCalls(calls),
  };
}

/** Empties a node with a daemon that was just started. */
export async function daemonDrain(
  cluster: Cluster,
  processes: ProcessGroup,
  { wrapper, user }: DaemonAccount,
  node: string,
  build: DaemonBuild,
): Promise<DaemonDrain> {
  await createBusyNode(cluster, node, podCount);
  const imds = await MetadataService.start();
  const daemon = await DaemonProcess.start(processes, build, {
    node,
    metadataUrl: imds.url,
    apiServer: new URL(cluster.server),
    wrapper,
  });
  await sleep(restMs + Math.random() * pollMs);
  const cpuBefore = cpuSeconds(daemon.pid);
  forgetPeak(daemon.pid);
  const { atMs: shownAtMs } = await imds.interrupt();
  await daemon.hasLogged('Node successfully cordoned and drained', drainTimeoutMs);
  const cpuMs = (cpuSeconds(daemon.pid) - cpuBefore) * 1000;
  const { peakRssMb } = memoryOf(daemon.pid);
  const takenAtMs = await imds.noticeTakenAtMs();
  await daemon.stop();
  await imds.stop();
  const calls = await callsSince(cluster, user, shownAtMs);
  const markedAtMs = calls.find(({ verb }) => verb === 'patch')?.answeredAtMs ?? Number.NaN;
  return {
    shownToMarkedMs: markedAtMs - shownAtMs,
    takenToMarkedMs: markedAtMs - takenAtMs,
    markedToAskedMs: lastAsked(calls) - markedAtMs,
    askedMs: lastAsked(calls) - takenAtMs,
    apiCalls: calls.length,
    otherCalls: otherCalls(calls),
    cpuMs,
    peakRssMb,
  };
}

async function callsSince(cluster: Cluster, user: string, sinceMs: number): Promise<AuditEvent[]> {
  await cluster.audit.quiet();
  return cluster.audit.events({ user, sinceMs });
}

function otherCalls(calls: readonly AuditEvent[]): string[] {
  return calls
    .filter(({ subresource }) => subresource !== 'eviction')
    .map(({ verb, resource, subresource }) => `${verb} ${resource}${subresource && `/${subresource}`}`);
}

function lastAsked(calls: readonly AuditEvent[]): number {
  const asked = calls.filter(
    ({ subresource, statusCode }) => subresource === 'eviction' && statusCode === 201,
  );
  if (asked.length !== podCount)
    throw new Error(`Cannot compare: ${asked.length} of ${podCount} pods were asked`);
  return Math.max(...asked.map(({ answeredAtMs }) => answeredAtMs));
}
