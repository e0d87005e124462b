import { createMetrics } from '../../src/metrics.ts';

/** Words of PromQL that the alerts and the dashboard use; every other name in a query is a metric's. */
const words: ReadonlySet<string> = new Set([
  'absent',
  'and',
  'avg',
  'by',
  'clamp_min',
  'count',
  'histogram_quantile',
  'increase',
  'max',
  'min',
  'on',
  'or',
  'rate',
  'sum',
  'time',
  'topk',
  'unless',
  'vector',
]);

/** Of kube-state-metrics, where that is installed. */
const others: ReadonlySet<string> = new Set([
  'kube_node_labels',
  'kube_pod_info',
  'kube_pod_status_ready',
  'up',
]);

interface Metric {
  readonly name: string;
  readonly type: string;
  readonly labelNames: readonly string[];
}

/** What is wrong with the names in a query: metrics and labels that there are not. */
export function unknownNames(query: string): string[] {
  const metrics = new Map(
    (createMetrics('').registry.getMetricsAsArray() as unknown as Metric[]).map((metric) => [
      metric.name,
      metric,
    ]),
  );
  const known = (name: string): Metric | undefined => {
    const base = name.replace(/_(?:bucket|sum|count)$/, '');
    return metrics.get(name) ?? (metrics.get(base)?.type === 'histogram' ? metrics.get(base) : undefined);
  };
  const problems: string[] = [];
  const plain = query.replaceAll(/"[^"]*"|'[^']*'/g, '""');
  for (const [, name = '', matchers = ''] of plain.matchAll(/([a-z_:][a-z0-9_:]*)\{([^}]*)\}/g)) {
    const metric = known(name);
    for (const [, label = ''] of matchers.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)/g)) {
      const isGiven = ['le', 'namespace', 'pod', 'instance', 'job'].includes(label);
      if (metric && !isGiven && !metric.labelNames.includes(label)) problems.push(`${name}{${label}}`);
    }
  }
  const names = plain
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\b(?:by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
    .matchAll(/\b[a-z_:][a-z0-9_:]*/g);
  for (const [name] of names) {
    if (!words.has(name) && !others.has(name) && !known(name)) problems.push(name);
  }
  return problems;
}
