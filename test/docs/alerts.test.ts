import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { it } from 'node:test';
import { parse } from 'yaml';
import { readPage, root } from './pages.ts';
import { unknownNames } from './prom-queries.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: {
    readonly summary: string;
    readonly description: string;
    readonly runbook_url: string;
  };
}

const text = await readFile(`${root}charts/aws-node-termination-handler/files/alerts.yaml`, 'utf8');
const { groups } = parse(text) as { groups: readonly { readonly rules: readonly Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);

it('knows when a query names what there is not', () => {
  assert.deepEqual(unknownNames('sum by (le) (rate(nth_deadline_spare_seconds_bucket{le="1"}[5m]))'), []);
  assert.deepEqual(unknownNames('sum(nth_no_such) + nth_pods_total{result="x"} + nth_pods_total_bucket'), [
    'nth_pods_total{result}',
    'nth_no_such',
    'nth_pods_total_bucket',
  ]);
});

it('alerts on metrics that there are', () => {
  assert.ok(rules.length >= 5);
  assert.deepEqual(
    rules.flatMap(({ alert, expr }) => unknownNames(expr).map((name) => `${alert}: ${name}`)),
    [],
  );
});

it('has a page for each alert, which names it, and no page without one', async () => {
  for (const { alert, annotations } of rules) {
    const page = await readPage(annotations.runbook_url);
    assert.ok(page.text.includes(`\`${alert}\``), `${annotations.runbook_url} names ${alert}`);
  }
  const pages = (await readdir(`${root}docs/runbooks`)).filter((name) => name !== 'README.md');
  assert.deepEqual(
    pages.map((name) => `docs/runbooks/${name}`).sort(),
    rules.map(({ annotations }) => annotations.runbook_url).sort(),
  );
});

it('lists the alerts with their severity', async () => {
  const { text: list } = await readPage('docs/runbooks/README.md');
  const rows = [...list.matchAll(/^\| `(\w+)`\s*\| (\w+)/gm)].map(([, alert, severity]) => [alert, severity]);
  assert.deepEqual(
    rows,
    rules.map(({ alert, labels }) => [alert, labels.severity]),
  );
});
