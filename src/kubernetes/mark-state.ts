import { interruptionKinds, type InterruptionKind } from '../interruption/interruption.ts';

/** Our memory on the Node object; documented in docs/node-annotation.md. */
export const stateAnnotation = 'aws-node-termination-handler/state';

/** A signal that the node is marked for. */
export interface MarkedSignal {
  readonly id: string;
  readonly kind: InterruptionKind;
  /** ISO 8601, by the clock of the machine that wrote it. */
  readonly deadline?: string;
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
  /** Of scheduled maintenance. `notBefore`: ISO 8601. */
  readonly code?: string;
  readonly notBefore?: string;
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
  readonly signals: readonly MarkedSignal[];
  readonly ours: OwnMarks;
  /** Events that are over for us although AWS may show them for a while: rebooted and uncordoned. Newest last. */
  readonly done?: readonly string[];
}

/** AWS shows few events at a time; what is older than this many is forgotten. */
const longestDone = 5;

export const nothingOurs: OwnMarks = { cordon: false, taints: [], labels: [] };

export function addDone(done: readonly string[], ids: readonly string[]): readonly string[] {
  return [...done.filter((id) => !ids.includes(id)), ...ids].slice(-longestDone);
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
  const { signals, ours, done, phase } = value;
  if (!Array.isArray(signals) || !signals.every(isSignal) || !isOwnMarks(ours)) return undefined;
  return {
    version: 1,
    phase: phase === 'drained' ? 'drained' : 'marked',
    signals,
    ours,
    ...(isStrings(done) && { done }),
  };
}

function isSignal(value: unknown): value is MarkedSignal {
  if (!isObject(value)) return false;
  const { id, kind, deadline } = value;
  const hasDeadline = deadline === undefined || isTime(deadline);
  return (
    typeof id === 'string' &&
    interruptionKinds.some((known) => known === kind) &&
    hasDeadline &&
    (value['queued'] === undefined || isQueued(value['queued']))
  );
}

function isQueued(value: unknown): value is QueuedSignal {
  if (!isObject(value)) return false;
  const { instanceId, since, hook, notBefore, code } = value;
  return (
    typeof instanceId === 'string' &&
    isTime(since) &&
    (hook === undefined || (isObject(hook) && isStrings([hook['group'], hook['name'], hook['token']]))) &&
    (code === undefined || typeof code === 'string') &&
    (notBefore === undefined || isTime(notBefore))
  );
}

function isTime(value: unknown): boolean {
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
