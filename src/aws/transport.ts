import { urlToHttpOptions } from 'node:url';
import type { ClockSkew } from '../clock-skew.ts';
import type { Clock } from '../clock.ts';
import type { Metrics } from '../metrics.ts';
import { errorText } from '../error-text.ts';
import { sendRequest, textOf } from '../http-client.ts';
import { TimeLimit } from '../time-limit.ts';
import { Agents, type AgentOptions } from './agents.ts';
import type { RawAnswer } from './answers.ts';
import { AwsError } from './error.ts';
import type { AwsService } from './endpoints.ts';
import { type AwsCredentials, signedHeaders } from './signer.ts';

/** AWS answers in well under a second; a longer wait is asked for by who makes the request. */
const usualLimitMs = 10_000;

export interface TransportOptions extends AgentOptions {
  readonly region: string;
  readonly userAgent: string;
}

export interface TransportModules {
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'awsRequests'>;
  readonly skew: ClockSkew;
}

export interface AwsRequest {
  readonly url: URL;
  readonly service: AwsService;
  readonly action: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Undefined: sent without a signature. */
  readonly credentials: AwsCredentials | undefined;
  readonly signal: AbortSignal;
  /** @default 10_000 */
  readonly limitMs?: number | undefined;
}

/** One signed request and its answer; the time in the signature is AWS's. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #modules: TransportModules;
  readonly #agents: Agents;

  constructor(options: TransportOptions, modules: TransportModules) {
    this.#options = options;
    this.#modules = modules;
    this.#agents = new Agents(options);
  }

  /** Answers of every status are returned. @throws AwsError without an answer; the signal's reason once it is aborted */
  async send(request: AwsRequest): Promise<RawAnswer> {
    const { url, service, action, body, signal } = request;
    const { clock, skew } = this.#modules;
    const limit = new TimeLimit(clock, signal);
    limit.restart(request.limitMs ?? usualLimitMs);
    let sentAt = clock.now();
    try {
      const headers = await this.#headers(request);
      sentAt = clock.now();
      const { protocol, hostname, port } = urlToHttpOptions(url);
      const message = await sendRequest({
        server: { protocol, hostname, port },
        method: 'POST',
        path: url.pathname + url.search,
        headers: { 'user-agent': this.#options.userAgent, ...headers },
        body,
        agent: this.#agents.for(url),
        signal: limit.signal,
      });
      const answer = {
        statusCode: message.statusCode ?? 0,
        headers: message.headers,
        body: await textOf(message),
      };
      skew.observe(message.headers.date, sentAt, clock.now());
      this.#count(service, action, String(answer.statusCode), sentAt);
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      this.#count(service, action, 'none', sentAt);
      const reason: unknown = limit.signal.aborted ? limit.signal.reason : error;
      throw new AwsError(`Cannot call ${service}:${action} at ${url.origin}: ${errorText(reason)}`, {
        kind: 'unreachable',
        cause: reason,
      });
    } finally {
      limit.end();
    }
  }

  /** Closes the kept connections. */
  close(): void {
    this.#agents.close();
  }

  async #headers({ url, service, headers, body, credentials }: AwsRequest): Promise<Record<string, string>> {
    if (credentials === undefined) return { ...headers };
    const { clock, skew } = this.#modules;
    const { region } = this.#options;
    return signedHeaders({ url, service, region, headers, body }, credentials, clock.now() + skew.skewMs);
  }

  #count(service: AwsService, action: string, code: string, sentAt: number): void {
    this.#modules.metrics.awsRequests.observe(
      { service, action, code },
      (this.#modules.clock.now() - sentAt) / 1000,
    );
  }
}
