import type { ClockSkew } from '../../clock-skew.ts';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import { Exchange, ImdsError, type Answer, type ExchangeOptions } from './exchange.ts';
import { TokenKeeper } from './token.ts';

const tokenHeader = 'x-aws-ec2-metadata-token';

/** The pause before the second try; each later one is twice as long, up to the longest. */
const firstPauseMs = 100;
const longestPauseMs = 2000;
/** However many tries were asked for: a poll that goes on for longer had better be the next one. */
const longestTryingMs = 10_000;

export interface ImdsClientOptions extends ExchangeOptions {
  /** How often a request is tried before it counts as failed. @default 3 */
  readonly tries?: number;
}

export interface GetOptions {
  readonly signal?: AbortSignal;
  /** In place of the client's own number. */
  readonly tries?: number;
}

/** What reads a document of the metadata service. */
export interface MetadataReader {
  /**
   * The document at `path`; undefined where there is none (404).
   * @throws ImdsError when it can't be had; the signal's reason once it is aborted.
   */
  get(path: string, options?: GetOptions): Promise<string | undefined>;
}

/**
 * Reads documents of the EC2 instance metadata service, with IMDSv2 where it is offered.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
 */
export class ImdsClient implements MetadataReader {
  readonly #tries: number;
  readonly #clock: Clock;
  readonly #exchange: Exchange;
  readonly #tokens: TokenKeeper;

  constructor(
    options: ImdsClientOptions,
    modules: { readonly clock: Clock; readonly log: Logger; readonly skew: ClockSkew },
  ) {
    this.#tries = options.tries ?? 3;
    this.#clock = modules.clock;
    this.#exchange = new Exchange(options, modules);
    this.#tokens = new TokenKeeper({ exchange: this.#exchange, clock: modules.clock, log: modules.log });
  }

  async get(path: string, { signal, tries = this.#tries }: GetOptions = {}): Promise<string | undefined> {
    const beganAt = this.#clock.now();
    for (let tried = 1; ; tried += 1) {
      try {
        return document(path, await this.#ask(path, signal));
      } catch (error) {
        if (tried >= tries || !(error instanceof ImdsError) || !mayPass(error)) throw error;
        if (this.#clock.now() - beganAt >= longestTryingMs) throw error;
        const pauseMs = Math.min(firstPauseMs * 2 ** (tried - 1), longestPauseMs);
        await this.#clock.sleep(pauseMs * (1 + Math.random()), signal);
      }
    }
  }

  /** Closes the kept connection. */
  close(): void {
    this.#exchange.close();
  }

  /** A 401 means that the token is no longer good (or that there must be one): one new token, one more try. */
  async #ask(path: string, signal: AbortSignal | undefined): Promise<Answer> {
    const token = await this.#tokens.current(signal);
    const answer = await this.#askWith(token, path, signal);
    if (answer.statusCode !== 401) return answer;
    this.#tokens.reject(token);
    return this.#askWith(await this.#tokens.current(signal), path, signal);
  }

  #askWith(token: string | undefined, path: string, signal: AbortSignal | undefined): Promise<Answer> {
    const headers: Record<string, string> = token === undefined ? {} : { [tokenHeader]: token };
    return this.#exchange.ask({ method: 'GET', path, headers, signal });
  }
}

function document(path: string, { statusCode, body }: Answer): string | undefined {
  if (statusCode === 200) return body;
  if (statusCode === 404) return undefined;
  throw new ImdsError(`Cannot get "${path}" from the metadata service: status ${statusCode}`, 'status', {
    statusCode,
  });
}

/** Whether another try can help: not where the service answered that it won't. */
function mayPass({ code, statusCode = 0 }: ImdsError): boolean {
  return code === 'unreachable' || code === 'timeout' || statusCode >= 500 || statusCode === 429;
}
