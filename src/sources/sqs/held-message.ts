import type { Instant } from '../../interruption/interruption.ts';
import { Progress } from './progress.ts';
import type { ReceivedMessage } from './queue.ts';
import type { Signal } from './signal.ts';

/** SQS lets a message be in flight for so long since it was handed out, however often that is extended. */
export const longestFlightMs = 12 * 3_600_000;

/** The right to act on a message, of which SQS gives a new one with each delivery. */
interface Receipt {
  readonly handle: string;
  readonly receivedAt: Instant;
}

/**
 * A message that is worked for; its body is not kept. Invariants: every loan is given back once, and the message is
 * concluded when all are. What is given back undone while other work goes on is lent again when the message comes again,
 * for which it is shown meanwhile. Where we stop and one of them was not done it is another's before, and not ours to
 * delete.
 */
export class HeldMessage {
  readonly id: string;
  /** By AWS's clock. */
  readonly sentAt: Instant | undefined;
  /** How often SQS had handed it out when it came to us. */
  readonly receiveCount: number;
  /** When it was first received, by this process. */
  readonly heldSince: Instant;
  /** What was done of it, also at the times before at which it was held. */
  readonly progress: Progress;
  #loans = 0;
  #released: Signal[] | undefined;
  #receipt: Receipt;
  #shownAt: Instant | undefined;
  /** Until then nobody else is given the message. */
  hiddenUntil: Instant;
  /** SQS does not let this receipt hide the message any longer. */
  isReceiptStale = false;
  /** It was only said what would be done. */
  isRehearsed = false;

  constructor(
    { id, receiptHandle, receiveCount, sentAt }: ReceivedMessage,
    receivedAt: Instant,
    hiddenUntil: Instant,
    progress = new Progress(),
  ) {
    this.id = id;
    this.sentAt = sentAt;
    this.receiveCount = receiveCount;
    this.heldSince = receivedAt;
    this.#receipt = { handle: receiptHandle, receivedAt };
    this.hiddenUntil = hiddenUntil;
    this.progress = progress;
  }

  get receiptHandle(): string {
    return this.#receipt.handle;
  }

  /** The message was handed out anew: only its newest receipt counts. */
  renew(receiptHandle: string, receivedAt: Instant, hiddenUntil: Instant): void {
    this.#receipt = { handle: receiptHandle, receivedAt };
    this.hiddenUntil = hiddenUntil;
    this.isReceiptStale = false;
    this.#shownAt = undefined;
  }

  /** It is to come again, so that nobody keeps it hidden. */
  get isShown(): boolean {
    return this.#shownAt !== undefined;
  }

  /** @returns false where it has become, or becomes, visible no later than `at`, so that there is nothing to do */
  show(at: Instant): boolean {
    if (this.#shownAt !== undefined && this.#shownAt <= at) return false;
    this.#shownAt = at;
    return true;
  }

  /** When its time in flight is over. */
  get flightEndsAt(): Instant {
    return this.#receipt.receivedAt + longestFlightMs;
  }

  lend(interruptionId: string): Loan {
    this.#loans += 1;
    return new Loan(this, interruptionId);
  }

  /** The work for one of its interruptions is to be done again. */
  get isReleased(): boolean {
    return this.#released !== undefined;
  }

  /** The work for one of its interruptions was not done. */
  release(signal: Signal): void {
    this.#released ??= [];
    this.#released.push(signal);
  }

  /** What is to be lent again. */
  takeReleased(): readonly Signal[] {
    const released = this.#released ?? [];
    this.#released = undefined;
    return released;
  }

  /** One loan, once. @returns whether it was the last one */
  giveBack(): boolean {
    this.#loans -= 1;
    return this.#loans === 0;
  }
}

/** What a delivery's handle is: one interruption of one message. */
export class Loan {
  readonly message: HeldMessage;
  readonly interruptionId: string;
  #isGivenBack = false;

  constructor(message: HeldMessage, interruptionId: string) {
    this.message = message;
    this.interruptionId = interruptionId;
  }

  /** @returns whether it had not been given back before */
  giveBack(): boolean {
    const isFirst = !this.#isGivenBack;
    this.#isGivenBack = true;
    return isFirst;
  }
}
