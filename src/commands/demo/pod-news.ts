import type { Moment } from './live-table.ts';
import type { PodRow } from './pod-timeline.ts';
import { duration, offset } from './times.ts';

/** More pods than this in one piece of news are counted, not named. */
const mostNames = 3;

/** What happened between two looks at the same pods, for where no table can be redrawn; in order of time. */
export function podNews(before: readonly PodRow[], after: readonly PodRow[], { noticeAt }: Moment): string[] {
  const news: { readonly at: number; readonly text: string }[] = [];
  const asked = after.filter(
    (row, index) => row.askedAt !== undefined && before[index]?.askedAt === undefined,
  );
  if (asked.length > 0) news.push({ at: earliest(asked), text: askedText(asked) });
  for (const [index, row] of after.entries()) {
    const { id, askedAt, goneAt, firstRefusedAt } = row;
    if (firstRefusedAt !== undefined && before[index]?.firstRefusedAt === undefined) {
      news.push({ at: firstRefusedAt, text: `held: ${id}, whose disruption budget allows no eviction now` });
    }
    if (goneAt !== undefined && before[index]?.goneAt === undefined) {
      news.push({
        at: goneAt,
        text: `gone: ${id}, ${duration(askedAt ?? goneAt, goneAt)} after it was asked`,
      });
    }
  }
  return news.sort((a, b) => a.at - b.at).map(({ at, text }) => newsLine(noticeAt, at, text));
}

export function newsLine(noticeAt: number, at: number, text: string): string {
  return `${offset(noticeAt, at).padStart(7)}  ${text}`;
}

function askedText(asked: readonly PodRow[]): string {
  if (asked.length > mostNames) return `asked to leave: ${asked.length} pods`;
  return `asked to leave: ${asked.map(afterRefusals).join(', ')}`;
}

function afterRefusals({ id, askedAt = 0, firstRefusedAt, refusals }: PodRow): string {
  if (firstRefusedAt === undefined) return id;
  return `${id}, after ${duration(firstRefusedAt, askedAt)} and ${refusals} refusals`;
}

function earliest(asked: readonly PodRow[]): number {
  return Math.min(...asked.map(({ askedAt = Infinity }) => askedAt));
}
