import type { PodRow } from './pod-timeline.ts';
import type { StyledLine } from './screen.ts';
import { duration, offset } from './times.ts';

export interface TableSize {
  readonly columns: number;
  /** At most so many lines. */
  readonly lines: number;
}

export interface Moment {
  readonly now: number;
  /** When the notice was given. */
  readonly noticeAt: number;
}

/** One line a pod, in the order of the rows; where there are too many, those with the least news go first. */
export function podTable(rows: readonly PodRow[], moment: Moment, size: TableSize): StyledLine[] {
  const room = Math.max(1, size.lines);
  const dropped = rows.length > room ? dispensable(rows, rows.length - room + 1) : new Set<PodRow>();
  const shown = rows.filter((row) => !dropped.has(row));
  const idWidth = Math.min(Math.max(...rows.map(({ id }) => id.length)), Math.floor(size.columns / 2));
  const lines = shown.map((row): StyledLine => {
    const { text, style } = describe(row, moment);
    return { text: `${fit(row.id, idWidth)}  ${row.kind.padEnd(11)}  ${text}`, style };
  });
  return dropped.size === 0 ? lines : [...lines, { text: `... and ${dropped.size} more pods`, style: 'dim' }];
}

/** What a pod is doing at the moment. */
function describe(row: PodRow, { now, noticeAt }: Moment): StyledLine {
  const { leaves, because, askedAt, goneAt, firstRefusedAt, graceSeconds } = row;
  if (!leaves) return { text: `stays: ${because}`, style: 'dim' };
  if (goneAt !== undefined) {
    const took = duration(askedAt ?? goneAt, goneAt);
    return { text: `gone at ${offset(noticeAt, goneAt)}, took ${took}`, style: 'green' };
  }
  if (askedAt !== undefined) {
    return { text: `shutting down, ${duration(askedAt, now)} of ${graceSeconds} s`, style: 'yellow' };
  }
  if (firstRefusedAt !== undefined) {
    return { text: `held by its budget, ${duration(firstRefusedAt, now)}`, style: 'magenta' };
  }
  return { text: 'running', style: 'none' };
}

/** The rows that say least at the moment: pods long gone, then those that stay. */
function dispensable(rows: readonly PodRow[], count: number): ReadonlySet<PodRow> {
  const interest = ({ leaves, goneAt }: PodRow): number =>
    leaves ? (goneAt ?? Infinity) : Number.MAX_SAFE_INTEGER;
  return new Set([...rows].sort((a, b) => interest(a) - interest(b)).slice(0, Math.max(0, count)));
}

function fit(text: string, width: number): string {
  return text.length <= width ? text.padEnd(width) : `${text.slice(0, width - 1)}…`;
}
