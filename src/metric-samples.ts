import type { Counter, Gauge, LabelValues } from 'prom-client';

/** Not shown before it is set: it belongs to one mode only. */
export function withoutSample(gauge: Gauge): Gauge {
  gauge.remove();
  return gauge;
}

/** Gives each series its first sample, so that an alert on an increase sees the first event too. */
export function startedAtZero<T extends string>(counter: Counter<T>, series: LabelValues<T>[]): Counter<T> {
  for (const labels of series) counter.inc(labels, 0);
  return counter;
}
