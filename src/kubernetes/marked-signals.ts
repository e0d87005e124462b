import { unnamedReboot } from '../interruption/delivery.ts';
import {
  endsInReboot,
  isOver,
  isToldBefore,
  tellingOf,
  type Over,
  type Telling,
} from '../interruption/interruption.ts';
import type { Marks } from './cluster.ts';
import { addDone, type DoneEvent, type MarkedSignal, type MarkState } from './mark-state.ts';
import { queuedSignal } from './queued-signals.ts';

/** What a Node carries at most; more were never seen at a time. */
const mostSignals = 10;

/** Another replica may have been told that it is over, or this one since the marks were made. */
export function withoutCalledOff(marks: Marks, before: MarkState | undefined): Marks {
  const done = doneEvents(before);
  const isCalledOff = ({ interruption }: Marks['interruptions'][number]): boolean =>
    interruption.monitor === 'SQS_MONITOR' && isOver(tellingOf(interruption), ofEvent(interruption.id, done));
  return done.length === 0 || !marks.interruptions.some(isCalledOff)
    ? marks
    : { ...marks, interruptions: marks.interruptions.filter((it) => !isCalledOff(it)) };
}

/** The signals that the Node is to carry. */
export function signalsOf(before: readonly MarkedSignal[], { interruptions, over }: Marks): MarkedSignal[] {
  const now = interruptions.map(({ interruption, deadline }) => {
    const { id, kind } = interruption;
    const queued = queuedSignal(interruption);
    return {
      id,
      kind,
      ...(deadline !== undefined && { deadline: new Date(deadline).toISOString() }),
      ...(endsInReboot(interruption) && { reboots: true as const }),
      ...(queued && { queued }),
    };
  });
  // Of these kinds there is one at a time; what is new takes the place of what is left from before.
  const kindsNow = new Set<string>(now.map((it) => it.kind).filter((kind) => kind !== 'SCHEDULED_EVENT'));
  const ours = new Map(now.map((it) => [it.id, it]));
  // In the order in which they first came: one that comes again is no reason to write.
  const kept = before
    .filter(
      (it) =>
        ours.has(it.id) || !(isOver(tellingOfSignal(it), ofEvent(it.id, over)) || kindsNow.has(it.kind)),
    )
    .map((it) => toldLast(it, ours.get(it.id)));
  const added = now.filter(({ id }) => !before.some((it) => it.id === id));
  return [...kept, ...added].slice(-mostSignals);
}

function ofEvent(eventId: string, all: readonly Over[]): Over | undefined {
  return all.find(({ id }) => id === eventId);
}

/** Another replica may have been told of an event since we were. What is told once more was first seen before. */
function toldLast(onNode: MarkedSignal, ours: MarkedSignal | undefined): MarkedSignal {
  if (!ours || isToldBefore(tellingOfSignal(ours), tellingOfSignal(onNode))) return onNode;
  if (!ours.queued || !onNode.queued || ours.queued.toldAt !== onNode.queued.toldAt) return ours;
  const sinceThen = { ...ours, queued: { ...ours.queued, since: onNode.queued.since } };
  // Of two contents that AWS told at the same time that holds which was seen last.
  const isSame = ours.queued.toldAt === undefined || JSON.stringify(sinceThen) === JSON.stringify(onNode);
  return isSame ? sinceThen : ours;
}

function tellingOfSignal({ queued }: MarkedSignal): Telling | undefined {
  if (queued?.toldAt === undefined) return undefined;
  return { toldAt: Date.parse(queued.toldAt), seenAt: Date.parse(queued.since) };
}

export function doneEvents(state: MarkState | undefined): readonly Over[] {
  return (state?.done ?? []).map(({ id, toldAt }) => ({
    id,
    ...(toldAt !== undefined && { toldAt: Date.parse(toldAt) }),
  }));
}

/** What the Node is to remember as over. */
export function doneWith(
  before: MarkState | undefined,
  { interruptions, over, remembersOver }: Marks,
): readonly DoneEvent[] {
  // The machine was rebooted before the time of what is still to come.
  const isBack = (id: string): boolean => interruptions.some(({ interruption }) => interruption.id === id);
  const done = (before?.done ?? []).filter(({ id }) => !isBack(id));
  const more = remembersOver ? over.filter(({ id }) => id !== unnamedReboot) : [];
  return addDone(
    done,
    more.map(({ id, toldAt }) => ({
      id,
      ...(toldAt !== undefined && { toldAt: new Date(toldAt).toISOString() }),
    })),
  );
}
