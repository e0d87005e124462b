import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../src/clock.ts';

export interface FakeQueueOptions {
  /** How long it keeps a message, in flight or not. @default 4 days, SQS's own */
  readonly retentionMs?: number;
  /** After so many deliveries a message goes to the dead letters. @default never */
  readonly maxReceiveCount?: number;
  /** From 0 up to, but not including, 1: messages come in any order, fewer than asked for, and some twice. @default none of it */
  readonly random?: () => number;
}

export interface QueuedMessage {
  readonly id: string;
  readonly body: string;
  readonly sentAt: number;
  visibleAt: number;
  receiveCount: number;
  receipts: number;
  receivedAt: number;
}

export interface GivenMessage {
  readonly id: string;
  readonly body: string;
  readonly sentAt: number;
  readonly receiveCount: number;
  readonly receiptHandle: string;
}

/** Of SQS, with whose fault it is. */
export interface QueueError {
  readonly code: string;
  readonly message: string;
}

const longestFlightMs = 43_200_000;
const usualRetentionMs = 4 * 86_400_000;

/**
 * A standard queue, as harsh as SQS: a receipt is good until the message is handed out again, to delete with an older
 * one succeeds and deletes nothing, and a message is dropped when its time is over, whoever works for it.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
 */
export class FakeQueue {
  readonly #options: FakeQueueOptions;
  readonly #clock: Clock;
  readonly #messages = new Map<string, QueuedMessage>();
  #changed = Promise.withResolvers<void>();
  /** Ids, with when and in which state they were deleted. */
  readonly deleted: { readonly id: string; readonly at: number }[] = [];
  readonly deadLetters: QueuedMessage[] = [];
  /** Dropped because their time was over. */
  readonly expired: QueuedMessage[] = [];

  constructor(options: FakeQueueOptions, modules: { readonly clock: Clock }) {
    this.#options = options;
    this.#clock = modules.clock;
  }

  /** What isn't text is sent as JSON. @returns the message's id */
  send(body: unknown, { delayMs = 0 } = {}): string {
    const now = this.#clock.now();
    const id = randomUUID();
    this.#messages.set(id, {
      id,
      body: typeof body === 'string' ? body : JSON.stringify(body),
      sentAt: now,
      visibleAt: now + delayMs,
      receiveCount: 0,
      receipts: 0,
      receivedAt: 0,
    });
    this.#tell();
    return id;
  }

  get size(): number {
    this.#expire();
    return this.#messages.size;
  }

  get visible(): number {
    this.#expire();
    return [...this.#messages.values()].filter(({ visibleAt }) => visibleAt <= this.#clock.now()).length;
  }

  message(id: string): QueuedMessage | undefined {
    this.#expire();
    return this.#messages.get(id);
  }

  /** Everybody may have them now. */
  showAll(): void {
    for (const message of this.#messages.values()) message.visibleAt = this.#clock.now();
    this.#tell();
  }

  /** Its time was over, and another receiver has it for so long. */
  giveToAnother(id: string, visibilityMs: number): void {
    const message = this.#messages.get(id);
    if (message) this.#handOut(message, visibilityMs);
  }

  /** Waits for messages as long polling does. */
  async receive(
    limits: { readonly most: number; readonly waitMs: number; readonly visibilityMs: number },
    signal: AbortSignal,
  ): Promise<readonly GivenMessage[]> {
    const until = this.#clock.now() + limits.waitMs;
    for (;;) {
      const given = this.#give(limits.most, limits.visibilityMs);
      const now = this.#clock.now();
      if (given.length > 0 || now >= until || signal.aborted) return given;
      await this.#change(Math.min(until, this.#nextVisibleAt()) - now, signal);
    }
  }

  delete(receiptHandle: string): QueueError | undefined {
    const receipt = this.#read(receiptHandle);
    if (receipt === undefined) return invalidHandle;
    const message = this.#messages.get(receipt.id);
    // The request succeeds, and the message stays.
    if (message === undefined || message.receipts !== receipt.number) return undefined;
    this.#messages.delete(message.id);
    this.deleted.push({ id: message.id, at: this.#clock.now() });
    return undefined;
  }

  hide(receiptHandle: string, ms: number): QueueError | undefined {
    const receipt = this.#read(receiptHandle);
    if (receipt === undefined) return invalidHandle;
    const now = this.#clock.now();
    const message = this.message(receipt.id);
    if (message === undefined || message.receipts !== receipt.number) {
      return invalid('Message does not exist or is not available for visibility timeout change');
    }
    if (message.visibleAt <= now) {
      return { code: 'MessageNotInflight', message: 'The message is not in flight.' };
    }
    if (now + ms > message.receivedAt + longestFlightMs) {
      return invalid('Total VisibilityTimeout for the message is beyond the limit [43200 seconds]');
    }
    message.visibleAt = now + ms;
    this.#tell();
    return undefined;
  }

  #give(most: number, visibilityMs: number): readonly GivenMessage[] {
    this.#expire();
    const { random, maxReceiveCount = Infinity } = this.#options;
    const now = this.#clock.now();
    const visible = [...this.#messages.values()].filter(({ visibleAt }) => visibleAt <= now);
    if (random) visible.sort(() => random() - 0.5);
    const count = random ? Math.ceil(random() * most) : most;
    const given: GivenMessage[] = [];
    for (const message of visible) {
      if (given.length >= count) break;
      if (message.receiveCount >= maxReceiveCount) {
        this.#messages.delete(message.id);
        this.deadLetters.push(message);
        continue;
      }
      // At least once: some copy of it stays to be had.
      this.#handOut(message, random && random() < 0.05 ? 0 : visibilityMs);
      const { id, body, sentAt, receiveCount } = message;
      const receiptHandle = Buffer.from(`${id} ${message.receipts}`).toString('base64');
      given.push({ id, body, sentAt, receiveCount, receiptHandle });
    }
    return given;
  }

  #handOut(message: QueuedMessage, visibilityMs: number): void {
    const now = this.#clock.now();
    message.receiveCount += 1;
    message.receipts += 1;
    message.receivedAt = now;
    message.visibleAt = now + visibilityMs;
  }

  #read(receiptHandle: string): { readonly id: string; readonly number: number } | undefined {
    const [id = '', number = ''] = Buffer.from(receiptHandle, 'base64').toString().split(' ');
    return /^[0-9a-f-]{36}$/.test(id) && /^\d+$/.test(number) ? { id, number: Number(number) } : undefined;
  }

  #expire(): void {
    const before = this.#clock.now() - (this.#options.retentionMs ?? usualRetentionMs);
    for (const message of this.#messages.values()) {
      if (message.sentAt > before) continue;
      this.#messages.delete(message.id);
      this.expired.push(message);
    }
  }

  #nextVisibleAt(): number {
    return Math.min(...[...this.#messages.values()].map(({ visibleAt }) => visibleAt));
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async #change(ms: number, signal: AbortSignal): Promise<void> {
    const patience = new AbortController();
    const stop = (): void => patience.abort();
    signal.addEventListener('abort', stop, { once: true });
    try {
      await Promise.race([this.#changed.promise, this.#clock.sleep(ms, patience.signal).catch(() => {})]);
    } finally {
      signal.removeEventListener('abort', stop);
      patience.abort();
    }
  }
}

const invalidHandle: QueueError = {
  code: 'ReceiptHandleIsInvalid',
  message: 'The input receipt handle is invalid.',
};

function invalid(reason: string): QueueError {
  return {
    code: 'InvalidParameterValue',
    message: `Value for parameter ReceiptHandle is invalid. Reason: ${reason}.`,
  };
}
