import { AwsError } from '../../aws/error.ts';
import type { Clock } from '../../clock.ts';
import { errorText } from '../../error-text.ts';
import type { Logger } from '../../logger.ts';
import type { Metrics } from '../../metrics.ts';
import { Batcher } from './batcher.ts';
import { mostInBatch, type EntryError, type Queue } from './queue.ts';

const gatherMs = 20;
const firstPauseMs = 500;
const longestPauseMs = 30_000;
const reminderMs = 600_000;
/** Once we are to stop, a queue that can't be reached holds us up for no longer. */
const patienceWhileStoppingMs = 20_000;

export interface DeletionsModules {
  readonly queue: Pick<Queue, 'delete'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'queueMessages'>;
  /** The daemon is to stop. */
  readonly stopping: AbortSignal;
  /** Ends everything. */
  readonly closed: AbortSignal;
}

interface Deletable {
  readonly id: string;
  readonly receiptHandle: string;
}

/**
 * Deletes messages, several at a time. SQS says that a message is deleted also where its receipt is an old one and it
 * stays, so whoever asks remembers the message, and asks again when it comes again.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
 */
export class Deletions {
  readonly #modules: DeletionsModules;
  readonly #calls: Batcher<string, EntryError | undefined>;
  /** What is being deleted, by id, as it came last. */
  readonly #pending = new Map<string, { message: Deletable }>();
  #isRefusalTold = false;
  #toldAt = -Infinity;

  constructor(modules: DeletionsModules) {
    this.#modules = modules;
    this.#calls = new Batcher(
      { most: mostInBatch, gatherMs },
      { clock: modules.clock, run: (handles) => modules.queue.delete(handles, modules.closed) },
    );
  }

  /**
   * Tried until the message is gone, or nothing more can be done about it for now. One that comes again meanwhile is
   * deleted with its newest receipt, and nobody waits for it once more.
   */
  async delete(message: Deletable): Promise<void> {
    const known = this.#pending.get(message.id);
    if (known) {
      known.message = message;
      return;
    }
    const pending = { message };
    this.#pending.set(message.id, pending);
    try {
      await this.#deleteOn(pending);
    } finally {
      this.#pending.delete(message.id);
    }
  }

  async #deleteOn(pending: { readonly message: Deletable }): Promise<void> {
    const { clock, closed, metrics, stopping } = this.#modules;
    const beganAt = clock.now();
    for (let tried = 1; !closed.aborted; tried += 1) {
      const { id, receiptHandle } = pending.message;
      const isDone = await this.#try(id, receiptHandle);
      // It has come again: with the receipt before it stays, whatever SQS said.
      if (isDone !== false && pending.message.receiptHandle !== receiptHandle) continue;
      if (isDone) {
        metrics.queueMessages.inc({ event: 'deleted' });
        return;
      }
      if (isDone === undefined) return;
      if (stopping.aborted && clock.now() - beganAt >= patienceWhileStoppingMs) return;
      const pauseMs = Math.min(firstPauseMs * 2 ** (tried - 1), longestPauseMs);
      await clock.sleep(pauseMs, closed).catch(() => {});
    }
  }

  /** @returns undefined where to try again is of no use: when the message comes again, it is */
  async #try(id: string, receiptHandle: string): Promise<boolean | undefined> {
    const { closed, log } = this.#modules;
    try {
      const error = await this.#calls.add(receiptHandle);
      if (error === undefined) return true;
      if (!error.isFinal) return false;
      log.debug('The receipt of a message is an old one, it is deleted when it comes again', {
        message_id: id,
        ...error,
      });
      return undefined;
    } catch (error) {
      if (closed.aborted) return undefined;
      return this.#goesOnAfter(error) ? false : undefined;
    }
  }

  #goesOnAfter(error: unknown): boolean {
    const { clock, log } = this.#modules;
    if (error instanceof AwsError && error.kind === 'access-denied') {
      if (!this.#isRefusalTold) {
        log.error('Not allowed to delete messages, each comes again until the queue drops it', {
          missing_right: 'sqs:DeleteMessage',
          error: errorText(error),
        });
      }
      this.#isRefusalTold = true;
      return false;
    }
    if (error instanceof AwsError && /(?:NonExistentQueue|QueueDoesNotExist)$/.test(error.code)) return false;
    const now = clock.now();
    if (now - this.#toldAt >= reminderMs) {
      this.#toldAt = now;
      log.warn('Cannot delete messages, trying again', { error: errorText(error) });
    }
    return true;
  }
}
