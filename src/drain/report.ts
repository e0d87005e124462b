import type { Instant } from '../interruption/interruption.ts';
import type { PodView, RefusalCause } from '../kubernetes/cluster.ts';
import { plannedGraceSeconds, type Tier } from './plan.ts';
import type { LeavingPod } from './leaving-pod.ts';
import type { PodBoard } from './pod-board.ts';

export type PodOutcome =
  /** It left because we asked. */
  | 'evicted'
  /** It left because we asked, with less than its own grace period. */
  | 'clamped'
  /** It left because we deleted it: past a budget, or because its eviction was denied or not answered. */
  | 'deleted'
  /** It had finished, or somebody else removed it, before it had to be asked. */
  | 'left'
  /** Asked, but still shutting down at the end. */
  | 'terminating'
  /** Never asked with success: refused until the end, or not reached. */
  | 'refused'
  /** To be left alone: a DaemonSet's, a static pod, the daemon itself, one that asks for it. */
  | 'stays'
  /** Not to be evicted by the options, which spoils the drain. */
  | 'kept';

/** What became of one pod. */
export interface PodRecord {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly owner: string | undefined;
  readonly tier: Tier | undefined;
  readonly outcome: PodOutcome;
  /** Why it was to leave, or why it stayed; where it was left behind, what held it. */
  readonly because: string;
  readonly askedAt: Instant | undefined;
  readonly goneAt: Instant | undefined;
  readonly graceSeconds: number | undefined;
  readonly refusals: number;
  readonly lastRefusal: RefusalCause | undefined;
}

export interface DrainReport {
  readonly node: string;
  readonly startedAt: Instant;
  readonly endedAt: Instant;
  readonly deadline: Instant | undefined;
  /** The instant at which the drain had to end. */
  readonly endBy: Instant | undefined;
  /** Every pod that was to leave has left, and nothing had to be kept. */
  readonly complete: boolean;
  readonly pods: readonly PodRecord[];
  /** Volumes that were still attached at the end; undefined where nobody waited for them. */
  readonly volumesAttached: number | undefined;
  /** What else was in the way: the pods could not be listed, the node could not be marked. */
  readonly trouble: string | undefined;
}

const leftBehind: ReadonlySet<PodOutcome> = new Set(['terminating', 'refused', 'kept']);

export function isLeftBehind(pod: PodRecord): boolean {
  return leftBehind.has(pod.outcome);
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

/**
 * Seconds between the last pod's leaving and the deadline, negative where it came too late; between the end and the
 * deadline where pods are left, or none was to leave.
 */
export function secondsToSpare({ complete, deadline, endedAt, pods }: DrainReport): number | undefined {
  if (deadline === undefined) return undefined;
  const lastGoneAt = pods.reduce((last, { goneAt = -Infinity }) => Math.max(last, goneAt), -Infinity);
  return (deadline - (complete && lastGoneAt > -Infinity ? lastGoneAt : endedAt)) / 1000;
}

/** More names than this are counted only. */
const namesPerReason = 10;

/** Why a drain did not complete, one line for each cause: "4 pods held by disruption budget shop/cart: ...". */
export function leftBehindReasons(report: DrainReport): string[] {
  const groups = new Map<string, string[]>();
  for (const pod of report.pods) {
    if (!isLeftBehind(pod)) continue;
    const group = groups.get(pod.because) ?? [];
    group.push(`${pod.namespace}/${pod.name}`);
    groups.set(pod.because, group);
  }
  const reasons = [...groups].map(([because, names]) => {
    const more = names.length > namesPerReason ? ` and ${names.length - namesPerReason} more` : '';
    const listed = `${names.slice(0, namesPerReason).join(', ')}${more}`;
    return `${names.length} ${names.length === 1 ? 'pod' : 'pods'} ${because} (${listed})`;
  });
  return report.trouble === undefined ? reasons : [report.trouble, ...reasons];
}

/**
 * The records of a drain's pods.
 * @param budgetReason why budgets hold a pod, where that is known
 */
export function podRecords(
  board: PodBoard,
  budgetReason: (pod: LeavingPod) => string | undefined,
): PodRecord[] {
  const left = [...board.leaving.values()].map((pod): PodRecord => {
    const { planned, asked, refusal } = pod;
    const outcome = outcomeOf(pod);
    return {
      ...names(pod.planned.pod),
      tier: planned.tier,
      outcome,
      because:
        outcome === 'terminating' || outcome === 'refused'
          ? holdsBack(pod, outcome, budgetReason)
          : planned.because,
      askedAt: asked?.at,
      goneAt: pod.goneAt,
      graceSeconds: asked?.graceSeconds ?? plannedGraceSeconds(planned),
      refusals: refusal?.times ?? 0,
      lastRefusal: refusal?.cause,
    };
  });
  const stayed = board.staying.map(({ pod, because, spoilsDrain }): PodRecord => ({
    ...names(pod),
    tier: undefined,
    outcome: spoilsDrain ? 'kept' : 'stays',
    because: spoilsDrain ? `kept because ${because}` : because,
    askedAt: undefined,
    goneAt: undefined,
    graceSeconds: undefined,
    refusals: 0,
    lastRefusal: undefined,
  }));
  return [...left, ...stayed];
}

function names(pod: PodView) {
  const { namespace, name, uid, owner } = pod;
  return { namespace, name, uid, owner: owner && `${owner.kind}/${owner.name}` };
}

function outcomeOf(pod: LeavingPod): PodOutcome {
  if (pod.goneAt === undefined) return pod.isTerminating ? 'terminating' : 'refused';
  if (!pod.asked) return 'left';
  if (pod.asked.by === 'deletion') return 'deleted';
  return pod.asked.isClamped ? 'clamped' : 'evicted';
}

function holdsBack(
  pod: LeavingPod,
  outcome: 'terminating' | 'refused',
  budgetReason: (pod: LeavingPod) => string | undefined,
): string {
  if (outcome === 'terminating') {
    const { runningContainers } = pod.planned.pod;
    return runningContainers.length === 0
      ? 'stopped, but held by a finalizer or by a kubelet that does not answer'
      : `still shutting down: container ${runningContainers.join(', ')}`;
  }
  const { refusal } = pod;
  if (!refusal) return pod.isBegun ? 'not answered for in time' : 'not asked: its turn had not come';
  const isBudget = refusal.cause === 'budget' || refusal.cause === 'unavailable';
  return (isBudget ? budgetReason(pod) : undefined) ?? `refused (${refusal.cause}): ${refusal.text}`;
}
