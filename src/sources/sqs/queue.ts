import { child, field } from '../../aws/answers.ts';
import type { AwsClient } from '../../aws/client.ts';
import type { Instant } from '../../interruption/interruption.ts';

/** SQS takes and gives at most so many messages at a time. */
export const mostInBatch = 10;

/** More than the time for which SQS holds the request open. */
const answerMarginMs = 10_000;

export interface ReceivedMessage {
  readonly id: string;
  readonly receiptHandle: string;
  readonly body: string;
  /** How often SQS has handed it out, this time included. */
  readonly receiveCount: number;
  /** By AWS's clock. */
  readonly sentAt: Instant | undefined;
}

/** Why SQS did not do what was asked for one message of a batch. */
export interface EntryError {
  /** Without SQS's prefixes, such as `ReceiptHandleIsInvalid`. */
  readonly code: string;
  readonly reason: string;
  /** Asking again would fail again. */
  readonly isFinal: boolean;
}

export interface QueueOptions {
  readonly url: string;
  /** Where SQS is asked. */
  readonly endpoint: URL;
}

/** The queue's calls. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html */
export class Queue {
  readonly #options: QueueOptions;
  readonly #client: Pick<AwsClient, 'json'>;

  constructor(options: QueueOptions, modules: { readonly client: Pick<AwsClient, 'json'> }) {
    this.#options = options;
    this.#client = modules.client;
  }

  /** Tried twice, so that one that went astray is no trouble. @throws AwsError */
  async receive(
    limits: { readonly most: number; readonly waitSeconds: number; readonly visibilitySeconds: number },
    signal: AbortSignal,
  ): Promise<readonly ReceivedMessage[]> {
    const input = {
      MaxNumberOfMessages: limits.most,
      WaitTimeSeconds: limits.waitSeconds,
      VisibilityTimeout: limits.visibilitySeconds,
      AttributeNames: ['ApproximateReceiveCount', 'SentTimestamp'],
    };
    const limitMs = limits.waitSeconds * 1000 + answerMarginMs;
    const answer = await this.#call('ReceiveMessage', input, signal, { tries: 2, limitMs });
    const messages = child(answer, 'Messages');
    return Array.isArray(messages) ? (messages as unknown[]).flatMap(toMessage) : [];
  }

  /** @returns for each what went wrong, undefined where it is deleted @throws AwsError */
  delete(
    receiptHandles: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly (EntryError | undefined)[]> {
    return this.#batch(
      'DeleteMessageBatch',
      receiptHandles.map((ReceiptHandle) => ({ ReceiptHandle })),
      signal,
    );
  }

  /**
   * Hides messages for so long from now on.
   * @returns for each what went wrong, undefined where it is hidden
   * @throws AwsError
   */
  hide(
    messages: readonly { readonly receiptHandle: string; readonly seconds: number }[],
    signal: AbortSignal,
  ): Promise<readonly (EntryError | undefined)[]> {
    return this.#batch(
      'ChangeMessageVisibilityBatch',
      messages.map(({ receiptHandle, seconds }) => ({
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: seconds,
      })),
      signal,
    );
  }

  async #batch(
    action: string,
    entries: readonly Readonly<Record<string, unknown>>[],
    signal: AbortSignal,
  ): Promise<readonly (EntryError | undefined)[]> {
    const input = { Entries: entries.map((entry, index) => ({ Id: String(index), ...entry })) };
    const answer = await this.#call(action, input, signal);
    const failed = child(answer, 'Failed');
    const errors = Array.isArray(failed) ? (failed as unknown[]) : [];
    return entries.map((_, index) => toError(errors.find((error) => field(error, 'Id') === String(index))));
  }

  #call(
    action: string,
    input: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
    limits: { readonly tries?: number; readonly limitMs?: number } = {},
  ): Promise<unknown> {
    const { url, endpoint } = this.#options;
    return this.#client.json({
      service: 'sqs',
      action,
      url: endpoint,
      input: { QueueUrl: url, ...input },
      signal,
      ...limits,
    });
  }
}

function toMessage(message: unknown): ReceivedMessage[] {
  const id = field(message, 'MessageId');
  const receiptHandle = field(message, 'ReceiptHandle');
  if (id === '' || receiptHandle === '') return [];
  const attributes = child(message, 'Attributes');
  const sentAt = Number(field(attributes, 'SentTimestamp'));
  return [
    {
      id,
      receiptHandle,
      body: field(message, 'Body'),
      receiveCount: Number(field(attributes, 'ApproximateReceiveCount')) || 1,
      sentAt: sentAt > 0 ? sentAt : undefined,
    },
  ];
}

function toError(entry: unknown): EntryError | undefined {
  if (entry === undefined) return undefined;
  return {
    code: (field(entry, 'Code').split(/[.#]/).at(-1) ?? '').replace(/Exception$/, ''),
    reason: field(entry, 'Message'),
    isFinal: child(entry, 'SenderFault') === true,
  };
}
