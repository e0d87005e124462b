import type { Interruption } from '../../interruption/interruption.ts';
import {
  isObject,
  nothing,
  parseJson,
  text,
  unreadable,
  type Finished,
  type FirstSight,
  type Reading,
  type Sighting,
  type SignalKind,
} from './signal.ts';
import { parseTime } from './times.ts';

/**
 * Maintenance that AWS has scheduled for the instance. An event that is over or called off keeps its id
 * and changes its state, in the same list or, as AWS moves those, in the history.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-instances-status-check_sched.html
 */
export const scheduledMaintenance: SignalKind = {
  monitor: 'SCHEDULED_EVENT_MONITOR',
  documents: [
    { path: '/latest/meta-data/events/maintenance/scheduled', read },
    { path: '/latest/meta-data/events/maintenance/history', read: readHistory },
  ],
};

type Event = Readonly<Record<string, unknown>>;

/** Ids such as `instance-event-0d59937288b749b32`. */
const idForm = /^[\u0021-\u007e]{1,250}$/;

/** What a state of AWS's means to us. */
const states: ReadonlyMap<string, 'active' | Finished['why']> = new Map([
  ['active', 'active'],
  ['canceled', 'canceled'],
  ['cancelled', 'canceled'],
  ['completed', 'completed'],
]);

function read(body: string | undefined): Reading {
  if (body === undefined) return nothing;
  const events = parseJson(body);
  if (!Array.isArray(events)) return unreadable('not a JSON array');
  const reading = { sightings: [] as Sighting[], finished: [] as Finished[] };
  let unread = 0;
  for (const event of events as unknown[]) {
    const id = isObject(event) ? text(event['EventId']) : '';
    const state = isObject(event) ? states.get(text(event['State']).toLowerCase()) : undefined;
    if (!isObject(event) || !idForm.test(id) || state === undefined) unread += 1;
    else if (state === 'active') reading.sightings.push(sighting(id, event));
    else reading.finished.push({ id, why: state });
  }
  return unread === 0
    ? reading
    : { ...reading, unreadable: `${unread} of its events without known id and state` };
}

/** Past events: what is shown as active there is not to come any more. */
function readHistory(body: string | undefined): Reading {
  return { ...read(body), sightings: [] };
}

function sighting(id: string, event: Event): Sighting {
  return { key: id, id: () => id, interruption: (first) => interruption(event, first) };
}

/** An active event whose times can't be used is acted on all the same: as one that begins now. */
function interruption(event: Event, first: FirstSight): Interruption {
  const [code, from, to] = [text(event['Code']), text(event['NotBefore']), text(event['NotAfter'])];
  const [notBefore, notAfter] = [parseTime(from), parseTime(to)];
  return {
    kind: 'SCHEDULED_EVENT',
    id: first.id,
    monitor: 'SCHEDULED_EVENT_MONITOR',
    description: `${code} will occur between ${from} and ${to} because ${text(event['Description'])}\n`,
    where: first.where,
    seenAt: first.seenAt,
    startTime: first.seenAt,
    endTime: notAfter ?? notBefore ?? first.seenAt,
    code,
    notBefore: notBefore === undefined ? first.seenAt : first.toLocal(notBefore),
    ...(notAfter !== undefined && { notAfter: first.toLocal(notAfter) }),
  };
}
