import type { Registry } from 'prom-client';
import type { Exemplar, TracedHistogram } from './traced-histogram.ts';

export const openMetricsType = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** What prom-client gives of a metric. */
interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly {
    readonly value: number;
    readonly metricName?: string;
    readonly labels: Readonly<Record<string, string | number>>;
  }[];
}

/**
 * Every metric in the OpenMetrics format, with exemplars. Not prom-client's: that one renames the counters of the
 * registry for good, so that Prometheus' text format has other names after the first OpenMetrics scrape.
 * https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
 */
export async function openMetrics(registry: Registry, traced: readonly TracedHistogram[]): Promise<string> {
  const histograms = new Map(traced.map((histogram) => [histogram.name, histogram]));
  const families = (await registry.getMetricsAsJSON()) as unknown as readonly Family[];
  const lines = families.flatMap((family) => familyLines(family, histograms.get(family.name)));
  return `${lines.join('\n')}\n# EOF\n`;
}

function familyLines(family: Family, traced: TracedHistogram | undefined): string[] {
  const { type, help, values } = family;
  // A counter's family has the name without the suffix that its samples have.
  const name = type === 'counter' ? family.name.replace(/_total$/, '') : family.name;
  const samples = values.map(({ value, labels, metricName = family.name }) => {
    const bound = metricName.endsWith('_bucket')
      ? Number(String(labels['le']).replace('+Inf', 'Infinity'))
      : undefined;
    const exemplar = bound === undefined ? undefined : traced?.exemplar(bound);
    return `${metricName}${labelsText(labels)} ${numberText(value)}${exemplar ? exemplarText(exemplar) : ''}`;
  });
  return [`# TYPE ${name} ${type}`, `# HELP ${name} ${escaped(help)}`, ...samples];
}

function labelsText(labels: Family['values'][number]['labels']): string {
  const parts = Object.entries(labels).map(
    ([label, value]) => `${label}="${typeof value === 'number' ? floatText(value) : escaped(value)}"`,
  );
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

/** Trace ids are hexadecimal: nothing to escape. Times are in seconds. */
function exemplarText({ traceId, value, at }: Exemplar): string {
  return ` # {trace_id="${traceId}"} ${numberText(value)} ${at / 1000}`;
}

/** Bounds of buckets are floats, and look so. */
function floatText(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : numberText(value);
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}

function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('"', String.raw`\"`);
}
