import type { Clock } from '../clock.ts';
import type { Metrics } from '../metrics.ts';

export type NodeAction = 'cordon' | 'cordon-and-drain' | 'pre-drain' | 'post-drain' | 'uncordon';

/** A series of a node and an event is dropped when nothing was added to it for this long. */
const keptMs = 3_600_000;

/** Interruptions are told from those that come again; older ones than so many are not of one time. */
const mostMarked = 2_000;

/**
 * NTH's counts of what was done to nodes. One of them has a series for each node and event, which would grow with
 * the cluster's life; what is old has been scraped long since.
 */
export class NodeActions {
  readonly #clock: Clock;
  readonly #metrics: Pick<Metrics, 'actions' | 'actionsByNode'>;
  readonly #countedAt = new Map<string, { readonly labels: Record<string, string>; readonly at: number }>();

  readonly #marked = new Set<string>();

  constructor(modules: {
    readonly clock: Clock;
    readonly metrics: Pick<Metrics, 'actions' | 'actionsByNode'>;
  }) {
    this.#clock = modules.clock;
    this.#metrics = modules.metrics;
  }

  count(node: string, eventIds: readonly string[], action: NodeAction, succeeded: boolean): void {
    this.#dropOld();
    const status = { node_action: action, node_status: succeeded ? 'success' : 'error' };
    this.#metrics.actions.inc(status);
    for (const eventId of eventIds) {
      const labels = { ...status, node_name: node, node_event_id: eventId };
      this.#metrics.actionsByNode.inc(labels);
      const key = JSON.stringify(labels);
      // Anew at its end, so that the oldest is the first.
      this.#countedAt.delete(key);
      this.#countedAt.set(key, { labels, at: this.#clock.now() });
    }
  }

  /** The node carries the marks of these. @returns whether one of them is new to this process */
  marksFirst(eventIds: readonly string[]): boolean {
    const added = eventIds.filter((id) => !this.#marked.has(id));
    for (const id of added) {
      this.#marked.add(id);
      const [oldest] = this.#marked;
      if (this.#marked.size > mostMarked && oldest !== undefined) this.#marked.delete(oldest);
    }
    return added.length > 0;
  }

  #dropOld(): void {
    const now = this.#clock.now();
    for (const [key, { labels, at }] of this.#countedAt) {
      if (now - at < keptMs) return;
      this.#countedAt.delete(key);
      this.#metrics.actionsByNode.remove(labels);
    }
  }
}
