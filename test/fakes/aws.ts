import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Clock } from '../../src/clock.ts';
import { autoScalingError, FakeAutoScaling } from './auto-scaling.ts';
import { signatureError } from './aws/signature.ts';
import { ec2Error, FakeEc2 } from './ec2.ts';
import { Faults } from './faults.ts';
import { HttpListener, readBody, send, setDate, type Answer } from './http-listener.ts';
import { FakeSqs, sqsError } from './sqs.ts';
import type { FakeQueueOptions } from './sqs/queue.ts';

export interface AwsRequest {
  readonly at: number;
  readonly action: string;
  /** Tells one process of the daemon from another. */
  readonly userAgent: string;
  /** What SQS was asked. */
  readonly input: Readonly<Record<string, unknown>>;
  /** What the others were asked. */
  readonly parameters: URLSearchParams;
  /** Undefined until answered. */
  code: number | undefined;
}

const ec2Actions: ReadonlySet<string> = new Set(['DescribeInstances']);

/** SQS, EC2 and Auto Scaling on loopback, behind one address, as `aws-endpoint` names it. */
export class FakeAws {
  readonly sqs: FakeSqs;
  readonly autoScaling: FakeAutoScaling;
  readonly ec2: FakeEc2;
  readonly requests: AwsRequest[] = [];
  readonly faults = new Faults<AwsRequest>();
  /** Actions for which the caller has no right. */
  readonly denied = new Set<string>();
  readonly expiredTokens = new Set<string>();
  /** How far AWS's clock is from the caller's. */
  skewMs = 0;
  readonly #clock: Clock;
  readonly #listener: HttpListener;
  readonly #stopping = new AbortController();

  private constructor(options: FakeQueueOptions, modules: { readonly clock: Clock }) {
    this.#clock = modules.clock;
    this.sqs = new FakeSqs(options, modules);
    this.autoScaling = new FakeAutoScaling(modules);
    this.ec2 = new FakeEc2();
    const server = createServer((request, response) => void this.#serve(request, response));
    this.#listener = new HttpListener(server, '127.0.0.1');
  }

  static async start(options: FakeQueueOptions, modules: { readonly clock: Clock }): Promise<FakeAws> {
    const aws = new FakeAws(options, modules);
    await aws.#listener.listen();
    return aws;
  }

  get url(): string {
    return `http://${this.#listener.host}:${this.#listener.port}`;
  }

  get queueUrl(): string {
    return `${this.url}/123456789012/interruptions`;
  }

  /** Connections accepted since the start. */
  get connections(): number {
    return this.#listener.connections;
  }

  /** How often an action was asked for. */
  count(action: string): number {
    return this.requests.filter((request) => request.action === action).length;
  }

  /** Connections are refused until `restart`. */
  async goAway(): Promise<void> {
    await this.#listener.close();
  }

  /** Back on the same port. */
  async restart(): Promise<void> {
    await this.#listener.close();
    await this.#listener.listen();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#listener.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const body = await readBody(request).catch(() => '');
    const entry = readRequest(request, body, this.#clock.now());
    this.requests.push(entry);
    const { delayMs, effect } = this.faults.take(entry);
    try {
      await this.#clock.sleep(delayMs, this.#stopping.signal);
    } catch {
      return;
    }
    if (effect?.kind === 'hang') return;
    if (effect?.kind === 'drop-before') return void request.socket.destroy();
    const signal = AbortSignal.any([gone.signal, this.#stopping.signal]);
    const answer = effect?.kind === 'answer' ? effect : await this.#answer(entry, request, signal);
    if (effect?.kind === 'drop-after') return void request.socket.destroy();
    entry.code = answer.code;
    setDate(response, this.#clock, this.skewMs);
    send(response, answer, effect);
  }

  async #answer(entry: AwsRequest, { headers }: IncomingMessage, signal: AbortSignal): Promise<Answer> {
    const { action, input, parameters } = entry;
    const isSqs = headers['x-amz-target'] !== undefined;
    const refusal =
      signatureError(headers, this.#clock.now() + this.skewMs, this.expiredTokens) ??
      (this.denied.has(action) ? denial(action, isSqs) : undefined);
    const isEc2 = ec2Actions.has(action);
    const errorOf = isSqs ? sqsError : isEc2 ? ec2Error : autoScalingError;
    if (refusal) return errorOf(refusal.code, refusal.message, 403);
    if (isSqs) return this.sqs.answer(action, input, signal);
    if (isEc2) return this.ec2.answer(entry);
    return this.autoScaling.answer(action, parameters);
  }
}

function readRequest({ headers }: IncomingMessage, body: string, at: number): AwsRequest {
  const target = headers['x-amz-target'];
  const isSqs = typeof target === 'string';
  const parameters = new URLSearchParams(isSqs ? '' : body);
  return {
    at,
    userAgent: headers['user-agent'] ?? '',
    action: isSqs ? target.replace('AmazonSQS.', '') : (parameters.get('Action') ?? ''),
    input: isSqs ? (JSON.parse(body) as AwsRequest['input']) : {},
    parameters,
    code: undefined,
  };
}

function denial(action: string, isSqs: boolean): { readonly code: string; readonly message: string } {
  const ofXml = ec2Actions.has(action) ? 'UnauthorizedOperation' : 'AccessDenied';
  return {
    code: isSqs ? 'AccessDeniedException' : ofXml,
    message: `User: arn:aws:sts::123456789012:assumed-role/nth is not authorized to perform: ${action}`,
  };
}
