import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { suite, test } from 'node:test';
import { chromium } from 'playwright-core';
import { ensureChromium } from '../parts/debian.ts';
import { drawing, type DrawnPanel } from './dashboard/drawing.ts';
import { scrapedHistory } from './dashboard/history.ts';
import { Prometheus } from './dashboard/prometheus.ts';

interface Panel {
  readonly title: string;
  readonly type: 'row' | 'stat' | 'timeseries';
  readonly gridPos: DrawnPanel['place'];
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit: string;
      readonly thresholds: { readonly steps: DrawnPanel['thresholds'] };
      readonly custom?: { readonly stacking: { readonly mode: string } };
    };
  };
}

const file = '../../charts/aws-node-termination-handler/files/dashboard-node-termination-handler.json';
const shownMs = 2 * 3_600_000;
const stepSeconds = 60;
/** What a history without a queue, and without figures of a process, has no data for. */
const emptyRow = 'Queue mode';
const emptyPanels: ReadonlySet<string> = new Set(['Memory', 'CPU', 'Versions and options']);

function here(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

suite('the dashboard', { timeout: 240_000 }, () => {
  test('is answered by Prometheus, panel by panel, from what daemons have shown', async (t) => {
    const { panels } = JSON.parse(await readFile(here(file), 'utf8')) as { panels: readonly Panel[] };
    const toMs = Math.floor(Date.now() / 60_000) * 60_000;
    const prometheus = await Prometheus.start(await scrapedHistory(toMs));
    t.after(() => prometheus.stop());
    const drawn: DrawnPanel[] = [];
    let row = '';
    for (const panel of panels) {
      if (panel.type === 'row') row = panel.title;
      const lines = await answersTo(panel, prometheus, toMs);
      const isEmpty = row === emptyRow || emptyPanels.has(panel.title) || panel.type === 'row';
      assert.ok(isEmpty || lines.length > 0, `no data for "${panel.title}"`);
      drawn.push(drawnPanel(panel, lines));
    }
    const out = process.env['DASHBOARD_PICTURE'];
    if (out !== undefined) await draw(drawn, toMs, out);
  });
});

async function answersTo(panel: Panel, prometheus: Prometheus, toMs: number): Promise<DrawnPanel['lines']> {
  const lines: DrawnPanel['lines'][number][] = [];
  for (const { expr, legendFormat } of panel.targets ?? []) {
    const query = expr
      .replaceAll('$namespace', '.*')
      .replaceAll('$__range', `${shownMs / 1000}s`)
      .replaceAll('$__rate_interval', '2m');
    const series =
      panel.type === 'stat'
        ? await prometheus.query(query, toMs)
        : await prometheus.range(query, toMs - shownMs, toMs, stepSeconds);
    for (const { metric, values } of series) {
      const legend = legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? '');
      lines.push({ legend: legend === '__auto' ? '' : legend, values });
    }
  }
  // As Grafana's legend would be with a hundred lines: what never happened is left out.
  const happened = lines.filter(({ values }) => values.some(([, value]) => Number(value) !== 0));
  return panel.type === 'stat' || happened.length === 0 ? lines : happened;
}

function drawnPanel({ title, type, gridPos, fieldConfig }: Panel, lines: DrawnPanel['lines']): DrawnPanel {
  const { unit = 'none', thresholds, custom } = fieldConfig?.defaults ?? {};
  return {
    title,
    kind: type,
    unit,
    place: gridPos,
    isStacked: custom?.stacking.mode === 'normal',
    thresholds: thresholds?.steps ?? [],
    lines,
  };
}

async function draw(panels: readonly DrawnPanel[], toMs: number, out: string): Promise<void> {
  const browser = await chromium.launch({ executablePath: await ensureChromium(), args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
    // What has no data in this history is not in its picture.
    const queueRow = panels.find(({ title }) => title === emptyRow);
    const apiRow = panels.find(({ title }) => title === 'API and process');
    const cut = { from: queueRow?.place.y ?? Infinity, to: apiRow?.place.y ?? Infinity };
    const shown = panels
      .filter(({ place, title }) => (place.y < cut.from || place.y >= cut.to) && !emptyPanels.has(title))
      .map((panel) =>
        panel.place.y < cut.from
          ? panel
          : { ...panel, place: { ...panel.place, y: panel.place.y - (cut.to - cut.from) } },
      );
    await page.setContent(drawing(shown, toMs - shownMs, toMs));
    await page.screenshot({ path: out, fullPage: true });
  } finally {
    await browser.close();
  }
}
