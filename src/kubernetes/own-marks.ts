import type { NodeView } from './cluster.ts';
import { nothingOurs, type MarkState, type OwnMarks } from './mark-state.ts';
import { isTheirs, loadBalancersLabel, rebootLabels, rebootOf } from './marked-labels.ts';
import { allTaintKeys } from './marked-taints.ts';

/**
 * What is ours on the node. The label `action` proves that NTH or we cordoned it, also where an earlier process
 * was NTH's and left no annotation.
 */
export function ownMarks(node: NodeView, state: MarkState | undefined): OwnMarks {
  const ours = state?.ours ?? nothingOurs;
  if (!rebootOf(node)) return ours;
  return {
    cordon: true,
    taints: [...new Set([...ours.taints, ...(state ? [] : allTaintKeys)])],
    labels: [...new Set([...ours.labels, ...rebootLabels, ...(state ? [] : [loadBalancersLabel])])],
  };
}

/** What an earlier process, which was NTH's and left no annotation, has put there. */
export function adopted(node: NodeView): OwnMarks {
  const { cordon, taints, labels } = ownMarks(node, undefined);
  return {
    cordon,
    taints: taints.filter((key) => node.taints.some((taint) => taint.key === key)),
    labels: labels.filter((key) => node.labels[key] !== undefined && !isTheirs(node, key)),
  };
}
