import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { ApiClient } from './api-client.ts';
import type { PodChange, PodView, Urgency } from './cluster.ts';
import { toPodView } from './views.ts';
import type { WatchEvent } from './watch-events.ts';
import { WatchLoop } from './watch-loop.ts';

export interface PodList {
  readonly pods: readonly PodView[];
  readonly version: string;
}

/** Short, so that a connection that died without a word costs little of a two-minute notice. */
const watchSeconds = 30;

/** Without the right to watch, the pods are listed this often. */
const pollMs = 2_000;

/** A list of one node's pods is cheap. */
const failuresBeforeList = 1;

/** Follows the pods of one node. */
export class PodChanges {
  readonly #clock: Clock;
  readonly #loop: WatchLoop;

  constructor(modules: { readonly clock: Clock; readonly client: ApiClient; readonly logger: Logger }) {
    this.#clock = modules.clock;
    this.#loop = new WatchLoop(modules);
  }

  /** Ends by throwing the signal's reason. */
  follow(
    node: string,
    from: string,
    urgency: Urgency,
    list: () => Promise<PodList>,
    signal: AbortSignal,
  ): AsyncGenerator<PodChange> {
    return this.#loop.follow<PodChange>(
      {
        resource: 'pods',
        path: '/api/v1/pods',
        selection: { fieldSelector: `spec.nodeName=${node}` },
        watchSeconds,
        failuresBeforeList,
        instead: `listing them every ${pollMs / 1000} s`,
        list: async () => {
          const { pods, version } = await list();
          return { change: { type: 'all', pods }, version };
        },
        toChange,
        untilListIsWanted: () => this.#clock.sleep(pollMs, signal),
      },
      from,
      urgency,
      signal,
    );
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
