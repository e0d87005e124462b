import type { Clock } from '../../clock.ts';
import type { Condition } from '../../health.ts';
import type { MonitorName } from '../../interruption/interruption.ts';
import type { Logger } from '../../logger.ts';
import type { Metrics } from '../../metrics.ts';
import { sourceName } from './lendings.ts';

/** How often an outage that goes on is told again. */
const reminderMs = 600_000;
/** An outage is told to be over after this long without a failure: one that comes and goes is one outage. */
const calmMs = 5000;

export interface OutageModules {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly condition: Condition;
  /** Told when an outage is said. */
  readonly onTrouble?: ((monitor: MonitorName) => void) | undefined;
}

/**
 * What all the polling loops together know of whether the metadata service answers. Each failure is
 * counted; the log has a line when it begins, one each 10 minutes, and one when it is over.
 */
export class Outage {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #metrics: Metrics;
  readonly #condition: Condition;
  readonly #onTrouble: ((monitor: MonitorName) => void) | undefined;
  readonly #lastSuccess;
  readonly #failing = new Set<MonitorName>();
  /** Those that have not had an answer yet. */
  readonly #awaited: Set<MonitorName>;
  #began: number | undefined;
  #toldAt = 0;
  #failedAt = 0;
  #failures = 0;

  constructor(options: { readonly monitors: readonly MonitorName[] }, modules: OutageModules) {
    this.#awaited = new Set(options.monitors);
    this.#clock = modules.clock;
    this.#log = modules.log;
    this.#metrics = modules.metrics;
    this.#condition = modules.condition;
    this.#onTrouble = modules.onTrouble;
    this.#lastSuccess = modules.metrics.sourceLastSuccess.labels({ source: sourceName });
  }

  /** Whether the last round of this monitor failed. */
  isFailing(monitor: MonitorName): boolean {
    return this.#failing.has(monitor);
  }

  failed(monitor: MonitorName, error: unknown): void {
    const now = this.#clock.now();
    this.#failing.add(monitor);
    this.#failures += 1;
    this.#failedAt = now;
    this.#metrics.eventErrors.inc({ event_error_where: monitor });
    this.#metrics.sourceErrors.inc({ source: sourceName });
    this.#condition.notReady(error instanceof Error ? error.message : String(error));
    if (this.#began !== undefined && Math.abs(now - this.#toldAt) < reminderMs) return;
    this.#log.warn('There was a problem monitoring for events', {
      monitor_type: monitor,
      error,
      ...(this.#began !== undefined && this.#length(now)),
    });
    this.#onTrouble?.(monitor);
    this.#began ??= now;
    this.#toldAt = now;
  }

  worked(monitor: MonitorName): void {
    const now = this.#clock.now();
    this.#lastSuccess.set(now / 1000);
    this.#failing.delete(monitor);
    this.#awaited.delete(monitor);
    if (this.#failing.size > 0 || this.#awaited.size > 0) return;
    this.#condition.ready();
    if (this.#began === undefined || Math.abs(now - this.#failedAt) < calmMs) return;
    this.#log.info('Monitoring for events works again', this.#length(now));
    this.#began = undefined;
    this.#failures = 0;
  }

  #length(now: number): { failures: number; outage_seconds: number } {
    return { failures: this.#failures, outage_seconds: Math.round((now - (this.#began ?? now)) / 1000) };
  }
}
