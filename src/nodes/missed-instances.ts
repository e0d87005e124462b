import type { Clock } from '../clock.ts';
import type { Metrics } from '../metrics.ts';

/** The messages that speak of it come again much sooner than this. */
const keptMs = 600_000;

/** More than any queue delivers meanwhile; the oldest are forgotten. */
const mostKept = 10_000;

/** Instances of which messages speak, but for which there is no node; those of other clusters, mostly. */
export class MissedInstances {
  readonly #clock: Clock;
  readonly #metrics: Pick<Metrics, 'instancesNotInCluster'>;
  /** Those missed longest ago come first. */
  readonly #missed = new Map<string, { readonly firstAt: number; readonly lastAt: number }>();

  constructor(modules: { readonly clock: Clock; readonly metrics: Pick<Metrics, 'instancesNotInCluster'> }) {
    this.#clock = modules.clock;
    this.#metrics = modules.metrics;
    this.#metrics.instancesNotInCluster.set(0);
  }

  /** @returns for how long it has been missed by now */
  miss(id: string): number {
    const now = this.#clock.now();
    const firstAt = Math.min(this.#missed.get(id)?.firstAt ?? now, now);
    // Anew at its end, so that the oldest is the first.
    this.#missed.delete(id);
    this.#missed.set(id, { firstAt, lastAt: now });
    for (const [old, { lastAt }] of this.#missed) {
      if (Math.abs(now - lastAt) < keptMs && this.#missed.size <= mostKept) break;
      this.#missed.delete(old);
    }
    this.#metrics.instancesNotInCluster.set(this.#missed.size);
    return now - firstAt;
  }

  found(id: string): void {
    if (this.#missed.delete(id)) this.#metrics.instancesNotInCluster.set(this.#missed.size);
  }
}
