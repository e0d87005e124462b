import { createHash } from 'node:crypto';
import type { Interruption } from '../../interruption/interruption.ts';
import {
  isObject,
  nothing,
  parseJson,
  shows,
  text,
  unreadable,
  type FirstSight,
  type Reading,
  type SignalKind,
} from './signal.ts';
import { parseTime } from './times.ts';

/** The notice that AWS gives before it takes a spot instance; a notice without a usable time is this long. */
const noticeMs = 120_000;

/**
 * The spot interruption notice. Hibernation begins with the notice, so its time is the deadline too.
 * AWS doesn't take a notice back: one that is no longer shown is not undone.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
 */
export const spotInstanceAction: SignalKind = {
  monitor: 'SPOT_ITN_MONITOR',
  documents: [{ path: '/latest/meta-data/spot/instance-action', read }],
};

function read(body: string | undefined): Reading {
  if (body === undefined) return nothing;
  const notice = parseJson(body);
  if (!isObject(notice)) return unreadable('not a JSON object');
  if (!hasAction(notice)) return unreadable('no "action"');
  return shows({
    key: 'spot',
    id: () => `spot-itn-${hashOf(`&{${text(notice['action'])} ${text(notice['time'])}}`)}`,
    interruption: (first) => interruption(notice, first),
  });
}

/** Whatever the action is: an instance that goes away in a way we don't know goes away. */
function hasAction({ action }: Readonly<Record<string, unknown>>): boolean {
  return action !== undefined && action !== null && action !== false && action !== '';
}

function interruption(notice: Readonly<Record<string, unknown>>, first: FirstSight): Interruption {
  const time = parseTime(notice['time']);
  const { action } = notice;
  return {
    kind: 'SPOT_ITN',
    id: first.id,
    monitor: 'SPOT_ITN_MONITOR',
    description: `Spot ITN received. Instance will be interrupted at ${text(notice['time'])} \n`,
    where: first.where,
    seenAt: first.seenAt,
    startTime: time ?? first.seenAt,
    action: action === 'stop' || action === 'hibernate' ? action : 'terminate',
    deadline: time === undefined ? first.seenAt + noticeMs : first.toLocal(time),
  };
}

function hashOf(written: string): string {
  return createHash('sha256').update(written).digest('hex');
}
