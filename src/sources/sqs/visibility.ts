import { Alarm } from '../../alarm.ts';
import { AwsError } from '../../aws/error.ts';
import type { Clock } from '../../clock.ts';
import { errorText } from '../../error-text.ts';
import type { Logger } from '../../logger.ts';
import { Batcher } from './batcher.ts';
import type { HeldMessage } from './held-message.ts';
import { mostInBatch, type EntryError, type Queue } from './queue.ts';

/** A right that is missing may have been given meanwhile. */
const askAgainMs = 600_000;
/** After calls that failed; after twice as long each time, up to the longest. */
const firstRetryMs = 1000;
const longestRetryMs = 15_000;
const gatherMs = 20;

export interface VisibilityOptions {
  readonly visibilitySeconds: number;
}

export interface VisibilityModules {
  readonly queue: Pick<Queue, 'hide'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** What is worked for. */
  readonly held: () => Iterable<HeldMessage>;
  /** Ends everything. */
  readonly closed: AbortSignal;
}

/**
 * Keeps messages that are worked for hidden from other receivers, a visibility timeout at a time, and no longer: if
 * this process dies, another one is given them soon.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
 */
export class Visibility {
  readonly #visibilityMs: number;
  readonly #modules: VisibilityModules;
  readonly #alarm: Alarm;
  readonly #changes: Batcher<
    { readonly receiptHandle: string; readonly seconds: number },
    EntryError | undefined
  >;
  /** The round of extensions that is under way. */
  #round: Promise<void> | undefined;
  /** Rounds in a row in which a call failed. */
  #failures = 0;
  #notBefore = 0;
  /** The right is missing; undefined = it is not known to be. */
  #refusedAt: number | undefined;
  #isRefusalTold = false;

  constructor(options: VisibilityOptions, modules: VisibilityModules) {
    this.#visibilityMs = options.visibilitySeconds * 1000;
    this.#modules = modules;
    this.#alarm = new Alarm(modules.clock, () => {
      this.#round = this.#extend();
    });
    this.#changes = new Batcher(
      { most: mostInBatch, gatherMs },
      { clock: modules.clock, run: (items) => modules.queue.hide(items, modules.closed) },
    );
    modules.closed.addEventListener('abort', () => this.#alarm.stop(), { once: true });
  }

  /** A message is held from now on, or has a new receipt. */
  keep(): void {
    this.#schedule();
  }

  /** Lets the message become visible in so many seconds. Where that can't be had it becomes visible by itself. */
  async show(message: HeldMessage, seconds: number): Promise<void> {
    const { log } = this.#modules;
    const { receiptHandle } = message;
    // Whichever comes to SQS last counts.
    await this.#round;
    // It may have come again meanwhile.
    if (this.#isRefused || message.receiptHandle !== receiptHandle) return;
    try {
      const error = await this.#changes.add({ receiptHandle, seconds });
      if (error) log.debug('A message was not made visible', { message_id: message.id, ...error });
    } catch (error) {
      if (!this.#modules.closed.aborted) this.#failed(error);
    }
  }

  get #isRefused(): boolean {
    return this.#refusedAt !== undefined && this.#modules.clock.now() - this.#refusedAt < askAgainMs;
  }

  /** Half of a timeout before it ends. */
  #dueAt({ hiddenUntil, isReceiptStale, isShown }: HeldMessage): number {
    return isReceiptStale || isShown ? Infinity : hiddenUntil - this.#visibilityMs / 2;
  }

  #schedule(): void {
    const { closed, held } = this.#modules;
    if (this.#round || closed.aborted) return;
    let next = Infinity;
    for (const message of held()) next = Math.min(next, this.#dueAt(message));
    if (this.#isRefused) next = Math.max(next, (this.#refusedAt ?? 0) + askAgainMs);
    this.#alarm.set(Math.max(next, this.#notBefore));
  }

  async #extend(): Promise<void> {
    const { clock, held } = this.#modules;
    // What is due a little later goes along, so that calls are few.
    const until = clock.now() + this.#visibilityMs / 8;
    const due = [...held()].filter((message) => this.#dueAt(message) <= until);
    try {
      const batches = [];
      for (let start = 0; start < due.length; start += mostInBatch) {
        batches.push(this.#extendBatch(due.slice(start, start + mostInBatch)));
      }
      const haveFailed = (await Promise.all(batches)).includes(false);
      this.#failures = haveFailed ? this.#failures + 1 : 0;
      const pauseMs = haveFailed ? Math.min(firstRetryMs * 2 ** (this.#failures - 1), longestRetryMs) : 0;
      this.#notBefore = clock.now() + pauseMs;
    } finally {
      this.#round = undefined;
      this.#schedule();
    }
  }

  /** @returns whether SQS could be asked */
  async #extendBatch(messages: readonly HeldMessage[]): Promise<boolean> {
    const { clock, closed, queue } = this.#modules;
    const askedAt = clock.now();
    const wishes = messages.flatMap((message) => {
      const leftSeconds = Math.floor((message.flightEndsAt - askedAt) / 1000) - 1;
      const isLast = leftSeconds <= this.#visibilityMs / 1000;
      if (isLast) this.#tellLast(message);
      const seconds = isLast ? leftSeconds : this.#visibilityMs / 1000;
      return seconds > 0 ? [{ message, seconds, receiptHandle: message.receiptHandle }] : [];
    });
    if (wishes.length === 0) return true;
    try {
      const errors = await queue.hide(wishes, closed);
      for (const [index, { message, seconds, receiptHandle }] of wishes.entries()) {
        // It was handed out anew meanwhile, which says it all.
        if (message.receiptHandle !== receiptHandle) continue;
        const error = errors[index];
        if (error === undefined) message.hiddenUntil = askedAt + seconds * 1000;
        else if (error.isFinal) message.isReceiptStale = true;
      }
      this.#refusedAt = undefined;
      return errors.every((error) => error === undefined || error.isFinal);
    } catch (error) {
      if (!closed.aborted) this.#failed(error);
      return false;
    }
  }

  /** SQS hides it no longer than this with this receipt: the next comes with the message. */
  #tellLast(message: HeldMessage): void {
    message.isReceiptStale = true;
    this.#modules.log.warn('A message has been worked for during 12 hours, SQS hands it out again', {
      message_id: message.id,
    });
  }

  #failed(error: unknown): void {
    const { clock, log } = this.#modules;
    if (!(error instanceof AwsError && error.kind === 'access-denied')) {
      // Where it lasts, receiving fails as well, and tells.
      log.debug('Cannot change how long messages are hidden', { error: errorText(error) });
      return;
    }
    this.#refusedAt = clock.now();
    if (this.#isRefusalTold) return;
    this.#isRefusalTold = true;
    log.warn('Not allowed to keep messages hidden, each comes again while it is worked for', {
      missing_right: 'sqs:ChangeMessageVisibility',
      error: errorText(error),
    });
  }
}
