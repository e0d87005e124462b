import type { Clock } from '../../src/clock.ts';
import type { Answer } from './http-listener.ts';
import { FakeQueue, type FakeQueueOptions, type QueueError } from './sqs/queue.ts';

type Fields = Readonly<Record<string, unknown>>;

const mostInBatch = 10;
const usualVisibilitySeconds = 30;

/** SQS's JSON protocol over one queue, at `/123456789012/interruptions`. */
export class FakeSqs {
  readonly queue: FakeQueue;
  /** The queue was deleted. */
  isGone = false;
  /** Entries of batches that fail for no fault of the caller's, so many of them, by action. */
  readonly failingEntries = new Map<string, number>();

  constructor(options: FakeQueueOptions, modules: { readonly clock: Clock }) {
    this.queue = new FakeQueue(options, modules);
  }

  /** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html */
  async answer(action: string, input: Fields, signal: AbortSignal): Promise<Answer> {
    const url = String(input['QueueUrl']);
    if (this.isGone || !url.endsWith('/123456789012/interruptions')) {
      return sqsError('QueueDoesNotExist', 'The specified queue does not exist.');
    }
    switch (action) {
      case 'ReceiveMessage':
        return this.#receive(input, signal);
      case 'DeleteMessageBatch':
        return this.#batch(action, input, (entry) => this.queue.delete(String(entry['ReceiptHandle'])));
      case 'ChangeMessageVisibilityBatch':
        return this.#batch(action, input, (entry) =>
          this.queue.hide(String(entry['ReceiptHandle']), Number(entry['VisibilityTimeout']) * 1000),
        );
      case 'SendMessage':
        return { code: 200, body: { MessageId: this.queue.send(String(input['MessageBody'])) } };
      default:
        return sqsError('UnsupportedOperation', `No operation ${action}.`);
    }
  }

  async #receive(input: Fields, signal: AbortSignal): Promise<Answer> {
    const most = Number(input['MaxNumberOfMessages'] ?? 1);
    const waitSeconds = Number(input['WaitTimeSeconds'] ?? 0);
    const visibilitySeconds = Number(input['VisibilityTimeout'] ?? usualVisibilitySeconds);
    if (!(most >= 1 && most <= 10) || !(waitSeconds >= 0 && waitSeconds <= 20)) {
      return sqsError('InvalidParameterValue', 'Value for parameter is invalid.');
    }
    const given = await this.queue.receive(
      { most, waitMs: waitSeconds * 1000, visibilityMs: visibilitySeconds * 1000 },
      signal,
    );
    if (given.length === 0) return { code: 200, body: {} };
    const names = input['AttributeNames'];
    const Messages = given.map(({ id, body, receiptHandle, receiveCount, sentAt }) => ({
      MessageId: id,
      ReceiptHandle: receiptHandle,
      Body: body,
      ...(Array.isArray(names) && {
        Attributes: { ApproximateReceiveCount: String(receiveCount), SentTimestamp: String(sentAt) },
      }),
    }));
    return { code: 200, body: { Messages } };
  }

  #batch(action: string, input: Fields, run: (entry: Fields) => QueueError | undefined): Answer {
    const entries = input['Entries'] as readonly Fields[];
    if (entries.length === 0) return sqsError('EmptyBatchRequest', 'There should be at least one entry.');
    if (entries.length > mostInBatch) {
      return sqsError('TooManyEntriesInBatchRequest', 'Maximum number of entries per request are 10.');
    }
    const Successful: unknown[] = [];
    const Failed: unknown[] = [];
    for (const entry of entries) {
      const failing = this.failingEntries.get(action) ?? 0;
      if (failing > 0) {
        this.failingEntries.set(action, failing - 1);
        Failed.push({ Id: entry['Id'], SenderFault: false, Code: 'InternalError', Message: 'Try again.' });
        continue;
      }
      const error = run(entry);
      if (error)
        Failed.push({ Id: entry['Id'], SenderFault: true, Code: error.code, Message: error.message });
      else Successful.push({ Id: entry['Id'] });
    }
    return { code: 200, body: { Successful, ...(Failed.length > 0 && { Failed }) } };
  }
}

export function sqsError(code: string, message: string, statusCode = 400): Answer {
  return { code: statusCode, body: { __type: `com.amazonaws.sqs#${code}`, message } };
}
