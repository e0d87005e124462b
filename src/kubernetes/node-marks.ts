import { endsInReboot, type Instant, type InterruptionKind } from '../interruption/interruption.ts';
import type { Marks, NodePatch, NodeView, Taint } from './cluster.ts';

/** Our memory on the Node object; documented in docs/node-annotation.md. */
export const stateAnnotation = 'aws-node-termination-handler/state';

export const actionLabel = 'aws-node-termination-handler/action';
export const actionTimeLabel = 'aws-node-termination-handler/action-time';
export const eventIdLabel = 'aws-node-termination-handler/event-id';
export const uncordonAfterReboot = 'UncordonAfterReboot';

/** https://kubernetes.io/docs/reference/labels-annotations-taints/#node-kubernetes-io-exclude-from-external-load-balancers */
export const excludeFromLoadBalancersLabel = 'node.kubernetes.io/exclude-from-external-load-balancers';
export const excludeFromLoadBalancersValue = 'aws-node-termination-handler';

/** The longest value of a label or taint that Kubernetes takes. */
const longestValue = 63;

export interface MarkOptions {
  /** undefined: no taints. */
  readonly taintEffect: string | undefined;
  readonly excludeFromLoadBalancers: boolean;
}

/** What the annotation holds: the signals, and what of the node's marks is ours to undo. */
export interface MarkState {
  readonly version: 1;
  readonly signals: readonly {
    readonly id: string;
    readonly kind: InterruptionKind;
    readonly deadline?: string;
  }[];
  readonly ours: {
    readonly cordon: boolean;
    readonly taints: readonly string[];
    readonly labels: readonly string[];
  };
}

const nothingOurs: MarkState['ours'] = { cordon: false, taints: [], labels: [] };

const taintKeys: Readonly<Record<InterruptionKind, string | undefined>> = {
  SPOT_ITN: 'aws-node-termination-handler/spot-itn',
  SCHEDULED_EVENT: 'aws-node-termination-handler/scheduled-maintenance',
  ASG_LIFECYCLE: 'aws-node-termination-handler/asg-lifecycle-termination',
  REBALANCE_RECOMMENDATION: 'aws-node-termination-handler/rebalance-recommendation',
  ASG_LAUNCH_LIFECYCLE: undefined,
  STATE_CHANGE: undefined,
};

/** Cuts to what a label or taint value may be: at most 63 characters, ending in a letter or digit. */
function cut(value: string): string {
  return value.slice(0, longestValue).replace(/[^A-Za-z0-9]+$/, '');
}

/**
 * The one write that marks the node: cordon, taints, labels, and the annotation that remembers what was not
 * there before. What is there already stays as it is and is not ours. undefined: nothing is left to write.
 */
export function markPatch(
  node: NodeView,
  marks: Marks,
  options: MarkOptions,
  now: Instant,
): NodePatch | undefined {
  const ours = readMarkState(node.annotations[stateAnnotation])?.ours ?? nothingOurs;
  const taints = options.taintEffect === undefined ? [] : missingTaints(node, marks, options.taintEffect);
  const isOurCordon = ours.cordon || !node.unschedulable;
  const labels = marks.forDrain ? missingLabels(node, marks, options, { isOurCordon, now }) : {};
  const state: MarkState = {
    version: 1,
    signals: marks.interruptions.map(({ interruption: { id, kind }, deadline }) => ({
      id,
      kind,
      ...(deadline !== undefined && { deadline: new Date(deadline).toISOString() }),
    })),
    ours: {
      cordon: isOurCordon,
      taints: [...new Set([...ours.taints, ...taints.map((taint) => taint.key)])],
      labels: [...new Set([...ours.labels, ...Object.keys(labels)])],
    },
  };
  const annotation = JSON.stringify(state);
  const hasLabels = Object.keys(labels).length > 0;
  const isMarked = node.unschedulable && taints.length === 0 && !hasLabels;
  if (isMarked && node.annotations[stateAnnotation] === annotation) return undefined;
  return {
    resourceVersion: node.resourceVersion,
    annotations: { [stateAnnotation]: annotation },
    ...(!node.unschedulable && { unschedulable: true }),
    ...(taints.length > 0 && { taints: [...node.taints, ...taints] }),
    ...(hasLabels && { labels }),
  };
}

/** A taint of the same key stays as it is, whoever set it. */
function missingTaints(node: NodeView, marks: Marks, effect: string): Taint[] {
  const missing = new Map<string, Taint>();
  for (const { interruption } of marks.interruptions) {
    const key = taintKeys[interruption.kind];
    const exempt = interruption.kind === 'SCHEDULED_EVENT' && !endsInReboot(interruption);
    if (key === undefined || exempt || missing.has(key)) continue;
    if (node.taints.some((taint) => taint.key === key)) continue;
    missing.set(key, { key, value: cut(interruption.id), effect });
  }
  return [...missing.values()];
}

function missingLabels(
  node: NodeView,
  marks: Marks,
  options: MarkOptions,
  { isOurCordon, now }: { readonly isOurCordon: boolean; readonly now: Instant },
): Record<string, string> {
  const labels: Record<string, string> = {};
  if (options.excludeFromLoadBalancers && node.labels[excludeFromLoadBalancersLabel] === undefined) {
    labels[excludeFromLoadBalancersLabel] = excludeFromLoadBalancersValue;
  }
  const reboot = marks.interruptions.find(({ interruption }) => endsInReboot(interruption))?.interruption;
  if (!reboot) return labels;
  if (node.labels[eventIdLabel] !== cut(reboot.id)) labels[eventIdLabel] = cut(reboot.id);
  // A node that someone else cordoned must not be uncordoned after the reboot.
  if (isOurCordon && node.labels[actionLabel] === undefined) {
    labels[actionLabel] = uncordonAfterReboot;
    labels[actionTimeLabel] = String(Math.floor(now / 1000));
  }
  return labels;
}

/** The annotation's content; undefined where there is none, or where it is not ours to understand. */
export function readMarkState(text: string | undefined): MarkState | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isMarkState(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isMarkState(value: unknown): value is MarkState {
  if (typeof value !== 'object' || value === null) return false;
  const { version, signals, ours } = value as Partial<Record<keyof MarkState, unknown>>;
  if (version !== 1 || !Array.isArray(signals) || typeof ours !== 'object' || ours === null) return false;
  const { cordon, taints, labels } = ours as Partial<Record<keyof MarkState['ours'], unknown>>;
  return typeof cordon === 'boolean' && isStrings(taints) && isStrings(labels);
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
