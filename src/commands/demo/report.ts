import type { LoggedRequest } from '../../../test/fakes/api-server/request-log.ts';
import type { FakeApiServer } from '../../../test/fakes/api-server.ts';
import type { PodRow, PodTimeline } from './pod-timeline.ts';
import type { Screen } from './screen.ts';
import { duration, offset } from './times.ts';

/** What became of the pods, how much time was left, and what it took. */
export function report(
  { noticeAt, deadline }: { readonly noticeAt: number; readonly deadline: number | undefined },
  modules: { readonly screen: Screen; readonly timeline: PodTimeline; readonly api: FakeApiServer },
): void {
  const { screen, timeline, api } = modules;
  const rows = timeline.rows();
  const goneAt = rows.flatMap((row) => row.goneAt ?? []);
  const stayed = stayedTable(rows);
  screen.say(`${goneAt.length} pods left:`);
  screen.list(leftTable(rows, noticeAt));
  screen.say('');
  screen.say(`${stayed.length} pods stayed:`);
  screen.list(stayed);
  screen.say('');
  const lastAt = Math.max(noticeAt, ...goneAt);
  if (deadline !== undefined) {
    screen.say(
      `The last pod was gone at ${offset(noticeAt, lastAt)}. The instance goes at ${offset(noticeAt, deadline)}: ` +
        `${duration(lastAt, deadline)} to spare.`,
    );
  }
  screen.say(`The daemon sent ${api.requests.length} requests to the API server:`);
  screen.list(requestCounts(api.requests));
}

/** The pods that left, the first to go on top: when each was gone, how long it took from the request, and what was special. */
function leftTable(rows: readonly PodRow[], noticeAt: number): string[] {
  const left = rows.filter(({ goneAt }) => goneAt !== undefined);
  const idWidth = Math.max(3, ...left.map(({ id }) => id.length));
  const line = (id: string, gone: string, took: string, remark: string): string =>
    `${id.padEnd(idWidth)}  ${gone.padStart(7)}  ${took.padStart(6)}  ${remark}`.trimEnd();
  return [
    line('pod', 'gone', 'took', ''),
    ...left
      .sort((a, b) => (a.goneAt ?? 0) - (b.goneAt ?? 0))
      .map((row) => {
        const { id, goneAt = 0, askedAt = goneAt } = row;
        return line(id, offset(noticeAt, goneAt), duration(askedAt, goneAt), remarkOn(row));
      }),
  ];
}

/** The pods that are still there: those that were to stay, and any that did not make it. */
function stayedTable(rows: readonly PodRow[]): string[] {
  const stayed = rows.filter(({ goneAt }) => goneAt === undefined);
  const idWidth = Math.max(0, ...stayed.map(({ id }) => id.length));
  return stayed.map(
    ({ id, leaves, because }) => `${id.padEnd(idWidth)}  ${leaves ? 'did not leave in time' : because}`,
  );
}

/** How many requests of each kind there were, refusals told apart. */
function requestCounts(requests: readonly LoggedRequest[]): string[] {
  const counts = new Map<string, number>();
  for (const { verb, resource, subresource, code } of requests) {
    const what = `${verb} ${resource}${subresource === '' ? '' : `/${subresource}`}`;
    const key = code === undefined || code < 300 ? what : `${what}, answered ${code}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([what, count]) => `${String(count).padStart(3)}  ${what}`);
}

/** A timer may fire a moment before its time. */
const timerMs = 50;

function remarkOn({ firstRefusedAt, askedAt, goneAt = 0, graceSeconds, because }: PodRow): string {
  if (askedAt !== undefined && firstRefusedAt !== undefined) {
    return `budget held it ${duration(firstRefusedAt, askedAt)}`;
  }
  if (askedAt !== undefined && goneAt - askedAt >= graceSeconds * 1000 - timerMs) {
    return `killed after ${graceSeconds} s`;
  }
  return because.includes('will replace it') ? '' : because;
}
