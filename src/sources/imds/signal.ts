import type { Instant, Interruption, MonitorName, NodeLocation } from '../../interruption/interruption.ts';

/** When and as what a signal was first seen: what stays the same while its document changes. */
export interface FirstSight {
  readonly id: string;
  readonly seenAt: Instant;
  readonly where: NodeLocation;
  /** An instant of AWS's clock on this machine's. */
  readonly toLocal: (instant: Instant) => Instant;
}

/** A signal as a document shows it right now. */
export interface Sighting {
  /** Which signal it is, within its kind: two sightings with one key are one signal. */
  readonly key: string;
  /** NTH's id, for a signal that is seen for the first time. */
  id(where: NodeLocation): string;
  interruption(first: FirstSight): Interruption;
}

/** AWS says of a signal that it won't come, or that it came to pass. */
export interface Finished {
  readonly id: string;
  readonly why: 'canceled' | 'completed';
}

/** What a document says. */
export interface Reading {
  readonly sightings: readonly Sighting[];
  readonly finished: readonly Finished[];
  /** Why the document, or a part of it, could not be read. */
  readonly unreadable?: string;
}

/** One path of the metadata service, and how its document is read. Never throws. */
export interface SignalDocument {
  readonly path: string;
  /** `body` is undefined where there is no such document (404). */
  readonly read: (body: string | undefined) => Reading;
}

/** A kind of signal: a row of `parsers.ts`. */
export interface SignalKind {
  readonly monitor: MonitorName;
  /** Read one after the other in each round. */
  readonly documents: readonly SignalDocument[];
}

/** Nothing is signalled. */
export const nothing: Reading = { sightings: [], finished: [] };

export function unreadable(why: string): Reading {
  return { ...nothing, unreadable: why };
}

export function shows(sighting: Sighting): Reading {
  return { sightings: [sighting], finished: [] };
}

/** The object, array or value in `body`; undefined where it isn't JSON. */
export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** No text of AWS's is nearly as long; ours go into annotations, events and webhooks. */
const longestText = 1000;

/** `value` where it is a string; else the empty string that Go would have in its place. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, longestText) : '';
}
