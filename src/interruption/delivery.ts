import type { Interruption, NodeLocation } from './interruption.ts';

/**
 * An interruption lent by a source. Given back exactly once, by `settle` or by `release`.
 * A signal whose body changed comes again as a delivery with the same interruption id.
 */
export interface Delivery {
  readonly type: 'interruption';
  readonly interruption: Interruption;
  readonly source: string;
  /** Understood by the source that made it, and by nobody else. */
  readonly handle: unknown;
}

/**
 * Why what was done for an interruption is to be undone.
 * - `canceled`, `completed`: AWS says so
 * - `rebooted`: the machine has booted since it was marked for a reboot
 * - `survived`: the deadline has passed, AWS shows the interruption no more, and the machine lives
 */
export type CancellationCause = 'canceled' | 'completed' | 'rebooted' | 'survived';

/** The id of a reboot of which no label says what event it belongs to. */
export const unnamedReboot = 'reboot';

/** The interruption is over: what was done for it is to be undone. */
export interface Cancellation {
  readonly type: 'cancellation';
  readonly interruptionId: string;
  readonly why: CancellationCause;
  readonly where: NodeLocation;
  readonly source: string;
  readonly handle: unknown;
}

/** How the work for a delivery ended; only these ends settle it. */
export type Outcome =
  | 'drained'
  | 'marked'
  /** The machine's end came before the last pod had left. */
  | 'deadline-passed'
  | 'cancelled'
  | 'ignored'
  /** Nothing was done: the source completes and deletes nothing, and does not show the signal again. */
  | 'dry-run';

/** Where interruptions come from. Pulled, so that back-pressure is by not asking. */
export interface Source {
  readonly name: string;
  /** Ends when `intake` is aborted; never throws: an unreachable source backs off, tells, and goes on. */
  deliveries(intake: AbortSignal): AsyncIterable<Delivery | Cancellation>;
  /** The work is done. Retried by the source until it holds. */
  settle(delivery: Delivery | Cancellation, outcome: Outcome): Promise<void>;
  /** The work was not done, or not to its end: the source delivers it again. */
  release(delivery: Delivery | Cancellation): Promise<void>;
}
