import type { Clock } from '../clock.ts';
import { PodFeedPlace } from './pod-feed-place.ts';
import { glanceAt } from './pod-glance.ts';
import { isOlder } from './resource-version.ts';
import { toPodView, type PodObject } from './views.ts';
import type { WatchEvent } from './watch-events.ts';
import type { WatchLoop } from './watch-loop.ts';

/** Short, so that a connection that died without a word costs little of a two-minute notice. */
const watchSeconds = 30;

/** Many lists are asked for at the same time: the watch begins with the oldest of those answered within this. */
const gatherMs = 200;

/** Before all other requests of drains: one, for which many of them wait. */
const urgency = { tellsOfPods: 0 };

export interface PodFeedOptions {
  /** Without the right to watch: how long until the pods are to be listed again, for so many nodes. */
  readonly pollMs: (nodes: number) => number;
  /** The same, for the operator. */
  readonly instead: string;
}

export interface PodFeedModules {
  readonly clock: Clock;
  readonly loop: WatchLoop;
}

/**
 * One WATCH on the pods of all nodes, for as many drains as want it: a connection for each node of a burst would cost
 * more memory than all the rest. A node takes its place first, and then lists its pods: from then on every event of
 * theirs is kept for it, so that none can be missed between list and watch. Where events may have been missed all the
 * same (the version has expired, the watch fails time and again, the list is older than the watch's beginning), the
 * node is told to list again.
 *
 * The API server can't select the pods of several nodes, so events of all others are thrown away here.
 */
export class PodFeed {
  readonly #options: PodFeedOptions;
  readonly #modules: PodFeedModules;
  readonly #places = new Map<string, Set<PodFeedPlace>>();
  #count = 0;
  /** Everything up to this version has been handed out; undefined: the watch has to begin anew. */
  #position: string | undefined;
  /** The oldest of the lists that the watch may begin with. */
  #oldestList: string | undefined;
  #listed = Promise.withResolvers<void>();
  #ended: AbortController | undefined;

  constructor(options: PodFeedOptions, modules: PodFeedModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** The pods of the node are to be listed next. */
  join(node: string): PodFeedPlace {
    const place = new PodFeedPlace(this.#position, {
      onListed: (version) => {
        this.#offer(version);
      },
      onLeft: () => {
        this.#leave(node, place);
      },
    });
    const places = this.#places.get(node);
    if (places) places.add(place);
    else this.#places.set(node, new Set([place]));
    this.#count += 1;
    if (this.#count === 1) this.#start();
    return place;
  }

  #leave(node: string, place: PodFeedPlace): void {
    const places = this.#places.get(node);
    if (!places?.delete(place)) return;
    if (places.size === 0) this.#places.delete(node);
    this.#count -= 1;
    if (this.#count > 0) return;
    this.#ended?.abort();
    this.#listed.resolve();
    this.#forget();
  }

  #forget(): void {
    this.#position = undefined;
    this.#oldestList = undefined;
  }

  #start(): void {
    const ended = new AbortController();
    this.#ended = ended;
    // That nobody is left is its only end.
    this.#run(ended.signal).catch(() => {});
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, loop } = this.#modules;
    const { pollMs, instead } = this.#options;
    const ended = loop.follow<never>(
      {
        resource: 'pods',
        path: '/api/v1/pods',
        // Those that have been given to a node: all that can matter.
        selection: { fieldSelector: 'spec.nodeName!=' },
        watchSeconds,
        read: (line) => glanceAt(line, (node) => this.#places.has(node)),
        failuresBeforeList: 1,
        instead,
        list: async () => ({ version: await this.#begin(signal) }),
        toChange: (event) => {
          // What was read at once with the last event that anybody wanted is nobody's.
          if (!signal.aborted) this.#handOut(event);
          return undefined;
        },
        untilListIsWanted: () => clock.sleep(pollMs(this.#count), signal),
      },
      undefined,
      urgency,
      signal,
    );
    // All there is has been handed out before.
    await ended.next();
  }

  /** Makes all nodes list their pods again. @returns the version from which none of their events is missed */
  async #begin(signal: AbortSignal): Promise<string> {
    this.#forget();
    this.#listed = Promise.withResolvers();
    for (const place of this.#all()) place.lose();
    await this.#listed.promise;
    await this.#modules.clock.sleep(gatherMs, signal);
    const version = this.#oldestList ?? '';
    this.#position = version;
    for (const place of this.#all()) place.begin(version);
    return version;
  }

  #offer(version: string): void {
    if (this.#position !== undefined) return;
    if (this.#oldestList === undefined || isOlder(version, this.#oldestList)) this.#oldestList = version;
    this.#listed.resolve();
  }

  #handOut({ type, object }: WatchEvent): void {
    const { uid, resourceVersion: version } = object?.metadata ?? {};
    if (version === undefined) return;
    this.#position = version;
    const places = this.#places.get((object as PodObject).spec?.nodeName ?? '');
    if (places === undefined || uid === undefined) return;
    if (type === 'DELETED') {
      for (const place of places) place.put(version, { type: 'gone', uid });
    } else if (type === 'ADDED' || type === 'MODIFIED') {
      const pod = toPodView(object as PodObject);
      for (const place of places) place.put(version, { type: 'present', pod });
    }
  }

  *#all(): Generator<PodFeedPlace> {
    for (const places of this.#places.values()) yield* places;
  }
}
