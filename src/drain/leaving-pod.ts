import type { Instant } from '../interruption/interruption.ts';
import type { RefusalCause } from '../kubernetes/cluster.ts';
import type { PlannedPod } from './plan.ts';

/** A request to a pod to leave. */
export interface Asked {
  readonly at: Instant;
  readonly by: 'eviction' | 'deletion';
  /** What was left of the pod's grace period, where it did not fit before the deadline. */
  readonly clampedToSeconds: number | undefined;
}

/** A pod that is to leave, and how far it has come. */
export interface LeavingPod {
  /** With its newest state. */
  planned: PlannedPod;
  /** Its turn has come. */
  isBegun: boolean;
  /** Our request, from when it was sent until it is known to be refused: its answer may come late, or be lost. */
  sent: Asked | undefined;
  /** Our request, once the API server has accepted it. */
  asked: Asked | undefined;
  /** It has been asked, by us or by somebody else. */
  isTerminating: boolean;
  goneAt: Instant | undefined;
  refusal: { cause: RefusalCause; text: string; status: number | undefined; times: number } | undefined;
  /** While it is being asked; aborted to cut that off. */
  asking: AbortController | undefined;
  /** The eviction that is under way was sent at this instant, or waits for its turn since. */
  evictingSince: Instant | undefined;
  /** Called when the pod is gone while it is being asked. */
  onGone: (() => void) | undefined;
  /** Aborted to try again, or give up, before the back-off is over. */
  backOff: AbortController | undefined;
  /** Since the request was sent that is under way, something has made it likely that another one succeeds. */
  hasHope: boolean;
  /** The deadline for whose sake it has been given less time. */
  shortenedFor: Instant | undefined;
  /** Its state as it was last told to those who look on. */
  told: string | undefined;
}

/** One that is planned for the first time. */
export function newcomer(planned: PlannedPod): LeavingPod {
  return {
    planned,
    isBegun: false,
    sent: undefined,
    asked: undefined,
    isTerminating: planned.pod.deletionAt !== undefined,
    goneAt: undefined,
    refusal: undefined,
    asking: undefined,
    evictingSince: undefined,
    onGone: undefined,
    backOff: undefined,
    hasHope: false,
    shortenedFor: undefined,
    told: undefined,
  };
}

/** Its turn has not come. */
export function waits(pod: LeavingPod): boolean {
  return !pod.isBegun && !pod.isTerminating && pod.goneAt === undefined;
}

export function nameOf({ planned: { pod } }: LeavingPod): string {
  return `${pod.namespace}/${pod.name}`;
}
