import { Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { urlToHttpOptions } from 'node:url';
import { errorText } from '../../error-text.ts';
import { sendRequest } from '../../http-client.ts';
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

/**
 * One question to the metadata service and its answer, over a connection that is kept.
 * The agent is ours and knows no proxy: IMDS answers only from the instance itself.
 */
export class Exchange {
  readonly #url: URL;
  readonly #connectLimitMs: number;
  readonly #limitMs: number;
  readonly #clock: Clock;
  readonly #skew: ClockSkew;
  // A path that hangs may hold one connection while the others go on; only one is kept when idle.
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 2, maxFreeSockets: 1 });

  constructor(options: ExchangeOptions, modules: { readonly clock: Clock; readonly skew: ClockSkew }) {
    this.#url = new URL(options.url);
    this.#connectLimitMs = options.connectTimeoutMs ?? 1000;
    this.#limitMs = options.responseTimeoutMs ?? 2000;
    this.#clock = modules.clock;
    this.#skew = modules.skew;
  }

  /** @throws ImdsError without an answer; the signal's reason once it is aborted. */
  async ask(question: Question): Promise<Answer> {
    const { path, signal } = question;
    signal?.throwIfAborted();
    const limit = new AbortController();
    const abort = (): void => limit.abort(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    const stopTimer = this.#clock.startTimer(this.#limitMs, () => {
      limit.abort(this.#failure(path, 'timeout', `no answer within ${this.#limitMs} ms`));
    });
    try {
      return await this.#exchange(question, limit.signal);
    } catch (error) {
      // What the connection says of an end that we made is not the reason.
      const reason: unknown = limit.signal.aborted ? limit.signal.reason : error;
      signal?.throwIfAborted();
      if (reason instanceof ImdsError) throw reason;
      throw this.#failure(path, 'unreachable', errorText(reason), reason);
    } finally {
      stopTimer();
      signal?.removeEventListener('abort', abort);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #exchange(question: Question, signal: AbortSignal): Promise<Answer> {
    const sentAt = this.#clock.now();
    const message = await this.#send(question, signal);
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of message as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > largestBodyBytes) {
        throw new ImdsError(
          `Cannot read "${question.path}": more than ${largestBodyBytes} bytes`,
          'too-large',
        );
      }
      chunks.push(chunk);
    }
    this.#skew.observe(message.headers.date, sentAt, this.#clock.now());
    return {
      statusCode: message.statusCode ?? 0,
      headers: message.headers,
      body: chunks.length === 0 ? '' : Buffer.concat(chunks, bytes).toString('utf8'),
    };
  }

  #send({ method, path, headers }: Question, signal: AbortSignal): Promise<IncomingMessage> {
    const { protocol, hostname, port } = urlToHttpOptions(this.#url);
    return sendRequest({
      server: { protocol, hostname, port },
      method,
      path: this.#url.pathname.replace(/\/+$/, '') + path,
      headers,
      agent: this.#agent,
      signal,
      onRequest: (request) => request.once('socket', (socket) => this.#limitConnecting(request, socket)),
    });
  }

  #limitConnecting(request: ClientRequest, socket: Socket): void {
    if (!socket.connecting) return;
    const stopTimer = this.#clock.startTimer(this.#connectLimitMs, () => {
      request.destroy(new Error(`no connection within ${this.#connectLimitMs} ms`));
    });
    socket.once('connect', stopTimer).once('close', stopTimer);
  }

  #failure(path: string, code: ImdsErrorCode, why: string, cause?: unknown): ImdsError {
    const base = this.#url.href.replace(/\/+$/, '');
    return new ImdsError(`Cannot get "${path}" from ${base}: ${why}`, code, { cause });
  }
}
