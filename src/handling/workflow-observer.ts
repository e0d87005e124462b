import type { PodProgress } from '../drain/pod-progress.ts';
import type { DrainReport } from '../drain/report.ts';
import type { Cancellation, Outcome } from '../interruption/delivery.ts';
import type { Instant, Interruption } from '../interruption/interruption.ts';
import type { Response } from '../interruption/policy.ts';
import type { NodeAction } from './node-actions.ts';

export type Phase = 'received' | 'waiting' | 'draining' | 'settling';

/** What a workflow is about, as it stands when its news are told. */
export interface WorkflowSummary {
  /** Of this process: the same node's next workflow has another. */
  readonly id: number;
  readonly node: string;
  readonly startedAt: Instant;
  readonly phase: Phase;
  /** The newest content of each that is acted on, in the order in which they came. */
  readonly interruptions: readonly Interruption[];
  /** Those that are over, newest last. */
  readonly cancellations: readonly Cancellation[];
  readonly response: Response;
  readonly deadline: Instant | undefined;
  readonly deadlineIsMachineEnd: boolean;
  readonly dryRun: boolean;
}

/** How an attempt at what was asked for has ended: to mark, to drain, or to undo either. */
export interface AttemptEnd {
  /** 'failed': it is tried again while the signal lasts. */
  readonly outcome: Outcome | 'failed';
  /** undefined where nothing was to be drained. */
  readonly report: DrainReport | undefined;
  /** Why it did not succeed, one line for each cause; empty where it did. */
  readonly troubles: readonly string[];
}

/** What has just happened, as plain data. A workflow's news end with 'ended'. */
export type WorkflowNews =
  /** The first interruption, another one, or one of which AWS says something new. */
  | { readonly type: 'received'; readonly interruption: Interruption; readonly source: string }
  | { readonly type: 'cancelled'; readonly cancellation: Cancellation }
  | { readonly type: 'phase'; readonly phase: Phase }
  /** NTH's actions, at the moments at which it counts them; each time that a mark is tried is one. */
  | {
      readonly type: 'action';
      readonly action: NodeAction;
      readonly succeeded: boolean;
      readonly trouble: string | undefined;
    }
  /** The node carries its marks. */
  | { readonly type: 'marked' }
  /** The drain begins only then. */
  | { readonly type: 'waits'; readonly until: Instant }
  | { readonly type: 'drain-began' }
  /** Pods that were seen for the first time, or are in another state than before. */
  | { readonly type: 'pods'; readonly pods: readonly PodProgress[] }
  /** There is no more reason for the drain. */
  | { readonly type: 'drain-broken-off' }
  | ({ readonly type: 'attempted' } & AttemptEnd)
  /** An error of our own, or of something that nothing is known about. */
  | { readonly type: 'failed'; readonly error: unknown }
  /** All that joined has been given back: settled with this outcome, or released (undefined) to come again. */
  | { readonly type: 'ended'; readonly outcome: Outcome | undefined };

/**
 * Sees all workflows: the webhook, Kubernetes events, the status page, traces. Called in the middle of the work:
 * it returns at once, and what takes time it does in the background. What it throws is logged and hurts nobody.
 */
export interface WorkflowObserver {
  readonly name: string;
  observe(news: WorkflowNews, workflow: WorkflowSummary, at: Instant): void;
}
