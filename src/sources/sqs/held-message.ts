import type { Instant } from '../../interruption/interruption.ts';
import type { ReceivedMessage } from './queue.ts';

/** SQS lets a message be in flight for so long since it was handed out, however often that is extended. */
export const longestFlightMs = 12 * 3_600_000;

const nothingDone: ReadonlySet<string> = new Set();

/** The right to act on a message, of which SQS gives a new one with each delivery. */
interface Receipt {
  readonly handle: string;
  readonly receivedAt: Instant;
}

/**
 * A message that is worked for; its body is not kept. Invariants: every loan is given back once, and the message is
 * concluded when all are. Where we stop and one of them was not done it is another's before, and not ours to delete.
 */
export class HeldMessage {
  readonly id: string;
  /** By AWS's clock. */
  readonly sentAt: Instant | undefined;
  /** How often SQS had handed it out when it came to us. */
  readonly receiveCount: number;
  /** When it was first received, by this process. */
  readonly heldSince: Instant;
  #loans = 0;
  #done: Set<string> | undefined;
  #receipt: Receipt;
  /** Until then nobody else is given the message. */
  hiddenUntil: Instant;
  /** SQS does not let this receipt hide the message any longer. */
  isReceiptStale = false;
  /** The work for one of its interruptions is to be done again. */
  isReleased = false;
  /** It was only said what would be done. */
  isRehearsed = false;

  constructor(
    { id, receiptHandle, receiveCount, sentAt }: ReceivedMessage,
    receivedAt: Instant,
    hiddenUntil: Instant,
  ) {
    this.id = id;
    this.sentAt = sentAt;
    this.receiveCount = receiveCount;
    this.heldSince = receivedAt;
    this.#receipt = { handle: receiptHandle, receivedAt };
    this.hiddenUntil = hiddenUntil;
  }

  get receiptHandle(): string {
    return this.#receipt.handle;
  }

  /** The message was handed out anew: only its newest receipt counts. */
  renew(receiptHandle: string, receivedAt: Instant, hiddenUntil: Instant): void {
    this.#receipt = { handle: receiptHandle, receivedAt };
    this.hiddenUntil = hiddenUntil;
    this.isReceiptStale = false;
  }

  /** When its time in flight is over. */
  get flightEndsAt(): Instant {
    return this.#receipt.receivedAt + longestFlightMs;
  }

  lend(interruptionId: string): Loan {
    this.#loans += 1;
    return new Loan(this, interruptionId);
  }

  /** The interruptions of which the work is done. */
  get done(): ReadonlySet<string> {
    return this.#done ?? nothingDone;
  }

  finished(interruptionId: string): void {
    this.#done ??= new Set();
    this.#done.add(interruptionId);
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
