import type { Cancellation, Source } from '../interruption/delivery.ts';
import type { Instant, Interruption } from '../interruption/interruption.ts';

/**
 * What nodes carry from before, written by this process or an earlier one. A source as well: it lends what follows
 * from that, such as the end of a reboot, or work that nobody else would take up again.
 */
export interface NodeRecords extends Source {
  /** Resolves once what the nodes carry is known. */
  readonly ready: Promise<void>;
  /** The event has come to pass, although AWS may show it for a while. */
  isDone(node: string, interruption: Interruption): boolean;
  /**
   * The node was marked for it, by us or by an earlier process.
   * @param toldAt only for what AWS had told of it by then
   */
  isMarkedFor(node: string, interruptionId: string, toldAt?: Instant): boolean;
  /** The node is being marked for it. */
  track(node: string, interruption: Interruption): void;
  /** The work for it did not come to its end, and its source was told so: it may never bring it again. */
  unfinished?(node: string, interruption: Interruption): void;
  /** It is over, as AWS told then, but its source may bring once more what was told before. */
  calledOff?(interruptionId: string, toldAt: Instant): void;
  /** What was done for it is about to be undone. */
  undoing?(interruptionId: string): void;
  /** What was done for it could not be undone, and its source was told so: it may never call it off again. */
  notUndone?(node: string, cancellation: Cancellation): void;
  /**
   * What was done for it has been undone.
   * @param toldAt only for what AWS had told of it by then
   */
  forget(node: string, interruptionId: string, toldAt?: Instant): void;
}
