import type { FakeApiServer } from '../../../test/fakes/api-server.ts';
import type { Clock } from '../../clock.ts';
import { toPodView } from '../../kubernetes/views.ts';
import type { DaemonProcess } from './daemon-process.ts';
import { drainedNode, otherNode } from './embedded-cluster.ts';
import { podTable } from './live-table.ts';
import { newsLine, podNews } from './pod-news.ts';
import type { PodTimeline } from './pod-timeline.ts';
import type { Screen } from './screen.ts';
import { duration, offset } from './times.ts';

export interface DrainShownModules {
  readonly api: FakeApiServer;
  readonly clock: Clock;
  readonly daemon: DaemonProcess;
  readonly screen: Screen;
  readonly timeline: PodTimeline;
}

export interface DrainEnd {
  readonly isDrained: boolean;
  /** As the daemon took it from the notice. */
  readonly deadline: number | undefined;
}

/** How often the table is drawn. */
const frameMs = 100;

const drainedText = 'Node successfully cordoned and drained';
const endPattern = new RegExp(`${drainedText}|There was a problem while trying to cordon and drain`, 'u');

/** Follows the drain on the screen until the daemon says that it is over: a table in a terminal, else line by line. */
export async function drainShown(
  { noticeAt }: { readonly noticeAt: number },
  modules: DrainShownModules,
  signal: AbortSignal,
): Promise<DrainEnd> {
  const { clock, daemon, screen, timeline } = modules;
  let rows = timeline.rows();
  let milestonesTold = 0;
  const look = (): void => {
    for (const { at, text } of timeline.milestones.slice(milestonesTold)) {
      milestonesTold += 1;
      screen.list([newsLine(noticeAt, at, text)]);
    }
    const before = rows;
    rows = timeline.rows();
    const moment = { now: clock.now(), noticeAt };
    if (screen.isLive) {
      const size = { columns: screen.columns - 1, lines: screen.rows - 3 };
      screen.draw([{ text: headline(modules, moment), style: 'bold' }, ...podTable(rows, moment, size)]);
    } else {
      screen.list(podNews(before, rows, moment));
    }
  };
  // Before a line is on the screen, so that what it speaks of is there already.
  daemon.log.prependListener('line', look);
  const end = daemon.line(endPattern, signal);
  const over = end.then(
    () => true,
    () => true,
  );
  do look();
  while (!(await Promise.race([over, clock.sleep(frameMs, signal).then(() => false)])));
  daemon.log.off('line', look);
  const [text] = await end;
  screen.draw([]);
  return { isDrained: text === drainedText, deadline: deadlineOf(daemon) };
}

function headline(
  { api, daemon }: DrainShownModules,
  { now, noticeAt }: { now: number; noticeAt: number },
): string {
  const deadline = deadlineOf(daemon);
  const replacements = api.pods(otherNode).map((pod) => toPodView(pod));
  const ready = replacements.filter((pod) => pod.ready).length;
  return [
    offset(noticeAt, now),
    ...(deadline === undefined ? [] : [`${duration(now, deadline)} left`]),
    `${drainedNode}: ${api.pods(drainedNode).length} pods`,
    `${otherNode}: ${replacements.length} pods, ${ready} Ready`,
  ].join(' | ');
}

function deadlineOf({ lines }: DaemonProcess): number | undefined {
  for (const line of lines) {
    const [, deadline] = / deadline=(\S+)/u.exec(line) ?? [];
    if (deadline !== undefined) return Date.parse(deadline);
  }
  return undefined;
}
