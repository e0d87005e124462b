import { Agent } from 'node:http';
import got, { type Got } from 'got';
import type { ClockSkew } from '../../clock-skew.ts';
import type { Clock } from '../../clock.ts';

/** IMDS documents are a few hundred bytes; more than this is somebody else's answer. */
const largestBodyBytes = 256 * 1024;

export type ImdsErrorCode = 'unreachable' | 'timeout' | 'status' | 'too-large' | 'token';

/** The metadata service could not be asked, or answered with something other than a document. */
export class ImdsError extends Error {
  override readonly name = 'ImdsError';
  readonly code: ImdsErrorCode;
  readonly statusCode: number | undefined;

  constructor(message: string, code: ImdsErrorCode, details: { statusCode?: number; cause?: unknown } = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.statusCode = details.statusCode;
  }
}

export interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Question {
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
}

export interface ExchangeOptions {
  /** Where the metadata service is, such as `http://169.254.169.254` or `http://[fd00:ec2::254]`. */
  readonly url: string;
  /** @default 1000 */
  readonly connectTimeoutMs?: number;
  /** From asking to the body's last byte. @default 2000 */
  readonly responseTimeoutMs?: number;
}

/** Why the limit's own timer is stopped once an answer is there. */
const answered = new Error('answered');

/**
 * One question to the metadata service and its answer, over a connection that is kept.
 * The agent is ours and knows no proxy: IMDS answers only from the instance itself.
 */
export class Exchange {
  readonly #base: string;
  readonly #limitMs: number;
  readonly #clock: Clock;
  readonly #skew: ClockSkew;
  readonly #got: Got;
  // A path that hangs may hold one connection while the others go on; only one is kept when idle.
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 2, maxFreeSockets: 1 });

  constructor(options: ExchangeOptions, modules: { readonly clock: Clock; readonly skew: ClockSkew }) {
    this.#base = options.url.replace(/\/+$/, '');
    this.#limitMs = options.responseTimeoutMs ?? 2000;
    this.#clock = modules.clock;
    this.#skew = modules.skew;
    this.#got = got.extend({
      agent: { http: this.#agent },
      decompress: false,
      followRedirect: false,
      headers: { 'user-agent': undefined },
      retry: { limit: 0 },
      throwHttpErrors: false,
      timeout: { connect: options.connectTimeoutMs ?? 1000 },
    });
  }

  /** @throws ImdsError without an answer; the signal's reason once it is aborted. */
  async ask(question: Question): Promise<Answer> {
    const { signal } = question;
    signal?.throwIfAborted();
    const limit = new AbortController();
    const abort = (): void => limit.abort(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    let late = false;
    this.#clock.sleep(this.#limitMs, limit.signal).then(
      () => {
        late = true;
        limit.abort();
      },
      () => undefined,
    );
    try {
      return await this.#send(question, limit.signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ImdsError) throw error;
      throw this.#failure(question.path, error, late);
    } finally {
      signal?.removeEventListener('abort', abort);
      limit.abort(answered);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #send({ method, path, headers }: Question, signal: AbortSignal): Promise<Answer> {
    const sentAt = this.#clock.now();
    // A stream, as got's promises make an HTTPError of each 404, and a 404 is what we get all day.
    const stream = this.#got.stream(this.#base + path, {
      method,
      headers,
      signal,
      ...(method === 'PUT' && { body: '' }),
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > largestBodyBytes) {
        throw new ImdsError(`Cannot read "${path}": more than ${largestBodyBytes} bytes`, 'too-large');
      }
      chunks.push(chunk);
    }
    const { response } = stream;
    if (response === undefined) throw new Error('no response');
    this.#skew.observe(response.headers.date, sentAt, this.#clock.now());
    return {
      statusCode: response.statusCode,
      headers: response.headers,
      body: chunks.length === 0 ? '' : Buffer.concat(chunks, bytes).toString('utf8'),
    };
  }

  #failure(path: string, error: unknown, late: boolean): ImdsError {
    const asked = `Cannot get "${path}" from ${this.#base}`;
    if (late) return new ImdsError(`${asked}: no answer within ${this.#limitMs} ms`, 'timeout');
    // got's own error holds the request with its token; what it wraps does not.
    const cause = error instanceof Error ? error.cause : undefined;
    const message = error instanceof Error ? error.message : String(error);
    return new ImdsError(`${asked}: ${message}`, 'unreachable', { cause });
  }
}
