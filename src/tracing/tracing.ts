import { ROOT_CONTEXT, type Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import type { Clock } from '../clock.ts';
import type { WorkflowNews, WorkflowObserver, WorkflowSummary } from '../handling/workflow-observer.ts';
import type { Instant, Interruption } from '../interruption/interruption.ts';
import type { Logger } from '../logger.ts';
import { SpanQueue } from './span-queue.ts';
import { TraceIds } from './trace-ids.ts';
import { WorkflowTrace } from './workflow-trace.ts';

export interface TracingOptions {
  readonly version: string;
  /** Of the OTLP receiver, its path included. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of one request. */
  readonly timeoutMs: number;
  readonly resourceAttributes: Readonly<Record<string, string>>;
  /** Above 0, at most 1: the share of interruptions that is traced. */
  readonly sampledShare: number;
  /** Authorities to trust in place of Node's own, as PEM. */
  readonly certificateAuthorities?: string | undefined;
}

export interface TracingModules {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How long the end of the process waits for a receiver. */
const flushMs = 2000;

/** Sends each workflow as a trace to an OTLP receiver. Loaded only where there is one. */
export class Tracing implements WorkflowObserver {
  readonly name = 'traces';
  readonly #clock: Clock;
  readonly #ids = new TraceIds();
  readonly #sampler: TraceIdRatioBasedSampler;
  readonly #queue: SpanQueue;
  readonly #tracer: Tracer;
  /** By the workflow's id; undefined for those that are not traced. */
  readonly #traceIds = new Map<number, string | undefined>();
  readonly #traces = new Map<number, WorkflowTrace>();

  constructor(options: TracingOptions, { clock, logger }: TracingModules) {
    this.#clock = clock;
    this.#sampler = new TraceIdRatioBasedSampler(options.sampledShare);
    const { url, headers, timeoutMs, certificateAuthorities: ca } = options;
    const exporter = new OTLPTraceExporter({
      url,
      headers: { ...headers },
      timeoutMillis: timeoutMs,
      httpAgentOptions: { keepAlive: true, ...(ca !== undefined && { ca }) },
    });
    this.#queue = new SpanQueue({ clock, logger, exporter });
    const provider = new BasicTracerProvider({
      idGenerator: this.#ids,
      sampler: this.#sampler,
      resource: resourceFromAttributes({ ...options.resourceAttributes, 'service.version': options.version }),
      spanProcessors: [this.#queue],
    });
    this.#tracer = provider.getTracer('aws-node-termination-handler', options.version);
  }

  /** The id of the trace that a workflow will be, or is; undefined where it is not traced. */
  traceIdOf(workflowId: number): string | undefined {
    if (!this.#traceIds.has(workflowId)) {
      const traceId = this.#ids.generateTraceId();
      const { decision } = this.#sampler.shouldSample(ROOT_CONTEXT, traceId);
      const isTraced = decision === SamplingDecision.RECORD_AND_SAMPLED;
      this.#traceIds.set(workflowId, isTraced ? traceId : undefined);
    }
    return this.#traceIds.get(workflowId);
  }

  observe(news: WorkflowNews, workflow: WorkflowSummary, at: Instant): void {
    this.#traceOf(news, workflow, at)?.observe(news, workflow, at);
    if (news.type !== 'ended') return;
    this.#traces.delete(workflow.id);
    this.#traceIds.delete(workflow.id);
  }

  /** Sends what is not sent yet, as long as that takes no more than 2 s. */
  async close(): Promise<void> {
    for (const trace of this.#traces.values()) trace.breakOff(this.#clock.now());
    this.#traces.clear();
    const ended = new AbortController();
    await Promise.race([this.#queue.forceFlush(), this.#clock.sleep(flushMs, ended.signal).catch(() => {})]);
    ended.abort();
    // It would wait for a request under way, for as long as its own time limit allows.
    void this.#queue.shutdown().catch(() => {});
  }

  #traceOf(news: WorkflowNews, workflow: WorkflowSummary, at: Instant): WorkflowTrace | undefined {
    const known = this.#traces.get(workflow.id);
    if (known) return known;
    // What comes after the end of a workflow begins no other.
    if (news.type !== 'received' && news.type !== 'cancelled') return undefined;
    const traceId = this.traceIdOf(workflow.id);
    if (traceId === undefined) return undefined;
    this.#ids.reserve(traceId);
    const began = news.type === 'received' ? Math.min(eventTime(news.interruption), at) : at;
    const begun = new WorkflowTrace(this.#tracer, workflow, began, at);
    this.#traces.set(workflow.id, begun);
    return begun;
  }
}

/** When AWS sent it, where that is known: the metadata service shows when something will happen, not when it was said. */
function eventTime({ kind, monitor, startTime, seenAt }: Interruption): Instant {
  const isSaid =
    kind === 'REBALANCE_RECOMMENDATION' || (monitor === 'SQS_MONITOR' && kind !== 'SCHEDULED_EVENT');
  return isSaid ? Math.min(startTime, seenAt) : seenAt;
}
