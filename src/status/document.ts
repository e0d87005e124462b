import type { Instant } from '../interruption/interruption.ts';

/**
 * What the status page shows, and what `/status.json` is. Instants are milliseconds since the epoch here and ISO 8601
 * in the JSON, where what is not known is left out.
 */
export interface StatusDocument {
  readonly at: Instant;
  readonly daemon: DaemonFacts;
  readonly health: {
    /** A loop that makes no step any more: only a restart helps. */
    readonly stuck: readonly string[];
    /** What is missing right now. */
    readonly notReady: readonly string[];
  };
  readonly sources: readonly SourceStatus[];
  readonly counts: {
    readonly running: number;
    /** Of the running ones, those of which a pod is refused, kept, or the node can't be marked. */
    readonly blocked: number;
    readonly ended: number;
  };
  /** The earliest deadline first. */
  readonly running: readonly RunningStatus[];
  /** Running as well, but left out here. */
  readonly runningNotListed: number;
  /** Newest first. */
  readonly ended: readonly EndedStatus[];
  readonly config: readonly ConfigEntry[];
}

export interface DaemonFacts {
  readonly version: string;
  readonly mode: 'imds' | 'queue';
  /** The Node on which the daemon runs. */
  readonly node: string;
  readonly dryRun: boolean;
  readonly startedAt: Instant;
  readonly isStopping: boolean;
}

export interface SourceStatus {
  readonly name: string;
  readonly lastAnswerAt: Instant | undefined;
  readonly errors: number;
  readonly unreadable: number;
  /** Undefined where the source has no queue. */
  readonly queue: { readonly held: number; readonly oldestAgeSeconds: number } | undefined;
}

export interface ConfigEntry {
  readonly name: string;
  readonly value: unknown;
  /** Differs from its default. */
  readonly isSet: boolean;
}

export interface InterruptionStatus {
  readonly id: string;
  readonly kind: string;
  readonly source: string;
  readonly description: string;
  readonly seenAt: Instant;
}

/** What running and ended workflows have in common. */
interface WorkflowFacts {
  readonly id: number;
  readonly node: string;
  readonly interruptions: readonly InterruptionStatus[];
  /** Why those that are over are over: canceled, completed, rebooted, survived. */
  readonly cancelled: readonly { readonly id: string; readonly why: string }[];
  readonly response: string;
  readonly dryRun: boolean;
  readonly deadline: Instant | undefined;
  readonly deadlineIsMachineEnd: boolean;
  readonly startedAt: Instant;
  readonly markedAt: Instant | undefined;
  readonly drainBeganAt: Instant | undefined;
}

export type PodState = 'waiting' | 'asking' | 'refused' | 'terminating' | 'gone' | 'stays' | 'kept';

export const podStates = [
  'refused',
  'kept',
  'waiting',
  'asking',
  'terminating',
  'gone',
  'stays',
] as const satisfies readonly PodState[];

export interface RunningStatus extends WorkflowFacts {
  readonly phase: string;
  /** The drain begins only then. */
  readonly waitsUntil: Instant | undefined;
  /** The last attempt to mark the node failed, for this reason. */
  readonly markTrouble: string | undefined;
  readonly podCounts: Readonly<Record<PodState, number>>;
  readonly blocks: readonly BlockStatus[];
  readonly pods: readonly PodStatus[];
  readonly podsNotListed: number;
}

/** What holds pods, and how many. */
export interface BlockStatus {
  readonly reason: string;
  readonly podCount: number;
  /** Some of them. */
  readonly pods: readonly string[];
  /** The first instant at which one of them must be asked for its grace period to fit. */
  readonly askBy: Instant | undefined;
}

export interface PodStatus {
  readonly namespace: string;
  readonly name: string;
  readonly owner: string | undefined;
  readonly state: PodState;
  readonly because: string;
  readonly askBy: Instant | undefined;
  readonly askedAt: Instant | undefined;
  readonly killedAt: Instant | undefined;
  readonly clampedToSeconds: number | undefined;
  readonly refusals: number;
}

export interface EndedStatus extends WorkflowFacts {
  readonly endedAt: Instant;
  /** As in delivery.ts; `released`: not done, and to come again while the signal lasts. */
  readonly outcome: string;
  /** How often this was tried; each try that was released is one. */
  readonly attempts: number;
  readonly troubles: readonly string[];
  /** Undefined where nothing was drained. */
  readonly report: ReportStatus | undefined;
}

export interface ReportStatus {
  readonly complete: boolean;
  readonly startedAt: Instant;
  readonly endedAt: Instant;
  readonly secondsToSpare: number | undefined;
  readonly volumesAttached: number | undefined;
  readonly outcomes: Readonly<Record<string, number>>;
  /** Those left behind first, then what was not as the pod wished, then the slowest. */
  readonly pods: readonly ReportedPod[];
  readonly podsNotListed: number;
}

export interface ReportedPod {
  readonly namespace: string;
  readonly name: string;
  readonly owner: string | undefined;
  readonly outcome: string;
  readonly because: string;
  readonly askedAt: Instant | undefined;
  readonly goneAt: Instant | undefined;
  readonly graceSeconds: number | undefined;
  readonly refusals: number;
  readonly isLeftBehind: boolean;
}
