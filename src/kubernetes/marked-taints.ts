import { isUntainted, type InterruptionKind } from '../interruption/interruption.ts';
import type { Marks, Taint } from './cluster.ts';
import { labelValue } from './label-value.ts';

/** https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/#non-graceful-node-shutdown */
const outOfServiceTaint: Taint = {
  key: 'node.kubernetes.io/out-of-service',
  value: 'nodeshutdown',
  effect: 'NoExecute',
};

const taintKeys: Readonly<Record<InterruptionKind, string | undefined>> = {
  SPOT_ITN: 'aws-node-termination-handler/spot-itn',
  SCHEDULED_EVENT: 'aws-node-termination-handler/scheduled-maintenance',
  ASG_LIFECYCLE: 'aws-node-termination-handler/asg-lifecycle-termination',
  REBALANCE_RECOMMENDATION: 'aws-node-termination-handler/rebalance-recommendation',
  ASG_LAUNCH_LIFECYCLE: undefined,
  STATE_CHANGE: undefined,
};

export const allTaintKeys: readonly string[] = Object.values(taintKeys).filter((key) => key !== undefined);

/** A taint of the same key stays as it is, whoever set it. */
export function addedTaints(
  present: readonly Taint[],
  marks: Marks,
  taintEffect: string | undefined,
): Taint[] {
  const added = new Map<string, Taint>();
  for (const { interruption } of taintEffect === undefined ? [] : marks.interruptions) {
    const key = taintKeys[interruption.kind];
    if (key === undefined || isUntainted(interruption) || added.has(key)) continue;
    added.set(key, { key, value: labelValue(interruption.id), effect: taintEffect ?? '' });
  }
  if (marks.outOfService) added.set(outOfServiceTaint.key, outOfServiceTaint);
  return [...added.values()].filter((taint) => !present.some((it) => it.key === taint.key));
}

/** Whether a taint of ours stays on a node that is marked for these kinds. */
export function isStillDue(taintKey: string, kinds: readonly InterruptionKind[]): boolean {
  return taintKey === outOfServiceTaint.key || kinds.some((kind) => taintKeys[kind] === taintKey);
}
