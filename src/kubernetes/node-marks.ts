import type { Instant } from '../interruption/interruption.ts';
import type { Marks, NodeMemory, NodePatch, NodeView, Taint } from './cluster.ts';
import {
  nothingOurs,
  readMarkState,
  stateAnnotation,
  type MarkedSignal,
  type MarkState,
  type OwnMarks,
} from './mark-state.ts';
import { addedLabels, areLabelsOf, isTheirs, labelsAfterReboot, rebootOf } from './marked-labels.ts';
import { doneEvents, doneWith, signalsOf, withoutCalledOff } from './marked-signals.ts';
import { addedTaints, isStillDue } from './marked-taints.ts';
import { adopted, ownMarks } from './own-marks.ts';

export interface MarkOptions {
  /** undefined: no taints. */
  readonly taintEffect: string | undefined;
  readonly excludeFromLoadBalancers: boolean;
}

export function readMemory(node: NodeView): Omit<NodeMemory, 'hasConditions'> {
  const state = readMarkState(node.annotations[stateAnnotation]);
  return {
    signals: state?.signals ?? [],
    phase: state?.phase ?? 'marked',
    ...(state?.drainedAt !== undefined && { drainedAt: Date.parse(state.drainedAt) }),
    done: doneEvents(state),
    reboot: rebootOf(node),
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
  const effective = withoutCalledOff(marks, before);
  const signals = signalsOf(before?.signals ?? [], effective);
  const wanted =
    signals.length === 0
      ? unmarked(node, ownMarks(node, before), effective, before)
      : marked(node, signals, effective, options, now, before);
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

function marked(
  node: NodeView,
  signals: readonly MarkedSignal[],
  marks: Marks,
  options: MarkOptions,
  now: Instant,
  before: MarkState | undefined,
): Wanted {
  const ours = before?.ours ?? adopted(node);
  const done = doneWith(before, marks);
  const kinds = signals.map(({ kind }) => kind);
  const isDue = (key: string): boolean => before === undefined || isStillDue(key, kinds);
  const kept = node.taints.filter(({ key }) => !ours.taints.includes(key) || isDue(key));
  const added = addedTaints(kept, marks, options.taintEffect);
  const isOurCordon = ours.cordon || !node.unschedulable;
  const labels: Record<string, string | null> = {
    ...(areLabelsOf(node, marks.over) && labelsAfterReboot(ours, signals, now)),
    ...addedLabels(node, marks, {
      excludeFromLoadBalancers: options.excludeFromLoadBalancers,
      isOurCordon,
      now,
    }),
  };
  return {
    unschedulable: true,
    taints: [...kept, ...added],
    labels,
    state: {
      version: 1,
      // Where something is over, and nothing new, it is as it was for the others.
      phase: marks.interruptions.length === 0 ? (before?.phase ?? marks.phase) : marks.phase,
      ...drainedAtOf(signals, marks, now, before),
      signals,
      ours: {
        cordon: isOurCordon,
        taints: unique([...ours.taints.filter(isDue), ...added.map((taint) => taint.key)]),
        labels: unique([...ours.labels, ...Object.keys(labels)]).filter((key) => labels[key] !== null),
      },
      ...(done.length > 0 && { done }),
    },
  };
}

/** It stays with the signals that it is about, whatever joins them. */
function drainedAtOf(
  signals: readonly MarkedSignal[],
  { phase }: Marks,
  now: Instant,
  before: MarkState | undefined,
): Pick<MarkState, 'drainedAt'> {
  const returning = signals.filter(({ queued }) => queued?.returns);
  if (returning.length === 0) return {};
  const isKnown = ({ id }: MarkedSignal): boolean => before?.signals.some((it) => it.id === id) === true;
  if (before?.drainedAt !== undefined && returning.every(isKnown)) return { drainedAt: before.drainedAt };
  return phase === 'drained' ? { drainedAt: new Date(now).toISOString() } : {};
}

/** Everything of ours goes. */
function unmarked(node: NodeView, ours: OwnMarks, marks: Marks, before: MarkState | undefined): Wanted {
  const labels: Record<string, null> = {};
  for (const key of ours.labels) {
    if (node.labels[key] !== undefined && !isTheirs(node, key)) labels[key] = null;
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

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
