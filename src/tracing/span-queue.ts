import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';

export interface SpanQueueModules {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly exporter: SpanExporter;
}

/** About 6 MB of spans; a burst larger than that, or a receiver that is away, loses the newest. */
const mostSpans = 4096;
const batchSize = 512;
/** Others may join a batch for this long. Short, for on its own node the daemon may have seconds left. */
const gatherMs = 1000;

/** Sends spans in the background: nobody waits for it, and it holds a bounded number. */
export class SpanQueue implements SpanProcessor {
  readonly #modules: SpanQueueModules;
  readonly #spans: ReadableSpan[] = [];
  #sending: Promise<void> | undefined;
  #hurry = new AbortController();
  #isTold = false;
  #lost = 0;

  constructor(modules: SpanQueueModules) {
    this.#modules = modules;
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if (this.#spans.length >= mostSpans) {
      this.#lose(1, new Error(`more than ${mostSpans} spans wait to be sent`));
      return;
    }
    this.#spans.push(span);
    if (this.#spans.length >= batchSize) this.#hurry.abort();
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined;
    });
  }

  /** Sends what there is, as fast as that goes. */
  async forceFlush(): Promise<void> {
    this.#hurry.abort();
    await this.#sending;
  }

  async shutdown(): Promise<void> {
    await this.#modules.exporter.shutdown();
  }

  async #send(): Promise<void> {
    const { clock } = this.#modules;
    while (this.#spans.length > 0) {
      if (this.#spans.length < batchSize) await clock.sleep(gatherMs, this.#hurry.signal).catch(() => {});
      const batch = this.#spans.splice(0, batchSize);
      const error = await this.#export(batch);
      if (error) this.#lose(batch.length, error);
      else this.#received();
    }
    this.#hurry = new AbortController();
  }

  #export(batch: ReadableSpan[]): Promise<Error | undefined> {
    return new Promise((resolve) => {
      this.#modules.exporter.export(batch, ({ error }) => {
        resolve(error);
      });
    });
  }

  /** Told when it begins: the cluster's collector is no business of a node's drain. */
  #lose(spans: number, error: Error): void {
    this.#lost += spans;
    if (this.#isTold) return;
    this.#isTold = true;
    this.#modules.logger.warn('Cannot send traces, going on without them', { error });
  }

  #received(): void {
    if (!this.#isTold) return;
    this.#isTold = false;
    this.#modules.logger.info('Traces are received again', { spans_lost: this.#lost });
    this.#lost = 0;
  }
}
