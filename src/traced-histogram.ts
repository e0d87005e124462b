import { Histogram, type Registry } from 'prom-client';

/** A value that was observed, and the trace in which it came about. */
export interface Exemplar {
  readonly traceId: string;
  readonly value: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface TracedHistogramOptions {
  readonly name: string;
  readonly help: string;
  readonly buckets: number[];
  readonly registers: Registry[];
}

/**
 * A histogram without labels that remembers an exemplar for each of its buckets, the newest. Not prom-client's own
 * exemplars: with these a registry can't be shown in Prometheus' text format any more.
 * https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md#exemplars
 */
export class TracedHistogram {
  readonly name: string;
  readonly #histogram: Histogram;
  readonly #bounds: readonly number[];
  readonly #exemplars = new Map<number, Exemplar>();

  constructor(options: TracedHistogramOptions) {
    this.name = options.name;
    this.#bounds = options.buckets;
    this.#histogram = new Histogram(options);
  }

  /** @param trace the one in which it came about, where there is one */
  observe(value: number, trace?: { readonly id: string | undefined; readonly at: number }): void {
    this.#histogram.observe(value);
    if (trace?.id === undefined) return;
    const bound = this.#bounds.find((it) => value <= it) ?? Infinity;
    this.#exemplars.set(bound, { traceId: trace.id, value, at: trace.at });
  }

  /** Of the bucket up to this bound, if one is known. */
  exemplar(bound: number): Exemplar | undefined {
    return this.#exemplars.get(bound);
  }
}
