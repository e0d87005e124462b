import type { Clock } from '../../clock.ts';
import type { Condition } from '../../health.ts';
import type { Logger } from '../../logger.ts';
import type { Metrics } from '../../metrics.ts';
import { adviceFor } from './advice.ts';

export const sourceName = 'sqs';

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
  readonly onTrouble?: ((monitor: 'SQS_MONITOR') => void) | undefined;
}

/**
 * Whether the queue can be read. Each failure is counted; the log has a line when an outage begins, one each 10
 * minutes, and one when it is over.
 */
export class Outage {
  readonly #modules: OutageModules;
  readonly #lastSuccess;
  #began: number | undefined;
  #toldAt = 0;
  #failedAt = 0;
  #failures = 0;

  constructor(modules: OutageModules) {
    this.#modules = modules;
    this.#lastSuccess = modules.metrics.sourceLastSuccess.labels({ source: sourceName });
  }

  failed(error: unknown): void {
    const { clock, condition, log, metrics } = this.#modules;
    const now = clock.now();
    this.#failures += 1;
    this.#failedAt = now;
    metrics.eventErrors.inc({ event_error_where: 'SQS_MONITOR' });
    metrics.sourceErrors.inc({ source: sourceName });
    condition.notReady(error instanceof Error ? error.message : String(error));
    if (this.#began !== undefined && Math.abs(now - this.#toldAt) < reminderMs) return;
    log.warn('There was a problem monitoring for events', {
      monitor_type: 'SQS_MONITOR',
      error,
      what_to_do: adviceFor(error),
      ...(this.#began !== undefined && this.#length(now)),
    });
    this.#modules.onTrouble?.('SQS_MONITOR');
    this.#began ??= now;
    this.#toldAt = now;
  }

  worked(): void {
    const { clock, condition, log } = this.#modules;
    const now = clock.now();
    this.#lastSuccess.set(now / 1000);
    condition.ready();
    if (this.#began === undefined || Math.abs(now - this.#failedAt) < calmMs) return;
    log.info('Monitoring for events works again', this.#length(now));
    this.#began = undefined;
    this.#failures = 0;
  }

  #length(now: number): { failures: number; outage_seconds: number } {
    return { failures: this.#failures, outage_seconds: Math.round((now - (this.#began ?? now)) / 1000) };
  }
}
