import type { Instant } from '../interruption/interruption.ts';
import type { Escalation } from '../interruption/policy.ts';
import type { PodView } from '../kubernetes/cluster.ts';
import { decidePod, type EvictionRules } from './evictable-pods.ts';

export interface DrainPolicy extends EvictionRules {
  /** Overrides each pod's own grace period; undefined = the pod's own. */
  readonly podGracePeriodSeconds: number | undefined;
  /** Between the end of the last grace period and the deadline. */
  readonly marginMs: number;
  /** `safe-to-evict: "false"` and `do-not-disrupt: "true"` keep a pod for as long as the deadline allows. */
  readonly honoursDoNotDisrupt: boolean;
  /** After the last pod, wait until its volumes are detached, as long as the deadline allows. */
  readonly waitsForVolumeDetach: boolean;
}

/** Until when the pods should be gone. May move while a drain runs, when another interruption joins. */
export interface DrainGoal {
  /** When the pods should be gone for AWS's sake. */
  readonly deadline: Instant | undefined;
  /** After the deadline the machine has no power. */
  readonly deadlineIsMachineEnd: boolean;
  /** When the drain gives up: the deadline, or the node's grace period where that ends first. */
  readonly endBy: Instant | undefined;
  readonly escalation: Escalation;
}

/** Drains without a deadline stand behind all that have one. */
const noDeadlineUrgency = Number.MAX_SAFE_INTEGER - 1;

/** Which drain's requests go first: that with the lowest. */
export function urgencyOf({ deadline }: DrainGoal): Instant {
  return deadline ?? noDeadlineUrgency;
}

/** In the order in which they are asked; each begins when the one before is gone, or at its latest instants. */
export const tiers = ['ordinary', 'last', 'daemon-set', 'critical'] as const;
export type Tier = (typeof tiers)[number];

export interface PlannedPod {
  readonly pod: PodView;
  readonly because: string;
  readonly tier: Tier;
  /** Runs until it is finished, for as long as the deadline allows. */
  readonly waitsForCompletion: boolean;
  /** What the request names; undefined = the pod's own grace period. */
  readonly gracePeriodSeconds: number | undefined;
  /** The latest instant at which it can be asked so that its grace ends a margin before the deadline. */
  readonly askBy: Instant | undefined;
  /** Its grace period does not fit before the deadline any more: it is cut to this when asked now. */
  readonly clampedToSeconds: number | undefined;
}

export interface StayingPod {
  readonly pod: PodView;
  readonly because: string;
  readonly spoilsDrain: boolean;
}

export interface DrainPlan {
  /** By tier, and within one the pod that needs longest first. */
  readonly leaving: readonly PlannedPod[];
  readonly staying: readonly StayingPod[];
  /** Too little time for one tier after the other: all are asked at once. */
  readonly allAtOnce: boolean;
}

/** How one pod is asked at one instant. */
export interface AskRequest {
  readonly by: 'eviction' | 'deletion';
  /** undefined: the pod's own. */
  readonly gracePeriodSeconds: number | undefined;
}

/** Grace periods are whole seconds: what is begun would be lost to a request that comes a moment late. */
const wholeSecondMs = 1_000;

/** No container is given less, so that it gets its SIGTERM. */
const shortestGraceSeconds = 1;

/** Who leaves, in which order, and until when. Pure: the same pods, policy, goal and time give the same plan. */
export function planDrain(
  pods: readonly PodView[],
  policy: DrainPolicy,
  goal: DrainGoal,
  deletedDaemonSets: ReadonlySet<string>,
  now: Instant,
): DrainPlan {
  const leaving: PlannedPod[] = [];
  const staying: StayingPod[] = [];
  for (const pod of pods) {
    const decision = decidePod(pod, policy, deletedDaemonSets);
    if (decision.leaves) leaving.push(planPod(pod, decision.because, policy, goal, now));
    else staying.push({ pod, because: decision.because, spoilsDrain: decision.spoilsDrain });
  }
  leaving.sort(
    (a, b) =>
      tiers.indexOf(a.tier) - tiers.indexOf(b.tier) ||
      graceSecondsOf(b.pod, policy) - graceSecondsOf(a.pod, policy) ||
      byName(a.pod, b.pod),
  );
  return { leaving, staying, allAtOnce: isTooShort(leaving, policy, goal, now) };
}

function planPod(
  pod: PodView,
  because: string,
  policy: DrainPolicy,
  goal: DrainGoal,
  now: Instant,
): PlannedPod {
  const horizon = horizonOf(goal);
  const graceSeconds = graceSecondsOf(pod, policy);
  const remaining = remainingSeconds(policy, goal, now);
  return {
    pod,
    because,
    tier: tierOf(pod),
    waitsForCompletion: waitsForCompletion(pod, policy),
    gracePeriodSeconds: pod.wishes.gracePeriodSeconds ?? policy.podGracePeriodSeconds,
    askBy:
      horizon === undefined ? undefined : horizon - policy.marginMs - graceSeconds * 1000 - wholeSecondMs,
    clampedToSeconds:
      isToBeAsked(pod) && remaining !== undefined && remaining < graceSeconds ? remaining : undefined,
  };
}

