import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import type { WebhookMoment } from './webhook-data.ts';
import type { WebhookAnswer, WebhookRequest } from './webhook-request.ts';

/** Between one try and the next, less or more a quarter; a node that is taken away has two minutes. */
const pausesMs = [1_000, 2_000, 4_000, 8_000, 15_000];

/** Trouble that lasts is told again after this. */
const tellAgainMs = 600_000;

export interface WebhookPostingModules {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'webhookPosts'>;
  readonly request: Pick<WebhookRequest, 'post'>;
}

/** Posts one body until it is taken, refused for good, or has been tried often enough; tells an outage once. */
export class WebhookPosting {
  readonly #modules: WebhookPostingModules;
  #toldAt: number | undefined;
  #lost = 0;

  constructor(modules: WebhookPostingModules) {
    this.#modules = modules;
  }

  /** @throws the signal's reason */
  async post(body: string, moment: WebhookMoment, logger: Logger, signal: AbortSignal): Promise<void> {
    const { clock, metrics } = this.#modules;
    for (let tries = 1; ; tries += 1) {
      const answer = await this.#try(body, signal);
      if (isTaken(answer)) {
        this.#taken(moment, tries, logger);
        return;
      }
      const pauseMs = pausesMs[tries - 1];
      if (pauseMs === undefined || isFinal(answer)) {
        this.#givenUp(answer, tries, logger);
        return;
      }
      metrics.webhookPosts.inc({ outcome: 'tried-again' });
      if (this.#toldAt === undefined) logger.warn('Cannot post the webhook, trying again', troubleOf(answer));
      this.#toldAt ??= clock.now();
      const jittered = pauseMs * (0.75 + Math.random() / 2);
      await clock.sleep(Math.max(jittered, answer instanceof Error ? 0 : (answer.retryAfterMs ?? 0)), signal);
    }
  }

  /** They had to give way to newer ones, or to the end of the daemon. */
  dropped(items: number): void {
    this.#modules.metrics.webhookPosts.inc({ outcome: 'dropped' }, items);
    this.#lost += items;
    this.#modules.logger.error('Webhooks were given up before they were posted', { lost: items });
  }

  async #try(body: string, signal: AbortSignal): Promise<WebhookAnswer | Error> {
    try {
      return await this.#modules.request.post(body, signal);
    } catch (error) {
      signal.throwIfAborted();
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  #taken(moment: WebhookMoment, tries: number, logger: Logger): void {
    this.#modules.metrics.webhookPosts.inc({ outcome: 'delivered' });
    logger.info('Webhook Success: Notification Sent!', { moment, tries: tries > 1 ? tries : undefined });
    if (this.#lost > 0) {
      this.#modules.logger.info('Posting the webhook works again', { lost: this.#lost });
    }
    this.#lost = 0;
    this.#toldAt = undefined;
  }

  #givenUp(answer: WebhookAnswer | Error, tries: number, logger: Logger): void {
    const { clock, metrics } = this.#modules;
    metrics.webhookPosts.inc({ outcome: 'failed' });
    this.#lost += 1;
    const isFirst = this.#lost === 1;
    if (!isFirst && this.#toldAt !== undefined && clock.now() - this.#toldAt < tellAgainMs) return;
    this.#toldAt = clock.now();
    logger.error('Cannot post the webhook, giving it up', { ...troubleOf(answer), tries, lost: this.#lost });
  }
}

/** NTH's rule. */
function isTaken(answer: WebhookAnswer | Error): boolean {
  return !(answer instanceof Error) && answer.status >= 200 && answer.status < 300;
}

/** What a receiver says that will say so again: the request is wrong, not the moment. */
function isFinal(answer: WebhookAnswer | Error): boolean {
  if (answer instanceof Error) return false;
  const isForLater = [408, 425, 429].includes(answer.status);
  return answer.status >= 300 && answer.status < 500 && !isForLater;
}

function troubleOf(answer: WebhookAnswer | Error): Readonly<Record<string, unknown>> {
  return answer instanceof Error ? { error: answer } : { status_code: answer.status };
}
