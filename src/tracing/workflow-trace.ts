import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import type { DrainReport } from '../drain/report.ts';
import { outcomeCounts, secondsToSpare } from '../drain/report.ts';
import type { WorkflowNews, WorkflowSummary } from '../handling/workflow-observer.ts';
import type { Outcome } from '../interruption/delivery.ts';
import type { Instant, Interruption } from '../interruption/interruption.ts';
import { PodTraces } from './pod-traces.ts';

/**
 * One workflow as one trace:
 *
 *   node interruption            from the event's own time to the settling
 *   ├─ receive                   until we knew of it
 *   ├─ mark node
 *   ├─ wait                      where the drain waits for its time
 *   ├─ drain
 *   │  ├─ evict pod              from the first request to the one that was accepted, or to the drain's end
 *   │  └─ pod shuts down         from there until it is gone
 *   └─ settle
 *
 * Spans are made when they are over, so that a drain that is cut off has sent what came before.
 */
export class WorkflowTrace {
  readonly #tracer: Tracer;
  readonly #root: Span;
  readonly #context: Context;
  readonly #receivedAt: Instant;
  #waitBeganAt: Instant | undefined;
  #settlingAt: Instant | undefined;
  #drain: { readonly span: Span; readonly pods: PodTraces } | undefined;

  constructor(tracer: Tracer, { node, dryRun }: WorkflowSummary, began: Instant, at: Instant) {
    this.#tracer = tracer;
    this.#receivedAt = at;
    this.#root = tracer.startSpan(
      'node interruption',
      { root: true, startTime: began, attributes: { 'k8s.node.name': node, 'nth.dry_run': dryRun } },
      ROOT_CONTEXT,
    );
    this.#context = trace.setSpan(ROOT_CONTEXT, this.#root);
    this.#span('receive', began, at);
  }

  observe(news: WorkflowNews, workflow: WorkflowSummary, at: Instant): void {
    switch (news.type) {
      case 'received':
        this.#root.addEvent('received', { ...about(news.interruption), 'nth.source': news.source }, at);
        break;
      case 'cancelled':
        this.#root.addEvent(
          'cancelled',
          { 'nth.interruption.id': news.cancellation.interruptionId, 'nth.why': news.cancellation.why },
          at,
        );
        break;
      case 'action':
        if (!news.succeeded && (news.action === 'pre-drain' || news.action === 'uncordon')) {
          this.#root.addEvent('mark failed', { 'nth.trouble': news.trouble ?? '' }, at);
        }
        break;
      case 'marked':
        this.#span('mark node', this.#receivedAt, at);
        break;
      case 'waits':
        this.#waitBeganAt ??= at;
        break;
      case 'drain-began':
        this.#drainBegan(workflow, at);
        break;
      case 'pods':
        this.#drain?.pods.observe(news.pods, at);
        break;
      case 'drain-broken-off':
        this.#endDrain(undefined, at);
        break;
      case 'attempted':
        if (news.report) this.#endDrain(news.report, news.report.endedAt);
        if (news.troubles.length > 0) {
          this.#root.setStatus({ code: SpanStatusCode.ERROR, message: news.troubles[0] ?? '' });
        }
        break;
      case 'failed':
        this.#root.recordException(news.error instanceof Error ? news.error : String(news.error), at);
        break;
      case 'phase':
        if (news.phase === 'settling') this.#settlingAt = at;
        break;
      case 'ended':
        this.#ended(news.outcome, workflow, at);
        break;
    }
  }

  /** The process ends before the workflow does. */
  breakOff(at: Instant): void {
    this.#endDrain(undefined, at);
    this.#root.setStatus({ code: SpanStatusCode.ERROR, message: 'the daemon was stopped' });
    this.#root.end(at);
  }

  #drainBegan({ deadline }: WorkflowSummary, at: Instant): void {
    if (this.#waitBeganAt !== undefined) this.#span('wait', this.#waitBeganAt, at);
    this.#waitBeganAt = undefined;
    // Taken up again: one span for all of it.
    if (this.#drain) return;
    const attributes = deadline === undefined ? {} : { 'nth.deadline': new Date(deadline).toISOString() };
    const span = this.#tracer.startSpan('drain', { startTime: at, attributes }, this.#context);
    this.#drain = {
      span,
      pods: new PodTraces(this.#tracer, trace.setSpan(this.#context, span)),
    };
  }

  #endDrain(report: DrainReport | undefined, at: Instant): void {
    if (!this.#drain) return;
    const { span, pods } = this.#drain;
    this.#drain = undefined;
    pods.end(report, at);
    if (report) {
      const spare = secondsToSpare(report);
      if (spare !== undefined) span.setAttribute('nth.seconds_to_spare', spare);
      for (const [outcome, count] of outcomeCounts(report)) span.setAttribute(`nth.pods.${outcome}`, count);
      if (!report.complete) {
        span.setStatus({ code: SpanStatusCode.ERROR, message: report.trouble ?? 'pods were left behind' });
      }
    }
    span.end(at);
  }

  #ended(outcome: Outcome | undefined, { interruptions }: WorkflowSummary, at: Instant): void {
    this.#endDrain(undefined, at);
    const end = { 'nth.outcome': outcome ?? 'released' };
    this.#span('settle', this.#settlingAt ?? at, at, end);
    this.#root.setAttributes({
      ...end,
      'nth.interruption.id': interruptions.map(({ id }) => id),
      'nth.interruption.kind': interruptions.map(({ kind }) => kind),
    });
    if (outcome === undefined || outcome === 'deadline-passed') {
      this.#root.setStatus({ code: SpanStatusCode.ERROR, message: outcome ?? 'not done, to come again' });
    }
    this.#root.end(at);
  }

  #span(name: string, from: Instant, to: Instant, attributes: Attributes = {}): void {
    this.#tracer.startSpan(name, { startTime: from, attributes }, this.#context).end(to);
  }
}

function about({ id, kind }: Interruption): Attributes {
  return { 'nth.interruption.id': id, 'nth.interruption.kind': kind };
}
