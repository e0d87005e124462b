import type { Cancellation } from '../../interruption/delivery.ts';
import type { Instant, Interruption } from '../../interruption/interruption.ts';

/** An event of EventBridge, or what another form of message is turned into. */
export interface Envelope {
  readonly source: string;
  readonly detailType: string;
  /** The event's own; the message's where it has none. */
  readonly id: string;
  /** When AWS wrote it, by AWS's clock; undefined where it can't be read. */
  readonly time: Instant | undefined;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** When a message was first seen here. */
export interface FirstSight {
  readonly seenAt: Instant;
  /** An instant of AWS's clock on this machine's. */
  readonly toLocal: (instant: Instant) => Instant;
}

/** What a message says of one instance. */
export type Signal =
  | { readonly type: 'interruption'; readonly interruption: Interruption }
  | Pick<Cancellation, 'type' | 'interruptionId' | 'why' | 'toldAt' | 'where'>;

/**
 * What a message says.
 * - `signals`: of instances that it names
 * - `reservation`: of all instances that run in a capacity reservation
 * - `nothing`: nothing that is ours to do, for anybody
 * - `unreadable`: we can't tell; somebody else may
 */
export type Reading =
  | { readonly type: 'signals'; readonly signals: readonly Signal[] }
  | {
      readonly type: 'reservation';
      readonly reservationId: string;
      readonly signal: (instanceId: string) => Signal;
    }
  | { readonly type: 'nothing'; readonly why: string }
  | { readonly type: 'unreadable'; readonly why: string };

/** Reads one kind of event: a row of `parsers.ts`. Never throws. */
export type Parser = (event: Envelope, first: FirstSight) => Reading;

export function signals(...interruptions: readonly Interruption[]): Reading {
  return {
    type: 'signals',
    signals: interruptions.map((interruption) => ({ type: 'interruption', interruption })),
  };
}

export function nothing(why: string): Reading {
  return { type: 'nothing', why };
}

export function unreadable(why: string): Reading {
  return { type: 'unreadable', why };
}
