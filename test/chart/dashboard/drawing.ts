import type { Series } from './prometheus.ts';

export interface DrawnPanel {
  readonly title: string;
  readonly kind: 'row' | 'stat' | 'timeseries';
  readonly unit: string;
  readonly place: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly isStacked: boolean;
  /** A colour for each value from which on it holds. */
  readonly thresholds: readonly { readonly color: string; readonly value: number | null }[];
  readonly lines: readonly { readonly legend: string; readonly values: Series['values'] }[];
}

const cell = { width: 50, height: 34 };
const palette = ['#3274d9', '#299c46', '#ed8128', '#b877d9', '#e02f44', '#1bbbbb', '#c4a000', '#8f8f8f'];
const colors: Readonly<Record<string, string>> = {
  green: '#299c46',
  orange: '#ed8128',
  red: '#e02f44',
  text: '#24292e',
};

/** A page of panels where the dashboard has them; a plain drawing of ours, with Prometheus' answers. */
export function drawing(panels: readonly DrawnPanel[], fromMs: number, toMs: number): string {
  const height = Math.max(...panels.map(({ place }) => place.y + place.h)) * cell.height;
  const shown = panels.map((panel) => panelHtml(panel, fromMs, toMs)).join('\n');
  return `<!doctype html><meta charset="utf-8"><style>
    body { margin: 0; background: #f4f5f5; font: 12px/1.3 system-ui, sans-serif; color: #24292e }
    main { position: relative; width: ${24 * cell.width}px; height: ${height}px }
    section { position: absolute; box-sizing: border-box; padding: 6px 8px; background: #fff; border: 1px solid #e3e4e5; overflow: hidden }
    section.row { background: none; border: 0; font-weight: 600; font-size: 14px }
    h2 { font-size: 12px; margin: 0 0 4px; font-weight: 600 }
    .numbers { display: flex; height: 70%; align-items: center; justify-content: space-around; text-align: center }
    .numbers b { font-size: 26px; font-weight: 500; display: block }
    ul { margin: 0; padding: 0; list-style: none; font-size: 11px }
    li { display: inline-block; margin-right: 10px; white-space: nowrap }
    li i { display: inline-block; width: 10px; height: 4px; margin-right: 4px; vertical-align: middle }
  </style><main>${shown}</main>`;
}

function panelHtml(panel: DrawnPanel, fromMs: number, toMs: number): string {
  const { x, y, w, h } = panel.place;
  const gap = 3;
  const box = {
    left: x * cell.width + gap,
    top: y * cell.height + gap,
    width: w * cell.width - 2 * gap,
    height: h * cell.height - 2 * gap,
  };
  const style = Object.entries(box)
    .map(([name, value]) => `${name}:${value}px`)
    .join(';');
  if (panel.kind === 'row') return `<section class="row" style="${style}">${escaped(panel.title)}</section>`;
  const content =
    panel.lines.length === 0
      ? '<div class="numbers">No data</div>'
      : panel.kind === 'stat'
        ? numbers(panel)
        : graph(panel, box.width - 18, box.height - 62, fromMs, toMs);
  return `<section style="${style}"><h2>${escaped(panel.title)}</h2>${content}</section>`;
}

function numbers({ lines, unit, thresholds }: DrawnPanel): string {
  const shown = lines.map(({ legend, values }) => {
    const value = Number(values.at(-1)?.[1]);
    const { color = 'text' } = thresholds.findLast((it) => it.value === null || value >= it.value) ?? {};
    return `<div><b style="color:${colors[color]}">${escaped(formatted(value, unit))}</b>${escaped(legend)}</div>`;
  });
  return `<div class="numbers">${shown.join('')}</div>`;
}

function graph(panel: DrawnPanel, width: number, height: number, fromMs: number, toMs: number): string {
  const { lines, unit, isStacked } = panel;
  const left = 44;
  const bottom = 16;
  const top = 8;
  const below = new Map<number, number>();
  const drawn = lines.map(({ values }) =>
    values.map(([time, text]) => {
      const base = isStacked ? (below.get(time) ?? 0) : 0;
      const value = Number.isFinite(Number(text)) ? Number(text) : 0;
      below.set(time, base + value);
      return { time: time * 1000, base, top: base + value };
    }),
  );
  const tops = drawn.flat().map(({ top }) => top);
  const most = niceTop(Math.max(0, ...tops));
  const least = Math.min(0, ...tops);
  const xOf = (time: number): number => left + ((time - fromMs) / (toMs - fromMs)) * (width - left);
  const yOf = (value: number): number =>
    top + (height - bottom - top) * (1 - (value - least) / (most - least));
  const shapes = drawn.map((points, index) => {
    const color = palette[index % palette.length];
    const path = (of: (point: (typeof points)[number]) => number): string =>
      points.map((point) => `${xOf(point.time).toFixed(1)},${yOf(of(point)).toFixed(1)}`).join(' ');
    const back = points
      .toReversed()
      .map((point) => `${xOf(point.time).toFixed(1)},${yOf(point.base).toFixed(1)}`);
    const area = `<polygon points="${path((it) => it.top)} ${back.join(' ')}" fill="${color}" opacity="${isStacked ? 0.3 : 0.08}"/>`;
    return `${area}<polyline points="${path((it) => it.top)}" fill="none" stroke="${color}" stroke-width="1.5"/>`;
  });
  const grid = [0, 0.5, 1].map((share) => {
    const value = least + (most - least) * share;
    const y = yOf(value).toFixed(1);
    return `<line x1="${left}" x2="${width}" y1="${y}" y2="${y}" stroke="#e3e4e5"/><text x="${left - 4}" y="${Number(y) + 4}" text-anchor="end" font-size="10" fill="#666">${formatted(value, unit)}</text>`;
  });
  const times = [0.02, 0.25, 0.5, 0.75, 0.98].map((share) => {
    const minutes = Math.round(((toMs - fromMs) * (share - 1)) / 60_000);
    return `<text x="${(left + (width - left) * share).toFixed(0)}" y="${height}" text-anchor="middle" font-size="10" fill="#666">${minutes} min</text>`;
  });
  const legend = lines.map(
    (line, index) =>
      `<li><i style="background:${palette[index % palette.length]}"></i>${escaped(line.legend)}</li>`,
  );
  return `<svg width="${width}" height="${height + 4}">${grid.join('')}${times.join('')}${shapes.join('')}</svg><ul>${legend.join('')}</ul>`;
}

/** 1, 2 or 5 times a power of ten. */
function niceTop(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power).find((top) => top >= value) ?? value;
}

function formatted(value: number, unit: string): string {
  if (!Number.isFinite(value)) return '-';
  if (unit === 's' && Math.abs(value) < 1 && value !== 0) return `${(value * 1000).toFixed(0)} ms`;
  const text =
    Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toFixed(Math.abs(value) < 1 ? 2 : 1)));
  return unit === 's' ? `${text} s` : text;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
