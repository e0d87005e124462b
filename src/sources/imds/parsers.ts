import { rebalanceRecommendation } from './rebalance-recommendation.ts';
import { scheduledMaintenance } from './scheduled-maintenance.ts';
import type { SignalKind } from './signal.ts';
import { spotInstanceAction } from './spot-instance-action.ts';
import { targetLifecycleState } from './target-lifecycle-state.ts';

/** What the metadata service can tell of, and who reads it. A new signal is one file and one row. */
export const signalKinds = {
  'spot-instance-action': spotInstanceAction,
  'scheduled-maintenance': scheduledMaintenance,
  'rebalance-recommendation': rebalanceRecommendation,
  'target-lifecycle-state': targetLifecycleState,
} satisfies Record<string, SignalKind>;

export type SignalKindName = keyof typeof signalKinds;
