import type { WorkflowNews, WorkflowSummary } from '../handling/workflow-observer.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { InterruptionStatus } from './document.ts';

/** What is known of a workflow while it runs and after. */
export class WorkflowFacts {
  readonly id: number;
  readonly node: string;
  readonly startedAt: Instant;
  #summary: WorkflowSummary;
  #interruptions: readonly InterruptionStatus[] = [];
  #markedAt: Instant | undefined;
  #drainBeganAt: Instant | undefined;

  constructor(summary: WorkflowSummary) {
    this.id = summary.id;
    this.node = summary.node;
    this.startedAt = summary.startedAt;
    this.#summary = summary;
  }

  observe(news: WorkflowNews, summary: WorkflowSummary, at: Instant): void {
    this.#summary = summary;
    if (news.type === 'marked') this.#markedAt ??= at;
    if (news.type === 'drain-began') this.#drainBeganAt ??= at;
    // Those that were cancelled stay: what is undone is named by them.
    if (summary.interruptions.length > 0) {
      const before = this.#interruptions;
      const received = news.type === 'received' ? news : undefined;
      this.#interruptions = summary.interruptions.map(({ id, kind, description, seenAt }) => ({
        id,
        kind,
        source:
          received?.interruption.id === id
            ? received.source
            : (before.find((it) => it.id === id)?.source ?? ''),
        description: description.trim(),
        seenAt,
      }));
    }
  }

  get phase(): string {
    return this.#summary.phase;
  }

  get deadline(): Instant | undefined {
    return this.#summary.deadline;
  }

  get interruptionIds(): string {
    return this.#interruptions.map(({ id }) => id).join(' ');
  }

  get shown() {
    const { cancellations, response, dryRun, deadline, deadlineIsMachineEnd } = this.#summary;
    return {
      id: this.id,
      node: this.node,
      interruptions: this.#interruptions,
      cancelled: cancellations.map(({ interruptionId, why }) => ({ id: interruptionId, why })),
      response,
      dryRun,
      deadline,
      deadlineIsMachineEnd,
      startedAt: this.startedAt,
      markedAt: this.#markedAt,
      drainBeganAt: this.#drainBeganAt,
    };
  }
}
