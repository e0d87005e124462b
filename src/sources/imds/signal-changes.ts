import type { Interruption } from '../../interruption/interruption.ts';
import type { Outcome } from '../../interruption/delivery.ts';

/** Times of a signal that is being worked on count as moved beyond this; less is clock correction. */
const movedMs = 1000;
/** The work for a settled signal is begun again only for a start that really was put off or brought forward. */
const rescheduledMs = 60_000;

/** Whether a signal that is being worked on has changed in something that its work depends on. */
export function changed(before: Interruption, after: Interruption): boolean {
  switch (after.kind) {
    case 'SPOT_ITN':
      return (
        before.kind !== after.kind ||
        before.action !== after.action ||
        differ(before.deadline, after.deadline, movedMs)
      );
    case 'SCHEDULED_EVENT':
      return before.kind !== after.kind || before.code !== after.code || rescheduled(before, after, movedMs);
    case 'ASG_LIFECYCLE':
      return before.kind !== after.kind || before.returnsToWarmPool !== after.returnsToWarmPool;
    case 'REBALANCE_RECOMMENDATION':
      // A newer time of the same recommendation asks for nothing else.
      return before.kind !== after.kind;
    case 'ASG_LAUNCH_LIFECYCLE':
    case 'STATE_CHANGE':
      return false;
  }
}

/**
 * Whether a signal that was settled is to be worked on again: only maintenance whose node was marked and
 * which then was moved to another time. A drained node stays drained, whatever the document says next.
 */
export function reopens(before: Interruption, after: Interruption, outcome: Outcome): boolean {
  return (
    outcome === 'marked' &&
    before.kind === 'SCHEDULED_EVENT' &&
    after.kind === 'SCHEDULED_EVENT' &&
    rescheduled(before, after, rescheduledMs)
  );
}

interface Window {
  readonly notBefore: number;
  readonly notAfter?: number;
}

function rescheduled(before: Window, after: Window, beyondMs: number): boolean {
  return (
    differ(before.notBefore, after.notBefore, beyondMs) || differ(before.notAfter, after.notAfter, beyondMs)
  );
}

function differ(one: number | undefined, other: number | undefined, beyondMs: number): boolean {
  if (one === undefined || other === undefined) return one !== other;
  return Math.abs(one - other) > beyondMs;
}
