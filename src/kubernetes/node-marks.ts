import { unnamedReboot } from '../interruption/delivery.ts';
import {
  endsInReboot,
  isUntainted,
  type Instant,
  type InterruptionKind,
} from '../interruption/interruption.ts';
import type { Marks, NodeMemory, NodePatch, NodeView, Taint } from './cluster.ts';
import { queuedSignal } from './queued-signals.ts';
import {
  addDone,
  nothingOurs,
  readMarkState,
  stateAnnotation,
  type MarkedSignal,
  type MarkState,
  type OwnMarks,
} from './mark-state.ts';

const actionLabel = 'aws-node-termination-handler/action';
const actionTimeLabel = 'aws-node-termination-handler/action-time';
const eventIdLabel = 'aws-node-termination-handler/event-id';
const uncordonAfterReboot = 'UncordonAfterReboot';
const rebootLabels = [actionLabel, actionTimeLabel, eventIdLabel];

/** https://kubernetes.io/docs/reference/labels-annotations-taints/#node-kubernetes-io-exclude-from-external-load-balancers */
const loadBalancersLabel = 'node.kubernetes.io/exclude-from-external-load-balancers';
const loadBalancersValue = 'aws-node-termination-handler';

/** All labels that marks are made of. */
export const markLabels: readonly string[] = [...rebootLabels, loadBalancersLabel];

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

/** What a Node carries at most; more were never seen at a time. */
const mostSignals = 10;

/** The longest value of a label or taint that Kubernetes takes. */
const longestValue = 63;

export interface MarkOptions {
  /** undefined: no taints. */
  readonly taintEffect: string | undefined;
  readonly excludeFromLoadBalancers: boolean;
}

export function readMemory(node: NodeView): Omit<NodeMemory, 'hasConditions'> {
  const state = readMarkState(node.annotations[stateAnnotation]);
  const seconds = Number(node.labels[actionTimeLabel] ?? Number.NaN);
  return {
    signals: state?.signals ?? [],
    phase: state?.phase ?? 'marked',
    done: state?.done ?? [],
    reboot:
      node.labels[actionLabel] === uncordonAfterReboot
        ? {
            eventId: node.labels[eventIdLabel],
            markedAt: Number.isFinite(seconds) ? seconds * 1000 : undefined,
          }
        : undefined,
  };
}

/**
 * The one write that brings a node's marks in line with what is known: cordon, taints, labels, and the
 * annotation that remembers what was not there before. What somebody else put there stays as it is, and is
 * never taken away. undefined: nothing is left to write.
 */
export function markPatch(
  node: NodeView,
  marks: Marks,
  options: MarkOptions,
  now: Instant,
): NodePatch | undefined {
  const before = readMarkState(node.annotations[stateAnnotation]);
  const signals = signalsOf(before?.signals ?? [], marks);
  const wanted =
    signals.length === 0
      ? unmarked(node, ownMarks(node, before), marks, before)
      : marked(node, signals, marks, options, now, before);
  return difference(node, wanted);
}

/** How the node is to look, of what we touch. */
interface Wanted {
  readonly unschedulable: boolean;
  readonly taints: readonly Taint[];
  /** null: to be removed. */
  readonly labels: Readonly<Record<string, string | null>>;
  readonly state: MarkState | undefined;
}

function signalsOf(before: readonly MarkedSignal[], { interruptions, over }: Marks): MarkedSignal[] {
  const now = interruptions.map(({ interruption, deadline }) => {
    const { id, kind } = interruption;
    const queued = queuedSignal(interruption);
    return {
      id,
      kind,
      ...(deadline !== undefined && { deadline: new Date(deadline).toISOString() }),
      ...(queued && { queued }),
    };
  });
  // Of these kinds there is one at a time; what is new takes the place of what is left from before.
  const kindsNow = new Set<string>(now.map((it) => it.kind).filter((kind) => kind !== 'SCHEDULED_EVENT'));
  const newest = new Map(now.map((it) => [it.id, it]));
  // In the order in which they first came: one that comes again is no reason to write.
  const kept = before
    .filter(({ id, kind }) => newest.has(id) || (!over.includes(id) && !kindsNow.has(kind)))
    .map((it) => newest.get(it.id) ?? it);
  const added = now.filter(({ id }) => !before.some((it) => it.id === id));
  return [...kept, ...added].slice(-mostSignals);
}

