import { errorText } from '../error-text.ts';
import type { Cancellation, Delivery, Outcome } from '../interruption/delivery.ts';
import type { Interruption } from '../interruption/interruption.ts';
import type { Ledger } from '../interruption/ledger.ts';
import type { Logger } from '../logger.ts';
import type { WorkflowStory } from './workflow-story.ts';

/** Where what was lent for a node came from. */
export interface Lender {
  /** Gives back to its source, for good. */
  settle(node: string, item: Delivery | Cancellation, outcome: Outcome): Promise<void>;
  /** Gives back to its source, to come again. */
  release(node: string, item: Delivery | Cancellation): Promise<void>;
  /** Its delivery was settled while it waited for its time, so that nobody brings it again. */
  takeUpAgain(node: string, interruption: Interruption): Promise<void>;
}

export interface GiveBackModules {
  readonly ledger: Ledger;
  readonly lender: Lender;
  readonly logger: Logger;
  readonly story: WorkflowStory;
}

/**
 * Gives back all that joined a workflow, which has ended.
 * @param outcome undefined where what was to be done has not been, and may still be
 * @param isUndone what was done for interruptions that are over has been undone
 */
export async function giveBack(
  node: string,
  outcome: Outcome | undefined,
  isUndone: boolean,
  modules: GiveBackModules,
): Promise<void> {
  const { ledger, lender } = modules;
  const { deliveries, cancelled } = ledger.takeAll();
  const lent = new Set(deliveries.map(({ interruption }) => interruption.id));
  const settledBefore = ledger.interruptions.filter(({ id }) => outcome === undefined && !lent.has(id));
  // Side by side: one of them may take minutes, such as a hook that is completed after a delay.
  await Promise.all([
    ...cancelled.map((item) => giveBackOne(node, item, isUndone ? 'cancelled' : undefined, modules)),
    ...deliveries.map((item) => giveBackOne(node, item, outcome, modules)),
    ...settledBefore.map((interruption) => lender.takeUpAgain(node, interruption)),
  ]);
}

async function giveBackOne(
  node: string,
  item: Delivery | Cancellation,
  outcome: Outcome | undefined,
  { lender, logger, story }: GiveBackModules,
): Promise<void> {
  const isDelivery = item.type === 'interruption' && outcome !== undefined && outcome !== 'dry-run';
  try {
    await (outcome === undefined ? lender.release(node, item) : lender.settle(node, item, outcome));
    if (isDelivery) story.settled(item, undefined);
  } catch (error) {
    if (isDelivery) story.settled(item, errorText(error));
    logger.error('Cannot give a delivery back to its source', { source: item.source, error });
  }
}
