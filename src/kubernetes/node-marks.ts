import { unnamedReboot } from '../interruption/delivery.ts';
import {
  endsInReboot,
  isOver,
  isToldBefore,
  isUntainted,
  tellingOf,
  type Instant,
  type InterruptionKind,
  type Over,
  type Telling,
} from '../interruption/interruption.ts';
import type { Marks, NodeMemory, NodePatch, NodeView, Taint } from './cluster.ts';
import { queuedSignal } from './queued-signals.ts';
import {
  addDone,
  nothingOurs,
  readMarkState,
  stateAnnotation,
  type MarkedSignal,
  type DoneEvent,
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
    ...(state?.drainedAt !== undefined && { drainedAt: Date.parse(state.drainedAt) }),
    done: doneEvents(state),
    reboot:
      node.labels[actionLabel] === uncordonAfterReboot
        ? {
            eventId: node.labels[eventIdLabel],
            markedAt: Number.isFinite(seconds) ? seconds * 1000 : undefined,
          }
        : undefined,
  };
}

function doneEvents(state: MarkState | undefined): readonly Over[] {
  return (state?.done ?? []).map(({ id, toldAt }) => ({
    id,
    ...(toldAt !== undefined && { toldAt: Date.parse(toldAt) }),
  }));
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

/** Another replica may have been told that it is over, or this one since the marks were made. */
function withoutCalledOff(marks: Marks, before: MarkState | undefined): Marks {
  const done = doneEvents(before);
  const isCalledOff = ({ interruption }: Marks['interruptions'][number]): boolean =>
    interruption.monitor === 'SQS_MONITOR' && isOver(tellingOf(interruption), ofEvent(interruption.id, done));
  return done.length === 0 || !marks.interruptions.some(isCalledOff)
    ? marks
    : { ...marks, interruptions: marks.interruptions.filter((it) => !isCalledOff(it)) };
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
      ...(endsInReboot(interruption) && { reboots: true as const }),
      ...(queued && { queued }),
    };
  });
  // Of these kinds there is one at a time; what is new takes the place of what is left from before.
  const kindsNow = new Set<string>(now.map((it) => it.kind).filter((kind) => kind !== 'SCHEDULED_EVENT'));
  const ours = new Map(now.map((it) => [it.id, it]));
  // In the order in which they first came: one that comes again is no reason to write.
  const kept = before
    .filter(
      (it) =>
        ours.has(it.id) || !(isOver(tellingOfSignal(it), ofEvent(it.id, over)) || kindsNow.has(it.kind)),
    )
    .map((it) => toldLast(it, ours.get(it.id)));
  const added = now.filter(({ id }) => !before.some((it) => it.id === id));
  return [...kept, ...added].slice(-mostSignals);
}

function ofEvent(eventId: string, all: readonly Over[]): Over | undefined {
  return all.find(({ id }) => id === eventId);
}

/** Another replica may have been told of an event since we were. */
function toldLast(onNode: MarkedSignal, ours: MarkedSignal | undefined): MarkedSignal {
  return !ours || isToldBefore(tellingOfSignal(ours), tellingOfSignal(onNode)) ? onNode : ours;
}

function tellingOfSignal({ queued }: MarkedSignal): Telling | undefined {
  if (queued?.toldAt === undefined) return undefined;
  return { toldAt: Date.parse(queued.toldAt), seenAt: Date.parse(queued.since) };
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
  const keysNow = new Set(signals.map((signal) => taintKeys[signal.kind]));
  const isDue = (key: string): boolean => before === undefined || isStillDue(key, keysNow);
  const kept = node.taints.filter(({ key }) => !ours.taints.includes(key) || isDue(key));
  const added = addedTaints(kept, marks, options);
  const isOurCordon = ours.cordon || !node.unschedulable;
  const isRebootOver = marks.over.some(({ id }) => cut(id) === node.labels[eventIdLabel]);
  const labels: Record<string, string | null> = {
    ...(isRebootOver && labelsAfterReboot(ours, signals, now)),
    ...addedLabels(node, marks, options, { isOurCordon, now }),
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

/** The event that the labels name is over: they are those of another reboot that is still to come, or go. */
function labelsAfterReboot(
  ours: OwnMarks,
  signals: readonly MarkedSignal[],
  now: Instant,
): Readonly<Record<string, string | null>> {
  const next = signals.find(({ reboots }) => reboots);
  const own = rebootLabels.filter((key) => ours.labels.includes(key));
  if (!next) return Object.fromEntries(own.map((key) => [key, null]));
  const handedOn = { [eventIdLabel]: cut(next.id), [actionTimeLabel]: secondsOf(now) };
  return Object.fromEntries(Object.entries(handedOn).filter(([key]) => own.includes(key)));
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

function doneWith(
  before: MarkState | undefined,
  { interruptions, over, remembersOver }: Marks,
): readonly DoneEvent[] {
  // The machine was rebooted before the time of what is still to come.
  const isBack = (id: string): boolean => interruptions.some(({ interruption }) => interruption.id === id);
  const done = (before?.done ?? []).filter(({ id }) => !isBack(id));
  const more = remembersOver ? over.filter(({ id }) => id !== unnamedReboot) : [];
  return addDone(
    done,
    more.map(({ id, toldAt }) => ({
      id,
      ...(toldAt !== undefined && { toldAt: new Date(toldAt).toISOString() }),
    })),
  );
}

function isStillDue(taintKey: string, keysNow: ReadonlySet<string | undefined>): boolean {
  return keysNow.has(taintKey) || taintKey === outOfServiceTaint.key;
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

/** What an earlier process, which was NTH's and left no annotation, has put there. */
function adopted(node: NodeView): OwnMarks {
  const { cordon, taints, labels } = ownMarks(node, undefined);
  return {
    cordon,
    taints: taints.filter((key) => node.taints.some((taint) => taint.key === key)),
    labels: labels.filter((key) => node.labels[key] !== undefined && !isTheirs(node, key)),
  };
}

/** The load balancers' label, with a value of somebody else's. */
function isTheirs({ labels }: NodeView, key: string): boolean {
  return key === loadBalancersLabel && labels[key] !== loadBalancersValue;
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
  const labels: Record<string, string> = {};
  if (marks.forDrain && options.excludeFromLoadBalancers && node.labels[loadBalancersLabel] === undefined) {
    labels[loadBalancersLabel] = loadBalancersValue;
  }
  const reboot = marks.interruptions.find(({ interruption }) => endsInReboot(interruption))?.interruption;
  if (!reboot) return labels;
  const isAnother = node.labels[eventIdLabel] !== cut(reboot.id);
  const isLabelled = node.labels[actionLabel] !== undefined;
  if (isAnother) labels[eventIdLabel] = cut(reboot.id);
  // A node that someone else cordoned must not be uncordoned after the reboot.
  if (isOurCordon && !isLabelled) labels[actionLabel] = uncordonAfterReboot;
  // A reboot before this event was marked was not its own.
  if (isOurCordon && (!isLabelled || (isAnother && node.labels[actionLabel] === uncordonAfterReboot))) {
    labels[actionTimeLabel] = secondsOf(now);
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

/**
 * Makes of it what a label or taint value may be: at most 63 letters, digits, "-", "_" and ".", a letter or digit at both
 * ends. https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
 */
function cut(value: string): string {
  const allowed = value.slice(0, longestValue).replace(/[^-A-Za-z0-9_.]/g, '-');
  return allowed.replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}

function secondsOf(instant: Instant): string {
  return String(Math.floor(instant / 1000));
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