function marked(
  node: NodeView,
  signals: readonly MarkedSignal[],
  marks: Marks,
  options: MarkOptions,
  now: Instant,
  before: MarkState | undefined,
): Wanted {
  const ours = before?.ours ?? nothingOurs;
  const done = doneWith(before, marks);
  const keysNow = new Set(signals.map((signal) => taintKeys[signal.kind]));
  const kept = node.taints.filter(({ key }) => !ours.taints.includes(key) || isStillDue(key, keysNow));
  const added = addedTaints(kept, marks, options);
  const isOurCordon = ours.cordon || !node.unschedulable;
  const labels: Record<string, string | null> = {
    ...addedLabels(node, marks, options, { isOurCordon, now }),
  };
  for (const key of ours.labels) {
    const isOver = marks.over.some((id) => cut(id) === node.labels[eventIdLabel]);
    if (rebootLabels.includes(key) && isOver) labels[key] = null;
  }
  return {
    unschedulable: true,
    taints: [...kept, ...added],
    labels,
    state: {
      version: 1,
      phase: marks.phase,
      signals,
      ours: {
        cordon: isOurCordon,
        taints: unique([
          ...ours.taints.filter((key) => isStillDue(key, keysNow)),
          ...added.map((taint) => taint.key),
        ]),
        labels: unique([...ours.labels, ...Object.keys(labels)]).filter((key) => labels[key] !== null),
      },
      ...(done.length > 0 && { done }),
    },
  };
}

function doneWith(before: MarkState | undefined, { over, remembersOver }: Marks): readonly string[] {
  return addDone(before?.done ?? [], remembersOver ? over.filter((id) => id !== unnamedReboot) : []);
}

function isStillDue(taintKey: string, keysNow: ReadonlySet<string | undefined>): boolean {
  return keysNow.has(taintKey) || taintKey === outOfServiceTaint.key;
}

/** Everything of ours goes. */
function unmarked(node: NodeView, ours: OwnMarks, marks: Marks, before: MarkState | undefined): Wanted {
  const labels: Record<string, null> = {};
  for (const key of ours.labels) {
    const isTheirs = key === loadBalancersLabel && node.labels[key] !== loadBalancersValue;
    if (node.labels[key] !== undefined && !isTheirs) labels[key] = null;
  }
  const done = doneWith(before, marks);
  return {
    unschedulable: node.unschedulable && !ours.cordon,
    taints: node.taints.filter((taint) => !ours.taints.includes(taint.key)),
    labels,
    state:
      done.length > 0 ? { version: 1, phase: 'marked', signals: [], ours: nothingOurs, done } : undefined,
  };
}

/**
 * What is ours on the node. The label `action` proves that NTH or we cordoned it, also where an earlier process
 * was NTH's and left no annotation.
 */
function ownMarks(node: NodeView, state: MarkState | undefined): OwnMarks {
  const ours = state?.ours ?? nothingOurs;
  if (node.labels[actionLabel] !== uncordonAfterReboot) return ours;
  return {
    cordon: true,
    taints: unique([
      ...ours.taints,
      ...(state ? [] : Object.values(taintKeys).filter((key) => key !== undefined)),
    ]),
    labels: unique([...ours.labels, ...rebootLabels, ...(state ? [] : [loadBalancersLabel])]),
  };
}

/** A taint of the same key stays as it is, whoever set it. */
function addedTaints(present: readonly Taint[], marks: Marks, options: MarkOptions): Taint[] {
  const added = new Map<string, Taint>();
  const { taintEffect } = options;
  for (const { interruption } of taintEffect === undefined ? [] : marks.interruptions) {
    const key = taintKeys[interruption.kind];
    if (key === undefined || isUntainted(interruption) || added.has(key)) continue;
    added.set(key, { key, value: cut(interruption.id), effect: taintEffect ?? '' });
  }
  if (marks.outOfService) added.set(outOfServiceTaint.key, outOfServiceTaint);
  return [...added.values()].filter((taint) => !present.some((it) => it.key === taint.key));
}

function addedLabels(
  node: NodeView,
  marks: Marks,
  options: MarkOptions,
  { isOurCordon, now }: { readonly isOurCordon: boolean; readonly now: Instant },
): Record<string, string> {
  if (!marks.forDrain) return {};
  const labels: Record<string, string> = {};
  if (options.excludeFromLoadBalancers && node.labels[loadBalancersLabel] === undefined) {
    labels[loadBalancersLabel] = loadBalancersValue;
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

function difference(node: NodeView, wanted: Wanted): NodePatch | undefined {
  const annotation = wanted.state && JSON.stringify(wanted.state);
  const hasTaints =
    node.taints.length === wanted.taints.length &&
    node.taints.every((taint, index) => taint.key === wanted.taints[index]?.key);
  const hasLabels = Object.keys(wanted.labels).length === 0;
  const hasAnnotation = node.annotations[stateAnnotation] === annotation;
  const isCordonRight = node.unschedulable === wanted.unschedulable;
  if (hasTaints && hasLabels && hasAnnotation && isCordonRight) return undefined;
  // Only we write our annotation: where it is all that changes, writes of others don't matter.
  const isAnnotationOnly = hasTaints && hasLabels && isCordonRight;
  return {
    ...(!isAnnotationOnly && { resourceVersion: node.resourceVersion }),
    annotations: { [stateAnnotation]: annotation ?? null },
    ...(!isCordonRight && { unschedulable: wanted.unschedulable }),
    ...(!hasTaints && { taints: wanted.taints }),
    ...(!hasLabels && { labels: wanted.labels }),
  };
}

/** Cuts to what a label or taint value may be: at most 63 characters, ending in a letter or digit. */
function cut(value: string): string {
  return value.slice(0, longestValue).replace(/[^A-Za-z0-9]+$/, '');
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
