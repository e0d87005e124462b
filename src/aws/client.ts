import type { Clock } from '../clock.ts';
import { readJson, readText, readXml, type RawAnswer } from './answers.ts';
import { type AwsService, endpointOf, type EndpointOptions } from './endpoints.ts';
import { AwsError, mayPass } from './error.ts';
import type { AwsCredentials } from './signer.ts';
import type { Transport } from './transport.ts';

/** The pause before the second try is up to this long; each later one up to twice as long, up to the longest. */
const firstPauseMs = 100;
const firstPauseIfThrottledMs = 1000;
const longestPauseMs = 10_000;

export interface AwsClientOptions extends EndpointOptions {
  /** How often a call is tried before it counts as failed. @default 3 */
  readonly tries?: number;
}

export interface CredentialSource {
  /** @throws where there are none */
  current(): Promise<AwsCredentials>;
  /** AWS did not accept the current ones: the next are to be read anew. */
  refused(): void;
}

export interface AwsClientModules {
  readonly clock: Clock;
  readonly credentials: CredentialSource;
  readonly transport: Transport;
  /** From 0 up to, but not including, 1; spreads the tries. @default Math.random */
  readonly random?: () => number;
}

interface Call {
  readonly service: AwsService;
  readonly action: string;
  readonly signal: AbortSignal;
  /** In place of the service's endpoint. */
  readonly url?: URL;
  /** In place of the client's own number. */
  readonly tries?: number;
  /** How long an answer may take. @default 10_000 */
  readonly limitMs?: number;
}

/** A call of SQS. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html */
export interface JsonCall extends Call {
  readonly service: 'sqs';
  readonly input: Readonly<Record<string, unknown>>;
}

/**
 * A call of EC2, Auto Scaling or STS. Lists are written out, such as `Filter.1.Value.2` for EC2 and
 * `Filters.member.1.Name` for the others. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html
 */
export interface QueryCall extends Call {
  readonly service: 'ec2' | 'autoscaling' | 'sts';
  readonly parameters: Readonly<Record<string, string>>;
  /** In place of the client's own; 'none': not signed. */
  readonly credentials?: AwsCredentials | 'none';
}

const versions = { ec2: '2016-11-15', autoscaling: '2011-01-01', sts: '2011-06-15' } as const;

/** Calls of AWS's services: signed, tried again where that can help, their errors typed. */
export class AwsClient {
  readonly #options: AwsClientOptions;
  readonly #modules: AwsClientModules;

  constructor(options: AwsClientOptions, modules: AwsClientModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** @throws AwsError; the signal's reason once it is aborted */
  async json({ input, ...call }: JsonCall): Promise<unknown> {
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `AmazonSQS.${call.action}`,
    };
    return this.#call(call, headers, JSON.stringify(input), readJson);
  }

  /**
   * The answer's outermost element as an object; `answers.ts` has what reads its parts.
   * @throws AwsError; the signal's reason once it is aborted
   */
  async query(call: QueryCall): Promise<unknown> {
    return this.#query(call, readXml);
  }

  /**
   * The answer's text, for one that is too long to be made a tree of.
   * @throws AwsError; the signal's reason once it is aborted
   */
  async queryText(call: QueryCall): Promise<string> {
    return this.#query(call, readText);
  }

  async #query<T>(
    { parameters, credentials, ...call }: QueryCall,
    read: (call: string, answer: RawAnswer) => T,
  ): Promise<T> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
    const fields = { Action: call.action, Version: versions[call.service], ...parameters };
    return this.#call(call, headers, new URLSearchParams(fields).toString(), read, credentials);
  }

  async #call<T>(
    call: Call,
    headers: Readonly<Record<string, string>>,
    body: string,
    read: (call: string, answer: RawAnswer) => T,
    given?: AwsCredentials | 'none',
  ): Promise<T> {
    const { clock, random = Math.random, transport } = this.#modules;
    const { signal, service, action, limitMs, tries = this.#options.tries ?? 3 } = call;
    const url = call.url ?? endpointOf(service, this.#options);
    for (let tried = 1; ; tried += 1) {
      try {
        const credentials = given === 'none' ? undefined : (given ?? (await this.#credentials(call)));
        signal.throwIfAborted();
        const request = { url, service, action, headers, body, credentials, signal, limitMs };
        return read(`call ${service}:${action}`, await transport.send(request));
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        this.#learn(error, given);
        if (tried >= tries || !mayPass(error)) throw error;
        await clock.sleep(pauseMs(error, tried) * random(), signal);
      }
    }
  }

  async #credentials({ service, action }: Call): Promise<AwsCredentials> {
    try {
      return await this.#modules.credentials.current();
    } catch (error) {
      throw new AwsError(`Cannot sign ${service}:${action}: no AWS credentials`, {
        kind: 'credentials',
        cause: error,
      });
    }
  }

  #learn({ kind, statusCode }: AwsError, given: AwsCredentials | 'none' | undefined): void {
    const isRefusal = kind === 'expired-token' || kind === 'credentials';
    if (isRefusal && statusCode !== undefined && given === undefined) this.#modules.credentials.refused();
  }
}

function pauseMs({ kind }: AwsError, tried: number): number {
  // What was wrong is known by now, and put right.
  if (kind === 'clock' || kind === 'expired-token') return 0;
  const first = kind === 'throttled' ? firstPauseIfThrottledMs : firstPauseMs;
  return Math.min(first * 2 ** (tried - 1), longestPauseMs);
}
