import type { Instant } from '../interruption/interruption.ts';
import type { RefusalCause } from '../kubernetes/cluster.ts';

/** What became of one pod. */
export interface PodRecord {
  readonly namespace: string;
  readonly name: string;
  readonly owner: string | undefined;
  /** Why it was to leave, or why it stayed. */
  readonly because: string;
  readonly askedAt: Instant | undefined;
  readonly goneAt: Instant | undefined;
  readonly outcome: PodOutcome;
  /** The last refusal, where the eviction was refused. */
  readonly refusal:
    | { readonly cause: RefusalCause; readonly text: string; readonly times: number }
    | undefined;
}

export type PodOutcome =
  /** It left because we asked. */
  | 'evicted'
  /** It went before we had asked. */
  | 'left'
  /** Asked, but still shutting down at the end. */
  | 'terminating'
  /** Every eviction was refused until the end. */
  | 'refused'
  /** To be left alone: a DaemonSet's, a static pod, the daemon itself. */
  | 'stays'
  /** Not to be evicted by the options, which spoils the drain. */
  | 'kept';

export interface DrainReport {
  readonly node: string;
  readonly startedAt: Instant;
  readonly endedAt: Instant;
  /** The instant at which the drain had to end. */
  readonly endBy: Instant | undefined;
  /** Every pod that was to leave has left, and nothing had to be kept. */
  readonly complete: boolean;
  readonly pods: readonly PodRecord[];
  /** What else was in the way: the pods could not be listed, the node could not be marked. */
  readonly trouble: string | undefined;
}

const unfinished: ReadonlySet<PodOutcome> = new Set(['terminating', 'refused', 'kept']);

export function isLeftBehind(pod: PodRecord): boolean {
  return unfinished.has(pod.outcome);
}

/** The report of a drain that was taken up again: with the pods that had left before. */
export function continued(before: DrainReport | undefined, report: DrainReport): DrainReport {
  if (before === undefined) return report;
  const left = before.pods.filter((pod) => pod.goneAt !== undefined);
  return { ...report, startedAt: before.startedAt, pods: [...left, ...report.pods] };
}

/** How many pods had each outcome. */
export function outcomeCounts(report: DrainReport): ReadonlyMap<PodOutcome, number> {
  const counts = new Map<PodOutcome, number>();
  for (const { outcome } of report.pods) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return counts;
}

/** Why a drain did not complete, grouped by cause, each with the pods concerned; one line each. */
export function leftBehindReasons(report: DrainReport): string[] {
  const groups = new Map<string, string[]>();
  for (const pod of report.pods) {
    if (!isLeftBehind(pod)) continue;
    const group = groups.get(reasonOf(pod)) ?? [];
    group.push(`${pod.namespace}/${pod.name}`);
    groups.set(reasonOf(pod), group);
  }
  const reasons = [...groups].map(([reason, names]) => `${reason}: ${names.join(', ')}`);
  return report.trouble === undefined ? reasons : [report.trouble, ...reasons];
}

function reasonOf(pod: PodRecord): string {
  switch (pod.outcome) {
    case 'terminating':
      return 'still shutting down';
    case 'kept':
      return `kept because ${pod.because}`;
    case 'refused':
      return pod.refusal === undefined
        ? 'not asked in time'
        : `eviction refused (${pod.refusal.cause}) ${pod.refusal.text}`;
    case 'evicted':
    case 'left':
    case 'stays':
      return pod.outcome;
  }
}
