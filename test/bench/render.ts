import type { Figure, Table } from './benchmark.ts';

const columns: readonly { readonly head: string; readonly of: (figure: Figure) => string }[] = [
  { head: 'figure', of: ({ figure }) => figure },
  { head: 'measured', of: ({ measured }) => measured },
  { head: 'target', of: ({ target = '' }) => target },
  { head: 'verdict', of: ({ isMet }) => (isMet === undefined ? '' : isMet ? 'ok' : 'MISSED') },
];

/** A table in Markdown, so that it can be pasted as it is. */
export function render(name: string, { title, figures }: Table): string {
  const rows = figures.map((figure) => columns.map(({ of }) => of(figure)));
  const heads = columns.map(({ head }) => head);
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [`${name}: ${title}`, '', line(heads), rule, ...rows.map(line)].join('\n');
}
