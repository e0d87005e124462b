import { forgetOldest } from '../forget-oldest.ts';
import type { EventSubject, KubernetesEvent } from './cluster.ts';

/** One event object of the API server, and how often what it tells has happened. */
export interface EventSeries {
  readonly key: string;
  readonly about: EventSubject;
  readonly isWarning: boolean;
  readonly reason: string;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly firstAt: number;
  /** Stands for several messages, of which it shows the newest. */
  readonly isCombined: boolean;
  message: string;
  lastAt: number;
  count: number;
  /** Its name at the API server, once it is there. */
  objectName: string | undefined;
  /** Not to be sent before. */
  dueAt: number;
  isPending: boolean;
  failures: number;
}

/** After this many messages of one object and reason, the further ones share an event. As client-go has it. */
const mostSimilar = 10;

/** An event is forgotten by the API server after an hour, and similar ones are similar for this long. */
const similarMs = 600_000;

/** What was told is remembered for so many events; a repeat of an older one is a new event. */
const mostRemembered = 2_000;

interface Similar {
  readonly messages: Set<string>;
  readonly since: number;
}

/**
 * Makes counts of repeats: what happens again is the same event with a higher count, and messages that differ by a
 * detail each time end up in one event.
 */
export class EventSeriesBook {
  readonly #series = new Map<string, EventSeries>();
  readonly #similar = new Map<string, Similar>();

  /** Counts the event. @returns the series that it belongs to */
  note(event: KubernetesEvent): EventSeries {
    const isCombined = this.#isOneOfMany(event);
    const key = keyOf(event, isCombined ? undefined : event.message);
    const known = this.#series.get(key);
    const series = known ?? seriesOf(key, event, isCombined);
    // Anew at its end, so that the oldest is the first.
    this.#series.delete(key);
    this.#series.set(key, series);
    forgetOldest(this.#series, mostRemembered);
    series.count += 1;
    series.lastAt = event.at;
    series.message = isCombined ? `(combined from similar events): ${event.message}` : event.message;
    return series;
  }

  /** It could not be told: the next one of its kind begins anew. */
  forget(series: EventSeries): void {
    if (this.#series.get(series.key) === series) this.#series.delete(series.key);
  }

  #isOneOfMany(event: KubernetesEvent): boolean {
    const key = keyOf(event, undefined);
    const known = this.#similar.get(key);
    const isRecent = known !== undefined && Math.abs(event.at - known.since) < similarMs;
    const similar = isRecent ? known : { messages: new Set<string>(), since: event.at };
    this.#similar.delete(key);
    this.#similar.set(key, similar);
    forgetOldest(this.#similar, mostRemembered);
    if (similar.messages.has(event.message)) return false;
    if (similar.messages.size >= mostSimilar) return true;
    similar.messages.add(event.message);
    return false;
  }
}

function seriesOf(key: string, event: KubernetesEvent, isCombined: boolean): EventSeries {
  const { about, isWarning, reason, message, annotations, at } = event;
  return {
    key,
    about,
    isWarning,
    reason,
    annotations,
    firstAt: at,
    isCombined,
    message,
    lastAt: at,
    count: 0,
    objectName: undefined,
    dueAt: at,
    isPending: false,
    failures: 0,
  };
}

function keyOf({ about, isWarning, reason }: KubernetesEvent, message: string | undefined): string {
  const { kind, namespace, name, uid } = about;
  return JSON.stringify([kind, namespace, name, uid, isWarning, reason, message]);
}
