import { endsInReboot, type Instant } from '../interruption/interruption.ts';
import type { Marks, NodeMemory, NodeView } from './cluster.ts';
import { labelValue } from './label-value.ts';
import type { MarkedSignal, OwnMarks } from './mark-state.ts';

const actionLabel = 'aws-node-termination-handler/action';
const actionTimeLabel = 'aws-node-termination-handler/action-time';
const eventIdLabel = 'aws-node-termination-handler/event-id';
const uncordonAfterReboot = 'UncordonAfterReboot';

export const rebootLabels = [actionLabel, actionTimeLabel, eventIdLabel];

/** https://kubernetes.io/docs/reference/labels-annotations-taints/#node-kubernetes-io-exclude-from-external-load-balancers */
export const loadBalancersLabel = 'node.kubernetes.io/exclude-from-external-load-balancers';
const loadBalancersValue = 'aws-node-termination-handler';

/** All labels that marks are made of. */
export const markLabels: readonly string[] = [...rebootLabels, loadBalancersLabel];

/** The reboot after which the node is uncordoned. The label proves that NTH or we cordoned it. */
export function rebootOf({ labels }: NodeView): NodeMemory['reboot'] {
  if (labels[actionLabel] !== uncordonAfterReboot) return undefined;
  const seconds = Number(labels[actionTimeLabel] ?? Number.NaN);
  return {
    eventId: labels[eventIdLabel],
    markedAt: Number.isFinite(seconds) ? seconds * 1000 : undefined,
  };
}

/** Whether the labels are about one of these events. */
export function areLabelsOf({ labels }: NodeView, events: Marks['over']): boolean {
  return events.some(({ id }) => labelValue(id) === labels[eventIdLabel]);
}

/** The event that the labels name is over: they are those of another reboot that is still to come, or go. */
export function labelsAfterReboot(
  ours: OwnMarks,
  signals: readonly MarkedSignal[],
  now: Instant,
): Readonly<Record<string, string | null>> {
  const next = signals.find(({ reboots }) => reboots);
  const own = rebootLabels.filter((key) => ours.labels.includes(key));
  if (!next) return Object.fromEntries(own.map((key) => [key, null]));
  const handedOn = { [eventIdLabel]: labelValue(next.id), [actionTimeLabel]: secondsOf(now) };
  return Object.fromEntries(Object.entries(handedOn).filter(([key]) => own.includes(key)));
}

interface LabelOptions {
  readonly excludeFromLoadBalancers: boolean;
  /** The cordon is not somebody else's. */
  readonly isOurCordon: boolean;
  readonly now: Instant;
}

/** For new signals, beside the labels that the node has. */
export function addedLabels(
  node: NodeView,
  marks: Marks,
  { excludeFromLoadBalancers, isOurCordon, now }: LabelOptions,
): Record<string, string> {
  const labels: Record<string, string> = {};
  if (marks.forDrain && excludeFromLoadBalancers && node.labels[loadBalancersLabel] === undefined) {
    labels[loadBalancersLabel] = loadBalancersValue;
  }
  const reboot = marks.interruptions.find(({ interruption }) => endsInReboot(interruption))?.interruption;
  if (!reboot) return labels;
  const isAnother = node.labels[eventIdLabel] !== labelValue(reboot.id);
  const isLabelled = node.labels[actionLabel] !== undefined;
  if (isAnother) labels[eventIdLabel] = labelValue(reboot.id);
  // A node that someone else cordoned must not be uncordoned after the reboot.
  if (isOurCordon && !isLabelled) labels[actionLabel] = uncordonAfterReboot;
  // A reboot before this event was marked was not its own.
  if (isOurCordon && (!isLabelled || (isAnother && node.labels[actionLabel] === uncordonAfterReboot))) {
    labels[actionTimeLabel] = secondsOf(now);
  }
  return labels;
}

/** The load balancers' label, with a value of somebody else's. */
export function isTheirs({ labels }: NodeView, key: string): boolean {
  return key === loadBalancersLabel && labels[key] !== loadBalancersValue;
}

function secondsOf(instant: Instant): string {
  return String(Math.floor(instant / 1000));
}