/**
 * How the pod is asked now: whole seconds of grace, never beyond the machine's end less the margin.
 * @param wasRefused an eviction of it has been refused: before that nothing is known to hold it
 */
export function requestFor(
  planned: PlannedPod,
  policy: DrainPolicy,
  goal: DrainGoal,
  now: Instant,
  wasRefused: boolean,
): AskRequest {
  const graceSeconds = plannedGraceSeconds(planned);
  const remaining = remainingSeconds(policy, goal, now);
  const gracePeriodSeconds =
    remaining !== undefined && remaining < graceSeconds ? remaining : planned.gracePeriodSeconds;
  return { by: mayDelete(planned, goal, now, wasRefused) ? 'deletion' : 'eviction', gracePeriodSeconds };
}

/** Deleting bypasses budgets: only where the alternative is a power cut, and not before it must be. */
function mayDelete(planned: PlannedPod, goal: DrainGoal, now: Instant, wasRefused: boolean): boolean {
  if (goal.deadlineIsMachineEnd && goal.escalation === 'delete') return true;
  return wasRefused && now >= escalatesAt(planned, goal);
}

/** From when on the pod is deleted where it is still refused; Infinity: never. */
export function escalatesAt({ askBy }: Pick<PlannedPod, 'askBy'>, goal: DrainGoal): Instant {
  const isDeletedThen = goal.deadlineIsMachineEnd && goal.escalation === 'evict-then-delete';
  return isDeletedThen ? (askBy ?? Infinity) : Infinity;
}

/** Whether the pod's turn has come, given the tiers whose pods have not all gone. */
export function isDue(
  planned: PlannedPod,
  plan: Pick<DrainPlan, 'allAtOnce'>,
  tiersLeft: ReadonlySet<Tier>,
  now: Instant,
): boolean {
  if (planned.askBy !== undefined && now >= planned.askBy) return true;
  if (planned.waitsForCompletion) return false;
  if (plan.allAtOnce) return true;
  return tiers.slice(0, tiers.indexOf(planned.tier)).every((tier) => !tiersLeft.has(tier));
}

/** What grace a pod is to have, in seconds, were there no deadline. */
export function graceSecondsOf(pod: PodView, policy: DrainPolicy): number {
  return pod.wishes.gracePeriodSeconds ?? policy.podGracePeriodSeconds ?? pod.gracePeriodSeconds;
}

/** The same as it was planned: what the pod asks for may have changed since. */
export function plannedGraceSeconds({ gracePeriodSeconds, pod }: PlannedPod): number {
  return gracePeriodSeconds ?? pod.gracePeriodSeconds;
}

/** What is left for a grace period before the machine's end; undefined where nothing ends it. */
function remainingSeconds(policy: DrainPolicy, goal: DrainGoal, now: Instant): number | undefined {
  if (!goal.deadlineIsMachineEnd || goal.deadline === undefined) return undefined;
  return Math.max(shortestGraceSeconds, Math.floor((goal.deadline - policy.marginMs - now) / 1000));
}

/** The instant that the planning looks forward to. */
function horizonOf({ deadline, endBy }: DrainGoal): Instant | undefined {
  return deadline ?? endBy;
}

function isTooShort(
  leaving: readonly PlannedPod[],
  policy: DrainPolicy,
  goal: DrainGoal,
  now: Instant,
): boolean {
  const horizon = horizonOf(goal);
  if (horizon === undefined) return false;
  const longest = new Map<Tier, number>();
  for (const { pod, tier } of leaving) {
    longest.set(tier, Math.max(longest.get(tier) ?? 0, graceMsLeft(pod, policy, now)));
  }
  const neededMs = [...longest.values()].reduce((total, graceMs) => total + graceMs, policy.marginMs);
  return longest.size > 1 && neededMs > horizon - now;
}

/** Of a pod that shuts down already a part of its time is over. */
function graceMsLeft(pod: PodView, policy: DrainPolicy, now: Instant): number {
  if (isFinished(pod)) return 0;
  return pod.deletionAt === undefined
    ? graceSecondsOf(pod, policy) * 1000
    : Math.max(0, pod.deletionAt - now);
}

function isToBeAsked(pod: PodView): boolean {
  return pod.deletionAt === undefined && !isFinished(pod);
}

function isFinished({ phase }: PodView): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}

function tierOf(pod: PodView): Tier {
  if (pod.priorityClass === 'system-node-critical' || pod.priorityClass === 'system-cluster-critical') {
    return 'critical';
  }
  if (pod.owner?.kind === 'DaemonSet') return 'daemon-set';
  return pod.wishes.drain === 'last' ? 'last' : 'ordinary';
}

/** A finished pod has nothing to wait for. */
function waitsForCompletion(pod: PodView, policy: DrainPolicy): boolean {
  if (isFinished(pod)) return false;
  return pod.wishes.drain === 'wait' || (policy.honoursDoNotDisrupt && pod.wishes.doNotDisrupt);
}

function byName(a: PodView, b: PodView): number {
  const nameA = `${a.namespace}/${a.name}`;
  const nameB = `${b.namespace}/${b.name}`;
  if (nameA === nameB) return 0;
  return nameA < nameB ? -1 : 1;
}
