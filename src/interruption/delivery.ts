import type { Instant, Interruption, NodeLocation } from './interruption.ts';

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
 * - `returned`: the instance is back from its group's warm pool, or from a Spot stop or hibernation
 */
export type CancellationCause = 'canceled' | 'completed' | 'rebooted' | 'survived' | 'returned';

/** The id of a reboot of which no label says what event it belongs to. */
export const unnamedReboot = 'reboot';

/** The interruption is over: what was done for it is to be undone. */
export interface Cancellation {
  readonly type: 'cancellation';
  readonly interruptionId: string;
  readonly why: CancellationCause;
  /**
   * When AWS told so, by AWS's clock: what it calls off may be delivered once more, for a queue keeps no order, and is to
   * be acted on only where AWS has told of it since. undefined: it does not come again.
   */
  readonly toldAt?: Instant;
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
  /** The node of an instance that was launched is Ready. */
  | 'ready'
  /** There is nothing for us to do: not our instance, gone, or of a kind that is not acted on. */
  | 'ignored'
  /** The node is not in the cluster, and its signal is to be settled all the same. */
  | 'node-not-found'
  /** Nothing was done: the source completes and deletes nothing, and does not show the signal again. */
  | 'dry-run';

/**
 * Why a delivery is given back with its work not done.
 * - `unfinished`: it is to be tried again, after a while
 * - `not-ours`: it may be for another cluster that reads the same source, and is to get there soon
 */
export type ReleaseReason = 'unfinished' | 'not-ours';

/** Where interruptions come from. Pulled, so that back-pressure is by not asking. */
export interface Source {
  readonly name: string;
  /** Ends when `intake` is aborted; never throws: an unreachable source backs off, tells, and goes on. */
  deliveries(intake: AbortSignal): AsyncIterable<Delivery | Cancellation>;
  /** The work is done. Retried by the source until it holds. */
  settle(delivery: Delivery | Cancellation, outcome: Outcome): Promise<void>;
  /**
   * The work was not done, or not to its end: the source delivers it again.
   * @param reason `unfinished` unless said otherwise
   */
  release(delivery: Delivery | Cancellation, reason?: ReleaseReason): Promise<void>;
}
