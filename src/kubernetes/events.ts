import { Alarm } from '../alarm.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import type { ApiClient } from './api-client.ts';
import { ApiError, type EventSink, type KubernetesEvent } from './cluster.ts';
import { EventRequests, type EventRequestsOptions } from './event-requests.ts';
import { EventSeriesBook, type EventSeries } from './event-series.ts';

export interface KubernetesEventsModules {
  readonly clock: Clock;
  readonly client: ApiClient;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'kubernetesEventsDropped'>;
}

/** What waits to be sent, of half a KB each. */
const longestQueue = 5_000;

const senders = 2;

/** A repeat is told as a count, and not more often than this. */
const repeatMs = 10_000;

/** After a failure, then twice as long each time. */
const shortestBackOffMs = 1_000;
const longestBackOffMs = 60_000;

/** About four minutes. */
const mostFailures = 8;

/** Without the right to create events nothing is tried for this long; somebody may have given it meanwhile. */
const pauseWithoutRightMs = 600_000;

const missingRight =
  'Not allowed to put Kubernetes events, the work goes on without: add the verbs "create" and "patch" on "events" to the ClusterRole';

/**
 * Puts Kubernetes events, core/v1, from a bounded queue and behind every other request, so that no work waits for one.
 * What happens again is a higher count of the same event. What can't be put after several tries is dropped and counted.
 */
export class KubernetesEvents implements EventSink {
  readonly #modules: KubernetesEventsModules;
  readonly #requests: EventRequests;
  readonly #book = new EventSeriesBook();
  readonly #pending: EventSeries[] = [];
  readonly #told = new Set<string>();
  readonly #killing = new AbortController();
  /** When the next one is due. */
  readonly #due: Alarm;
  /** When nothing is waited for any more. */
  readonly #end: Alarm;
  #wakers: (() => void)[] = [];
  #pausedFrom = 0;
  #pausedUntil = 0;
  #isEnding = false;

  constructor(options: EventRequestsOptions, modules: KubernetesEventsModules) {
    this.#modules = modules;
    this.#requests = new EventRequests(options, modules);
    this.#due = new Alarm(modules.clock, () => {
      this.#wake();
    });
    this.#end = new Alarm(modules.clock, () => {
      this.#killing.abort(new Error('the last events take too long'));
    });
  }

  emit(event: KubernetesEvent): void {
    if (this.#isEnding || this.#isPaused()) {
      this.#drop(1);
      return;
    }
    const series = this.#book.note(event);
    if (series.isPending) return;
    if (this.#pending.length >= longestQueue) {
      this.#book.forget(series);
      this.#drop(1);
      return;
    }
    this.#queue(series);
  }

  /** Sends what is emitted. Ends by itself when `end` was called and nothing waits. */
  async run(): Promise<void> {
    try {
      await Promise.all(Array.from({ length: senders }, () => this.#send()));
    } finally {
      this.#due.stop();
      this.#end.stop();
      this.#drop(this.#pending.length);
    }
  }

  /** What waits is sent now, within so long, or never: nothing depends on it. */
  end(withinMs: number): void {
    this.#isEnding = true;
    this.#end.set(this.#modules.clock.now() + withinMs);
    this.#wake();
  }

  async #send(): Promise<void> {
    while (!this.#killing.signal.aborted) {
      const series = this.#next();
      if (series) await this.#put(series, this.#killing.signal);
      else if (this.#isEnding) return;
      else {
        this.#due.set(Math.min(...this.#pending.map((it) => it.dueAt)));
        await new Promise<void>((resolve) => {
          this.#wakers.push(resolve);
        });
      }
    }
  }

  #next(): EventSeries | undefined {
    const now = this.#modules.clock.now();
    const index = this.#pending.findIndex((it) => this.#isEnding || it.dueAt <= now);
    return index < 0 ? undefined : this.#pending.splice(index, 1)[0];
  }

  #queue(series: EventSeries): void {
    series.isPending = true;
    this.#pending.push(series);
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#wakers.splice(0)) wake();
  }

  async #put(series: EventSeries, signal: AbortSignal): Promise<void> {
    const { count } = series;
    try {
      await this.#requests.put(series, signal);
      series.isPending = false;
      series.failures = 0;
      series.dueAt = this.#modules.clock.now() + repeatMs;
      // It has happened again meanwhile.
      if (series.count > count) this.#queue(series);
    } catch (error) {
      if (signal.aborted) this.#drop(1);
      else this.#failed(series, error);
    }
  }

  #failed(series: EventSeries, error: unknown): void {
    const { clock, logger } = this.#modules;
    const status = error instanceof ApiError ? error.status : undefined;
    if (status === 403) {
      this.#book.forget(series);
      this.#pause(error);
      return;
    }
    const isPassing = status === undefined || status === 409 || status === 429 || status >= 500;
    series.failures += 1;
    if (isPassing && series.failures < mostFailures && !this.#isEnding) {
      const backOffMs = shortestBackOffMs * 2 ** (series.failures - 1);
      series.dueAt = clock.now() + Math.min(longestBackOffMs, backOffMs);
      this.#queue(series);
      return;
    }
    this.#book.forget(series);
    this.#drop(1);
    // Where the object's namespace is gone nobody misses the event.
    const what = `HTTP ${status ?? 'none'}`;
    const level = status === 404 || this.#told.has(what) ? 'debug' : 'warn';
    this.#told.add(what);
    logger[level]('Cannot put a Kubernetes event, the work goes on without', {
      reason: series.reason,
      error,
    });
  }

  #pause(error: unknown): void {
    const { clock, logger } = this.#modules;
    this.#pausedFrom = clock.now();
    this.#pausedUntil = this.#pausedFrom + pauseWithoutRightMs;
    for (const series of this.#pending) this.#book.forget(series);
    this.#drop(this.#pending.splice(0).length + 1);
    if (!this.#told.has(missingRight)) logger.warn(missingRight, { error });
    this.#told.add(missingRight);
  }

  /** A clock that was set back must not make a pause of minutes one of hours. */
  #isPaused(): boolean {
    const now = this.#modules.clock.now();
    return now >= this.#pausedFrom && now < this.#pausedUntil;
  }

  #drop(count: number): void {
    if (count > 0) this.#modules.metrics.kubernetesEventsDropped.inc(count);
  }
}
