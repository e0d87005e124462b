import type { Instant, InterruptionKind } from '../interruption/interruption.ts';
import type { NodePatch, NodeView, Taint } from './cluster.ts';

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

/** What the node is to carry for one signal. */
export interface WantedMark {
  readonly id: string;
  readonly kind: InterruptionKind;
  readonly deadline: Instant | undefined;
  readonly taint: Taint | undefined;
  /** Labels that lead to an uncordon after the reboot. */
  readonly untilReboot: boolean;
}

export interface WantedMarks {
  readonly signals: readonly WantedMark[];
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

/** The taint of a signal, as NTH sets it; kinds without one give undefined. */
export function taintFor(kind: InterruptionKind, id: string, effect: string): Taint | undefined {
  const key = taintKeys[kind];
  return key === undefined ? undefined : { key, value: cut(id), effect };
}

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
export function markPatch(node: NodeView, wanted: WantedMarks, now: Instant): NodePatch | undefined {
  const before = readMarkState(node.annotations[stateAnnotation]);
  const ours = before?.ours ?? nothingOurs;
  const taints = missingTaints(node, wanted);
  const labels = missingLabels(node, wanted, now);
  const state: MarkState = {
    version: 1,
    signals: wanted.signals.map(({ id, kind, deadline }) => ({
      id,
      kind,
      ...(deadline !== undefined && { deadline: new Date(deadline).toISOString() }),
    })),
    ours: {
      cordon: ours.cordon || !node.unschedulable,
      taints: [...ours.taints, ...taints.map((taint) => taint.key)],
      labels: [...ours.labels, ...Object.keys(labels).filter((key) => !ours.labels.includes(key))],
    },
  };
  const annotation = JSON.stringify(state);
  const isMarked = node.unschedulable && taints.length === 0 && Object.keys(labels).length === 0;
  if (isMarked && node.annotations[stateAnnotation] === annotation) return undefined;
  return {
    resourceVersion: node.resourceVersion,
    annotations: { [stateAnnotation]: annotation },
    ...(!node.unschedulable && { unschedulable: true }),
    ...(taints.length > 0 && { taints: [...node.taints, ...taints] }),
    ...(Object.keys(labels).length > 0 && { labels }),
  };
}

function missingTaints(node: NodeView, wanted: WantedMarks): Taint[] {
  const present = new Set(node.taints.map((taint) => taint.key));
  const missing: Taint[] = [];
  for (const { taint } of wanted.signals) {
    if (!taint || present.has(taint.key)) continue;
    present.add(taint.key);
    missing.push(taint);
  }
  return missing;
}

function missingLabels(node: NodeView, wanted: WantedMarks, now: Instant): Record<string, string> {
  const labels: Record<string, string> = {};
  if (wanted.excludeFromLoadBalancers && node.labels[excludeFromLoadBalancersLabel] === undefined) {
    labels[excludeFromLoadBalancersLabel] = excludeFromLoadBalancersValue;
  }
  const reboot = wanted.signals.find((signal) => signal.untilReboot);
  if (!reboot) return labels;
  if (node.labels[eventIdLabel] !== cut(reboot.id)) labels[eventIdLabel] = cut(reboot.id);
  // A node that someone else cordoned must not be uncordoned after the reboot.
  if (!node.unschedulable && node.labels[actionLabel] === undefined) {
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
