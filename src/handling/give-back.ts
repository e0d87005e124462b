import { errorText } from '../error-text.ts';
import type { Cancellation, Delivery, Outcome } from '../interruption/delivery.ts';
import type { Interruption } from '../interruption/interruption.ts';
import type { Ledger } from '../interruption/ledger.ts';
import type { Logger } from '../logger.ts';

export interface GiveBackModules {
  readonly logger: Logger;
  /** Gives back to its source, for good. */
  readonly settle: (item: Delivery | Cancellation, outcome: Outcome) => Promise<void>;
  /** Gives back to its source, to come again. */
  readonly release: (item: Delivery | Cancellation) => Promise<void>;
  /** Its delivery was settled while it waited for its time, so that nobody brings it again. */
  readonly takeUpAgain: (interruption: Interruption) => Promise<void>;
  /**
   * A delivery was to be settled: what NTH calls the post-drain task.
   * @param trouble why it could not be
   */
  readonly onSettled?: ((delivery: Delivery, trouble: string | undefined) => void) | undefined;
}

/**
 * Gives back all that joined a workflow, which has ended.
 * @param outcome undefined where what was to be done has not been, and may still be
 * @param hasFailed the workflow did not come to its own end: also what was cancelled may not have been undone
 */
export async function giveBack(
  ledger: Ledger,
  outcome: Outcome | undefined,
  hasFailed: boolean,
  modules: GiveBackModules,
): Promise<void> {
  const { deliveries, cancelled } = ledger.takeAll();
  const lent = new Set(deliveries.map(({ interruption }) => interruption.id));
  const settledBefore = ledger.interruptions.filter(({ id }) => outcome === undefined && !lent.has(id));
  // Side by side: one of them may take minutes, such as a hook that is completed after a delay.
  await Promise.all([
    ...cancelled.map((item) => giveBackOne(item, hasFailed ? undefined : 'cancelled', modules)),
    ...deliveries.map((item) => giveBackOne(item, outcome, modules)),
    ...settledBefore.map((interruption) => modules.takeUpAgain(interruption)),
  ]);
}

async function giveBackOne(
  item: Delivery | Cancellation,
  outcome: Outcome | undefined,
  { logger, settle, release, onSettled }: GiveBackModules,
): Promise<void> {
  const isDelivery = item.type === 'interruption' && outcome !== undefined && outcome !== 'dry-run';
  try {
    await (outcome === undefined ? release(item) : settle(item, outcome));
    if (isDelivery) onSettled?.(item, undefined);
  } catch (error) {
    if (isDelivery) onSettled?.(item, errorText(error));
    logger.error('Cannot give a delivery back to its source', { source: item.source, error });
  }
}
