import type { Clock } from '../clock.ts';
import type { Metrics } from '../metrics.ts';

/** Its messages come again much sooner than this. */
const keptMs = 600_000;

/** More than any queue delivers meanwhile; the oldest are forgotten. */
const mostKept = 10_000;

const shortestRetryMs = 1_000;
const longestRetryMs = 20_000;

/**
 * Instances of which messages speak, but for which there is no node. A message that is left is to be seen soon by
 * the cluster whose node it may be, so it comes back at first after a second, and later ever more rarely.
 */
export class MissedInstances {
  readonly #clock: Clock;
  readonly #metrics: Pick<Metrics, 'instancesNotInCluster'>;
  readonly #random: () => number;
  /** Those missed longest ago come first. */
  readonly #missed = new Map<string, { readonly firstAt: number; readonly lastAt: number }>();

  constructor(modules: {
    readonly clock: Clock;
    readonly metrics: Pick<Metrics, 'instancesNotInCluster'>;
    readonly random?: () => number;
  }) {
    this.#clock = modules.clock;
    this.#metrics = modules.metrics;
    this.#random = modules.random ?? Math.random;
  }

  /** @returns for how long it has been missed by now, and when to look again */
  miss(id: string): { readonly sinceMs: number; readonly retryAfterMs: number } {
    const now = this.#clock.now();
    const firstAt = Math.min(this.#missed.get(id)?.firstAt ?? now, now);
    this.#missed.delete(id);
    this.#missed.set(id, { firstAt, lastAt: now });
    this.#forgetOld(now);
    const sinceMs = now - firstAt;
    const spread = 0.75 + this.#random() / 2;
    const retryAfterMs = Math.min(Math.max(sinceMs / 2, shortestRetryMs), longestRetryMs) * spread;
    return { sinceMs, retryAfterMs };
  }

  found(id: string): void {
    if (this.#missed.delete(id)) this.#metrics.instancesNotInCluster.set(this.#missed.size);
  }

  #forgetOld(now: number): void {
    for (const [id, { lastAt }] of this.#missed) {
      if (Math.abs(now - lastAt) < keptMs && this.#missed.size <= mostKept) break;
      this.#missed.delete(id);
    }
    this.#metrics.instancesNotInCluster.set(this.#missed.size);
  }
}
