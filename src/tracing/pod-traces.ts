import { type Context, SpanStatusCode, type Tracer } from '@opentelemetry/api';
import type { PodProgress } from '../drain/pod-progress.ts';
import type { DrainReport } from '../drain/report.ts';
import type { Instant } from '../interruption/interruption.ts';

interface Leaving {
  pod: PodProgress;
  readonly begunAt: Instant;
  isEvicted: boolean;
}

/**
 * The spans of a drain's pods. Of a pod under way only instants are held, and a span is made when it is over: a burst
 * has tens of thousands of them.
 */
export class PodTraces {
  readonly #tracer: Tracer;
  readonly #context: Context;
  readonly #leaving = new Map<string, Leaving>();

  /** @param context that of the drain's span */
  constructor(tracer: Tracer, context: Context) {
    this.#tracer = tracer;
    this.#context = context;
  }

  observe(pods: readonly PodProgress[], at: Instant): void {
    for (const pod of pods) this.#observeOne(pod, at);
  }

  /** What is not gone by now is told as it stands. */
  end(report: DrainReport | undefined, at: Instant): void {
    const left = new Map(report?.pods.map((pod) => [pod.uid, pod]));
    for (const [uid, leaving] of this.#leaving) {
      const message = left.get(uid)?.because ?? 'the drain was broken off';
      if (leaving.isEvicted) this.#shutDown(leaving, at, message);
      else this.#evict(leaving, at, message);
    }
    this.#leaving.clear();
  }

  #observeOne(pod: PodProgress, at: Instant): void {
    if (pod.state === 'waiting' || pod.state === 'stays' || pod.state === 'kept') return;
    const leaving = this.#leaving.get(pod.uid) ?? { pod, begunAt: pod.askedAt ?? at, isEvicted: false };
    leaving.pod = pod;
    this.#leaving.set(pod.uid, leaving);
    // Where nobody of us asked it, somebody else has.
    if (pod.askedAt !== undefined && !leaving.isEvicted) {
      leaving.isEvicted = true;
      this.#evict(leaving, pod.askedAt);
    }
    if (pod.state !== 'gone') return;
    this.#leaving.delete(pod.uid);
    this.#shutDown(leaving, pod.goneAt ?? at);
  }

  #evict(leaving: Leaving, to: Instant, failure?: string): void {
    const { pod, begunAt } = leaving;
    this.#span('evict pod', pod, { from: Math.min(begunAt, to), to, failure });
  }

  #shutDown({ pod, begunAt }: Leaving, to: Instant, failure?: string): void {
    this.#span('pod shuts down', pod, { from: Math.min(pod.askedAt ?? begunAt, to), to, failure });
  }

  #span(
    name: string,
    pod: PodProgress,
    { from, to, failure }: { from: Instant; to: Instant; failure: string | undefined },
  ): void {
    const attributes = {
      'k8s.namespace.name': pod.namespace,
      'k8s.pod.name': pod.name,
      'k8s.pod.uid': pod.uid,
      'nth.asked_by': pod.askedBy ?? 'somebody else',
      'nth.refusals': pod.refusals,
      ...(pod.tier !== undefined && { 'nth.tier': pod.tier }),
      ...(pod.lastRefusal !== undefined && { 'nth.last_refusal': pod.lastRefusal }),
      ...(pod.clampedToSeconds !== undefined && { 'nth.clamped_to_seconds': pod.clampedToSeconds }),
    };
    const span = this.#tracer.startSpan(name, { startTime: from, attributes }, this.#context);
    if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
    span.end(to);
  }
}
