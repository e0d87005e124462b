import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { ApiClient } from './api-client.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { PodChange, PodView, Urgency } from './cluster.ts';
import { PodFeed } from './pod-feed.ts';
import { glanceAt } from './pod-glance.ts';
import { isComparable } from './resource-version.ts';
import { toPodView } from './views.ts';
import type { WatchEvent } from './watch-events.ts';
import { WatchLoop } from './watch-loop.ts';

export interface PodList {
  readonly pods: readonly PodView[];
  readonly version: string;
}

/** A node whose pods are followed. */
export interface FollowedNode {
  readonly node: string;
  readonly urgency: Instant;
  /** @param mayBeOld the API server's cache will do, where that is wanted at all */
  readonly list: (mayBeOld: boolean, urgency: Urgency) => Promise<PodList>;
}

/** Short, so that a connection that died without a word costs little of a two-minute notice. */
const watchSeconds = 30;

/** A list of one node's pods is cheap. */
const failuresBeforeList = 1;

/**
 * So many nodes are followed by a watch each, which tells of nothing but their pods. That is light on the network, but
 * takes a connection: 0.1 MB, and two requests a minute. All further nodes share one watch.
 */
const mostWatches = 8;

/** Without the right to watch, the pods are listed this often, but for many nodes not more than 50 times a second. */
const shortestPollMs = 2_000;
const pollMsPerNode = 20;

const instead = `listing them every ${shortestPollMs / 1000} s, less often for many nodes at once`;

/** Follows the pods of nodes, each of them for itself or, in a burst, many by one watch. */
export class PodChanges {
  readonly #clock: Clock;
  readonly #loop: WatchLoop;
  readonly #feed: PodFeed;
  #watches = 0;
  #nodes = 0;

  constructor(modules: { readonly clock: Clock; readonly client: ApiClient; readonly logger: Logger }) {
    this.#clock = modules.clock;
    this.#loop = new WatchLoop(modules);
    const options = { instead, pollMs: () => this.#pollMs };
    this.#feed = new PodFeed(options, { ...modules, loop: this.#loop });
  }

  /**
   * @param take is told of all pods first, then of each change; must not throw
   * @throws the signal's reason, which is its only good end; ApiError where a list fails
   */
  async follow(
    followed: FollowedNode,
    take: (change: PodChange) => void,
    signal: AbortSignal,
  ): Promise<void> {
    this.#nodes += 1;
    const { node, urgency, list } = followed;
    const place = this.#watches < mostWatches ? undefined : this.#feed.join(node);
    try {
      if (place) {
        // In a function of its own, since a function in mid-way holds on to all that it has named.
        const goOn = ({ pods, version }: PodList): boolean | Promise<true> => {
          // Where the API server's versions do not tell which is older nothing can be shared.
          if (!isComparable(version)) return false;
          if (!place.listed(version)) return true;
          take({ type: 'all', pods });
          return place.untilLost(take, signal);
        };
        let isFirst = true;
        // Again: behind the evictions, which are what is urgent.
        while (await list(isFirst, isFirst ? { tellsOfPods: urgency } : urgency + 1).then(goOn))
          isFirst = false;
        place.leave();
      }
      await this.#watch(followed, take, signal);
    } finally {
      place?.leave();
      this.#nodes -= 1;
    }
  }

  async #watch(
    { node, urgency, list }: FollowedNode,
    take: (change: PodChange) => void,
    signal: AbortSignal,
  ): Promise<void> {
    this.#watches += 1;
    const tellsOfPods = { tellsOfPods: urgency };
    try {
      const { pods, version: from } = await list(true, tellsOfPods);
      take({ type: 'all', pods });
      const changes = this.#loop.follow<PodChange>(
        {
          resource: 'pods',
          path: '/api/v1/pods',
          selection: { fieldSelector: `spec.nodeName=${node}` },
          watchSeconds,
          read: (line) => glanceAt(line, () => true),
          failuresBeforeList,
          instead,
          list: async () => {
            const { pods: all, version } = await list(false, tellsOfPods);
            return { change: { type: 'all', pods: all }, version };
          },
          toChange,
          untilListIsWanted: () => this.#clock.sleep(this.#pollMs, signal),
        },
        from,
        tellsOfPods,
        signal,
      );
      for await (const change of changes) take(change);
    } finally {
      this.#watches -= 1;
    }
  }

  get #pollMs(): number {
    return Math.max(shortestPollMs, pollMsPerNode * this.#nodes);
  }
}

function toChange({ type, object }: WatchEvent): PodChange | undefined {
  const uid = object?.metadata?.uid;
  if (object === undefined || uid === undefined) return undefined;
  if (type === 'DELETED') return { type: 'gone', uid };
  if (type === 'ADDED' || type === 'MODIFIED') {
    return { type: 'present', pod: toPodView(object) };
  }
  return undefined;
}
