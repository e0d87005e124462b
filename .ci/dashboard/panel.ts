/** A row of panels that belong together. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

interface Query {
  readonly query: string;
  /** With labels in double braces, as Grafana takes it. */
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  readonly help: string;
  readonly kind: 'stat' | 'timeseries';
  /** Of 24. */
  readonly width: number;
  /** As Grafana names it. */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** A value from which on a number is amber, and one from which on it is red. */
  readonly thresholds?: readonly [number, number];
  readonly isStacked?: true;
}

/** The dashboard's variable, in each query. */
export const where = 'namespace=~"$namespace"';

/** One number, or a few. */
export function stat(
  title: string,
  help: string,
  queries: string | readonly Query[],
  more: Partial<Panel> = {},
): Panel {
  const listed = typeof queries === 'string' ? [{ query: queries, legend: '' }] : queries;
  return { title, help, kind: 'stat', width: 4, unit: 'none', queries: listed, ...more };
}

/** Lines over time, by their legends. */
export function graph(
  title: string,
  help: string,
  queries: Readonly<Record<string, string>>,
  more: Partial<Panel> = {},
): Panel {
  const listed = Object.entries(queries).map(([legend, query]) => ({ query, legend }));
  return { title, help, kind: 'timeseries', width: 8, unit: 'none', queries: listed, ...more };
}

/** What was added to a counter from one point of the graph to the next. */
export function added(counter: string, by: string, matchers = ''): string {
  return `sum by (${by}) (increase(${counter}{${where}${matchers}}[$__rate_interval]))`;
}

/** What was added to a counter in the time shown. */
export function total(counter: string, matchers: string): string {
  return `sum(increase(${counter}{${where},${matchers}}[$__range]))`;
}

/** What so many of a histogram's values in the time shown were at most. */
export function quantile(share: number, histogram: string): string {
  return `histogram_quantile(${share}, sum by (le) (increase(${histogram}_bucket{${where}}[$__range])))`;
}
