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
  /** By tier, and within one, or among all at once, the pod that needs longest first. */
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
  /** Its latest instant has come, before the machine's end: each second is lost to its shutdown. */
  readonly isLastCall: boolean;
}

/** Grace periods are whole seconds: what is begun would be lost to a request that comes a moment late. */
const wholeSecondMs = 1_000;

/** No container is given less, so that it gets its SIGTERM. */
const shortestGraceSeconds = 1;

/**
 * Pods that tolerate the cordon may be put back as often as they are evicted, and rather here than elsewhere, for the node
 * is all but empty. After so many rounds of one owner's pods in a drain, the next ones are left: before a machine's end
 * until their latest instant, otherwise for good.
 */
const mostRounds = 3;
const mostRoundsAtTheEnd = 6;

/**
 * Who leaves, in which order, and until when. Pure: the same pods, policy, goal and time give the same plan.
 * @param roundsOf how many times its owner has put its pods on the node since the drain began @default never
 */
export function planDrain(
  pods: readonly PodView[],
  policy: DrainPolicy,
  goal: DrainGoal,
  deletedDaemonSets: ReadonlySet<string>,
  now: Instant,
  roundsOf: (pod: PodView) => number = never,
): DrainPlan {
  const leaving: PlannedPod[] = [];
  const staying: StayingPod[] = [];
  for (const pod of pods) {
    const decision = decidePod(pod, policy, deletedDaemonSets);
    if (!decision.leaves) {
      staying.push({ pod, because: decision.because, spoilsDrain: decision.spoilsDrain });
      continue;
    }
    const planned = planPod(pod, decision.because, policy, goal, now);
    const rounds = isToBeAsked(pod) ? roundsOf(pod) : 0;
    if (rounds <= mostRounds) leaving.push(planned);
    else if (isAskedAtTheEnd(planned, goal, rounds)) {
      leaving.push({ ...planned, because: returns, waitsForCompletion: true });
    } else staying.push({ pod, because: returns, spoilsDrain: false });
  }
  const allAtOnce = isTooShort(leaving, policy, goal, now);
  leaving.sort(
    (a, b) =>
      (allAtOnce ? 0 : tiers.indexOf(a.tier) - tiers.indexOf(b.tier)) ||
      graceSecondsOf(b.pod, policy) - graceSecondsOf(a.pod, policy) ||
      byName(a.pod, b.pod),
  );
  return { leaving, staying, allAtOnce };
}

const returns = 'its owner puts it back on the node each time';

/** One that its owner puts back; of those that land when their latest instant has come there may be no end. */
function isAskedAtTheEnd({ pod, askBy }: PlannedPod, goal: DrainGoal, rounds: number): boolean {
  if (!goal.deadlineIsMachineEnd) return false;
  return rounds <= mostRoundsAtTheEnd || pod.createdAt < (askBy ?? Infinity);
}

function never(): number {
  return 0;
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
  const by = mayDelete(planned, goal, now, wasRefused) ? 'deletion' : 'eviction';
  return { by, gracePeriodSeconds, isLastCall: now >= lastCallAt(planned, goal) };
}

/** Deleting bypasses budgets: only where the alternative is a power cut, and not before it must be. */
function mayDelete(planned: PlannedPod, goal: DrainGoal, now: Instant, wasRefused: boolean): boolean {
  if (goal.deadlineIsMachineEnd && goal.escalation === 'delete') return true;
  return wasRefused && now >= escalatesAt(planned, goal);
}

/** From when on a request for the pod goes before all others; Infinity: never. */
export function lastCallAt({ askBy }: Pick<PlannedPod, 'askBy'>, goal: DrainGoal): Instant {
  return goal.deadlineIsMachineEnd ? (askBy ?? Infinity) : Infinity;
}

/** From when on the pod is deleted where it is still refused; Infinity: never, -Infinity: from the start. */
export function escalatesAt({ askBy }: Pick<PlannedPod, 'askBy'>, goal: DrainGoal): Instant {
  if (!goal.deadlineIsMachineEnd || goal.escalation === 'evict') return Infinity;
  return goal.escalation === 'delete' ? -Infinity : (askBy ?? Infinity);
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
export function remainingSeconds(policy: DrainPolicy, goal: DrainGoal, now: Instant): number | undefined {
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
