import { added, type Panel } from './panel.ts';
import { rowsOfParts } from './rows-of-parts.ts';
import { rowsOfWork } from './rows-of-work.ts';

/** What the dashboard shows, for both modes. */
export const dashboardRows = [...rowsOfWork, ...rowsOfParts];

const panelHeight = 7;
const statHeight = 4;
const datasource = { type: 'prometheus', uid: '${datasource}' };

/** Grafana's JSON of the dashboard. */
export function dashboardDocument(): string {
  return `${JSON.stringify(dashboard(), undefined, 2)}\n`;
}

function dashboard(): object {
  return {
    title: 'Node termination handler',
    uid: 'node-termination-handler',
    description: 'Interruptions of EC2 nodes: what happened, was it in time, what was left behind.',
    tags: ['aws', 'kubernetes', 'node-termination-handler'],
    schemaVersion: 39,
    editable: true,
    graphTooltip: 1,
    time: { from: 'now-6h', to: 'now' },
    refresh: '30s',
    annotations: {
      list: [
        {
          name: 'Interruptions',
          enable: true,
          datasource,
          expr: `${added('nth_interruptions_total', 'kind')} > 0`,
          titleFormat: '{{kind}}',
          step: '60s',
          iconColor: 'orange',
        },
      ],
    },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
        {
          name: 'namespace',
          label: 'Namespace',
          type: 'query',
          datasource,
          query: 'label_values(nth_build_info, namespace)',
          refresh: 2,
          multi: true,
          includeAll: true,
          allValue: '.*',
          current: { text: 'All', value: '$__all' },
        },
      ],
    },
    panels: laidOut(),
  };
}

/** Each row below the one before, and its panels from left to right, in as many lines as they need. */
function laidOut(): object[] {
  const panels: object[] = [];
  let y = 0;
  for (const row of dashboardRows) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title: row.title,
      collapsed: false,
      gridPos: { x: 0, y, w: 24, h: 1 },
      panels: [],
    });
    y += 1;
    let x = 0;
    let height = 0;
    for (const panel of row.panels) {
      if (x + panel.width > 24) {
        x = 0;
        y += height;
      }
      height = panel.kind === 'stat' ? statHeight : panelHeight;
      const gridPos = { x, y, w: panel.width, h: height };
      panels.push({ id: panels.length + 1, gridPos, ...panelJson(panel) });
      x += panel.width;
    }
    y += height;
  }
  return panels;
}

function panelJson(panel: Panel): object {
  const { title, help, kind, unit, queries, thresholds, isStacked } = panel;
  const isInstant = kind !== 'timeseries';
  return {
    type: kind,
    title,
    description: help,
    datasource,
    targets: queries.map(({ query, legend }, index) => ({
      refId: String.fromCodePoint(65 + index),
      datasource,
      expr: query,
      legendFormat: legend === '' ? '__auto' : legend,
      ...(isInstant ? { instant: true, range: false } : { instant: false, range: true }),
    })),
    fieldConfig: {
      defaults: {
        unit,
        min: kind === 'timeseries' && !title.startsWith('Clock') ? 0 : undefined,
        thresholds: {
          mode: 'absolute',
          steps: [
            { color: thresholds ? 'green' : 'text', value: null },
            ...(thresholds
              ? [
                  { color: 'orange', value: thresholds[0] },
                  { color: 'red', value: thresholds[1] },
                ]
              : []),
          ],
        },
        color: { mode: kind === 'timeseries' ? 'palette-classic' : 'thresholds' },
        ...(kind === 'timeseries' && {
          custom: {
            drawStyle: 'line',
            fillOpacity: isStacked ? 30 : 10,
            stacking: { mode: isStacked ? 'normal' : 'none' },
            showPoints: 'never',
          },
        }),
      },
      overrides: [],
    },
    options:
      kind === 'stat'
        ? {
            reduceOptions: { calcs: ['lastNotNull'] },
            textMode: 'auto',
            colorMode: 'value',
            graphMode: 'none',
          }
        : {},
  };
}
