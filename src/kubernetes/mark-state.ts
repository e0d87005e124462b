import {
  interruptionKinds,
  leavingStates,
  type InterruptionKind,
  type StateChange,
} from '../interruption/interruption.ts';

/** Our memory on the Node object; documented in docs/node-annotation.md. */
export const stateAnnotation = 'aws-node-termination-handler/state';

/** A signal that the node is marked for. */
export interface MarkedSignal {
  readonly id: string;
  readonly kind: InterruptionKind;
  /** ISO 8601, by the clock of the machine that wrote it. */
  readonly deadline?: string;
  /** It ends in a reboot of the machine, after which the node is uncordoned. */
  readonly reboots?: true;
  /** What came by a queue can't be asked for again: from this another process takes the work up. */
  readonly queued?: QueuedSignal;
}

/** What the work for a queue's message needs that has been lost with it. */
export interface QueuedSignal {
  readonly instanceId: string;
  /** When the message was first seen. ISO 8601. */
  readonly since: string;
  readonly hook?: { readonly group: string; readonly name: string; readonly token: string };
  /** The instance comes back: from a group's warm pool, or from a Spot stop or hibernation. */
  readonly returns?: true;
  /** Of what comes back: when AWS told of it, by AWS's clock. ISO 8601. */
  readonly at?: string;
  /** Of a change of the instance's state. */
  readonly state?: StateChange['state'];
  /** Of scheduled maintenance. `notBefore`: ISO 8601. */
  readonly code?: string;
  readonly notBefore?: string;
  /** When AWS told of it, by AWS's clock. ISO 8601. */
  readonly toldAt?: string;
}

/** Of the node's marks, what was not there before us: to be undone by us, and by nobody else. */
export interface OwnMarks {
  readonly cordon: boolean;
  /** Keys. */
  readonly taints: readonly string[];
  readonly labels: readonly string[];
}

/** What the annotation holds. */
export interface MarkState {
  readonly version: 1;
  readonly phase: 'marked' | 'drained';
  /** Where the machine is to come back: from a warm pool it has, once its kubelet has been ready anew since. ISO 8601. */
  readonly drainedAt?: string;
  readonly signals: readonly MarkedSignal[];
  readonly ours: OwnMarks;
  /** Newest last. */
  readonly done?: readonly DoneEvent[];
}

/** An event that is over for us although AWS may show it for a while: rebooted and uncordoned, or called off. */
export interface DoneEvent {
  readonly id: string;
  /** When AWS told that it is over, by AWS's clock: what it has told of it since is news. ISO 8601. */
  readonly toldAt?: string;
}

/** AWS shows few events at a time; what is older than this many is forgotten. */
const longestDone = 5;

export const nothingOurs: OwnMarks = { cordon: false, taints: [], labels: [] };

export function addDone(done: readonly DoneEvent[], more: readonly DoneEvent[]): readonly DoneEvent[] {
  const before = done.filter(({ id }) => more.every((it) => it.id !== id));
  return [...before, ...more.map((event) => toldLast(event, done))].slice(-longestDone);
}

/** A cancellation may come after one that AWS told later. */
function toldLast(event: DoneEvent, done: readonly DoneEvent[]): DoneEvent {
  const { toldAt } = done.find(({ id }) => id === event.id) ?? {};
  const isNewer = toldAt !== undefined && event.toldAt !== undefined && toldAt > event.toldAt;
  return isNewer ? { ...event, toldAt } : event;
}

/** The annotation's content; undefined where there is none, or where it is not ours to understand. */
export function readMarkState(text: string | undefined): MarkState | undefined {
  if (text === undefined) return undefined;
  try {
    return toMarkState(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function toMarkState(value: unknown): MarkState | undefined {
  if (!isObject(value) || value['version'] !== 1) return undefined;
  const { signals, ours, done, phase, drainedAt } = value;
  if (!Array.isArray(signals) || !signals.every(isSignal) || !isOwnMarks(ours)) return undefined;
  return {
    version: 1,
    phase: phase === 'drained' ? 'drained' : 'marked',
    signals,
    ours,
    ...(isTime(drainedAt) && { drainedAt }),
    ...(Array.isArray(done) && { done: done.map(toDoneEvent).filter(isDoneEvent) }),
  };
}

/** Before they told when, they were ids alone. */
function toDoneEvent(value: unknown): unknown {
  return typeof value === 'string' ? { id: value } : value;
}

function isDoneEvent(value: unknown): value is DoneEvent {
  if (!isObject(value)) return false;
  const { id, toldAt } = value;
  return typeof id === 'string' && (toldAt === undefined || isTime(toldAt));
}

function isSignal(value: unknown): value is MarkedSignal {
  if (!isObject(value)) return false;
  const { id, kind, deadline, reboots } = value;
  const hasDeadline = deadline === undefined || isTime(deadline);
  return (
    typeof id === 'string' &&
    interruptionKinds.some((known) => known === kind) &&
    hasDeadline &&
    (reboots === undefined || reboots === true) &&
    (value['queued'] === undefined || isQueued(value['queued']))
  );
}

function isQueued(value: unknown): value is QueuedSignal {
  if (!isObject(value)) return false;
  const { instanceId, since, hook, notBefore, toldAt, code, at, state } = value;
  return (
    typeof instanceId === 'string' &&
    isTime(since) &&
    (hook === undefined || (isObject(hook) && isStrings([hook['group'], hook['name'], hook['token']]))) &&
    (at === undefined || isTime(at)) &&
    (state === undefined || leavingStates.some((known) => known === state)) &&
    (code === undefined || typeof code === 'string') &&
    (notBefore === undefined || isTime(notBefore)) &&
    (toldAt === undefined || isTime(toldAt))
  );
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}

function isOwnMarks(value: unknown): value is OwnMarks {
  if (!isObject(value)) return false;
  return typeof value['cordon'] === 'boolean' && isStrings(value['taints']) && isStrings(value['labels']);
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
