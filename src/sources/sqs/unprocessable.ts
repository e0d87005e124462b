import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { Metrics } from '../../metrics.ts';
import { sourceName } from './outage.ts';
import type { ReceivedMessage } from './queue.ts';

const excerptLength = 200;

/** A queue that is full of something else is told so often in each period, and no more. */
const mostLines = 50;
const linesPeriodMs = 600_000;

/** Tells of messages that can't be read, each once: whoever calls sees to that. */
export class UnprocessableMessages {
  readonly #modules: { readonly clock: Clock; readonly log: Logger; readonly metrics: Metrics };
  #lines = 0;
  #linesSince = -Infinity;

  constructor(modules: { readonly clock: Clock; readonly log: Logger; readonly metrics: Metrics }) {
    this.#modules = modules;
  }

  /** @param next what becomes of the message */
  add({ id, body }: ReceivedMessage, why: string, next: 'left in the queue' | 'deleted'): void {
    const { log, metrics } = this.#modules;
    metrics.queueMessages.inc({ event: 'unprocessable' });
    metrics.sourceIgnored.inc({ source: sourceName });
    metrics.eventErrors.inc({ event_error_where: 'SQS_MONITOR' });
    if (!this.#mayTell()) return;
    log.warn('Cannot process a message of the queue', {
      message_id: id,
      error: why,
      next,
      body: body.slice(0, excerptLength),
    });
  }

  #mayTell(): boolean {
    const now = this.#modules.clock.now();
    if (Math.abs(now - this.#linesSince) >= linesPeriodMs) {
      this.#linesSince = now;
      this.#lines = 0;
    }
    this.#lines += 1;
    return this.#lines <= mostLines;
  }
}
