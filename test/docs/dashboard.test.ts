import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { it } from 'node:test';
import { createMetrics } from '../../src/metrics.ts';
import { root } from './pages.ts';
import { unknownNames } from './prom-queries.ts';

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const file = 'charts/aws-node-termination-handler/files/dashboard-node-termination-handler.json';
const dashboard = JSON.parse(await readFile(root + file, 'utf8')) as {
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
};
const panels = dashboard.panels.filter(({ type }) => type !== 'row');

it('asks for metrics and labels that there are', () => {
  const queries = [
    ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr }))),
    ...dashboard.annotations.list.map(({ expr }) => ({ title: 'annotations', expr })),
  ];
  assert.ok(queries.length > 30);
  assert.deepEqual(
    queries.flatMap(({ title, expr }) => unknownNames(expr).map((name) => `${title}: ${name}`)),
    [],
  );
});

it('shows every metric of our own that tells how the work goes', () => {
  const shown = JSON.stringify(dashboard);
  const names = createMetrics('')
    .registry.getMetricsAsArray()
    .map(({ name }) => name);
  // What is there to look a thing up with, once one of the others has raised the question.
  const forDetails = new Set([
    'nth_http_server_listening',
    'nth_indexed_nodes',
    'nth_instances_not_in_cluster',
    'nth_kubernetes_events_dropped_total',
    'nth_node_lookups_total',
    'nth_tagged_instances',
    'nth_tagged_nodes',
    'nth_webhook_posts_total',
  ]);
  assert.deepEqual(
    names.filter((name) => name.startsWith('nth_') && !forDetails.has(name) && !shown.includes(name)),
    [],
  );
});

it('names the labels in its legends that its queries leave', () => {
  const problems = panels.flatMap(({ title, targets = [] }) =>
    targets.flatMap(({ expr, legendFormat }) => {
      const grouped = new Set(
        [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(', ')),
      );
      const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
      return named.filter((label) => !grouped.has(label)).map((label) => `${title}: ${label}`);
    }),
  );
  assert.deepEqual(problems, []);
});

it('explains each panel, and lays none over another', () => {
  for (const { title, description } of panels) assert.ok((description ?? '') !== '', title);
  const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
  );
  assert.equal(new Set(cells).size, cells.length);
});
