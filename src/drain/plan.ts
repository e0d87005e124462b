import type { Instant } from '../interruption/interruption.ts';
import type { PodView } from '../kubernetes/cluster.ts';
import { decidePod, type EvictionRules } from './evictable-pods.ts';

export interface DrainPolicy extends EvictionRules {
  /** Overrides each pod's own grace period; undefined = the pod's own. */
  readonly podGracePeriodSeconds: number | undefined;
}

export interface PlannedPod {
  readonly pod: PodView;
  readonly because: string;
  /** What the eviction asks for; undefined = the pod's own grace period. */
  readonly gracePeriodSeconds: number | undefined;
  /** The latest instant at which it can be asked so that its grace ends before the deadline. */
  readonly askBy: Instant | undefined;
}

export interface StayingPod {
  readonly pod: PodView;
  readonly because: string;
  readonly spoilsDrain: boolean;
}

export interface DrainPlan {
  /** In the order in which they are asked: the one that needs longest first. */
  readonly leaving: readonly PlannedPod[];
  readonly staying: readonly StayingPod[];
}

/** Who leaves, in which order, and until when. Pure: the same pods, policy and deadline give the same plan. */
export function planDrain(
  pods: readonly PodView[],
  policy: DrainPolicy,
  deletedDaemonSets: ReadonlySet<string>,
  deadline: Instant | undefined,
): DrainPlan {
  const leaving: PlannedPod[] = [];
  const staying: StayingPod[] = [];
  for (const pod of pods) {
    const decision = decidePod(pod, policy, deletedDaemonSets);
    if (!decision.leaves) {
      staying.push({ pod, because: decision.because, spoilsDrain: decision.spoilsDrain });
      continue;
    }
    const graceMs = graceSecondsOf(pod, policy) * 1000;
    leaving.push({
      pod,
      because: decision.because,
      gracePeriodSeconds: policy.podGracePeriodSeconds,
      askBy: deadline === undefined ? undefined : deadline - graceMs,
    });
  }
  leaving.sort((a, b) => graceSecondsOf(b.pod, policy) - graceSecondsOf(a.pod, policy) || byName(a, b));
  return { leaving, staying };
}

function graceSecondsOf(pod: PodView, policy: DrainPolicy): number {
  return policy.podGracePeriodSeconds ?? pod.gracePeriodSeconds;
}

function byName(a: PlannedPod, b: PlannedPod): number {
  const nameA = `${a.pod.namespace}/${a.pod.name}`;
  const nameB = `${b.pod.namespace}/${b.pod.name}`;
  if (nameA === nameB) return 0;
  return nameA < nameB ? -1 : 1;
}
