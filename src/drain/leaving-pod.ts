import type { Instant } from '../interruption/interruption.ts';
import type { RefusalCause } from '../kubernetes/cluster.ts';
import type { PlannedPod } from './plan.ts';

/** A request to a pod to leave. */
export interface Asked {
  readonly at: Instant;
  readonly by: 'eviction' | 'deletion';
  /** What the pod was given to shut down. */
  readonly graceSeconds: number;
  /** That is what was left of its own, which did not fit before the deadline. */
  readonly isClamped: boolean;
}

export interface RequestUnderWay {
  readonly by: Asked['by'];
  readonly isLastCall: boolean;
  /** Since when it waits for its turn. */
  readonly since: Instant;
  /** undefined: it waits for its turn. */
  readonly sentAt: Instant | undefined;
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
  /** Our request that is under way. */
  request: RequestUnderWay | undefined;
  /** How it was asked at its latest instant or later, and refused: twice where that may have been of a moment. */
  refusedLastCalls: readonly Asked['by'][];
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

const none: readonly never[] = Object.freeze([]);

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
    request: undefined,
    refusedLastCalls: none,
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
