import http2, { type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../clock.ts';
import { connectionLost } from '../http-client.ts';
import { idleConnectionMs, type HttpAnswer, type HttpRequest } from './transport.ts';

export interface Http2ConnectionOptions {
  readonly socket: TLSSocket;
  readonly origin: string;
  /** Below which the API is. */
  readonly path: string;
}

/** A request that has waited for this long makes us doubt the connection, and again after as long. */
const doubtMs = 5_000;

/** What a connection in doubt has for a sign of life. Then a mark, which has 10 s, can still be sent by another one. */
const pingLimitMs = 4_000;

/** What the server may send unasked, of one answer and of all: more than usual pages of lists in one round trip. */
const streamWindowBytes = 1024 ** 2;
const connectionWindowBytes = 4 * 1024 ** 2;

/** One connection by HTTP/2, with what is under way on it. */
export class Http2Connection {
  readonly #options: Http2ConnectionOptions;
  readonly #clock: Clock;
  readonly #session: ClientHttp2Session;
  #streams = 0;
  #isDoubted = false;
  #stopIdleTimer: (() => void) | undefined;

  constructor(options: Http2ConnectionOptions, modules: { readonly clock: Clock }) {
    this.#options = options;
    this.#clock = modules.clock;
    const session = http2.connect(options.origin, {
      createConnection: () => options.socket,
      settings: { enablePush: false, initialWindowSize: streamWindowBytes },
    });
    session.once('connect', () => session.setLocalWindowSize(connectionWindowBytes));
    // Its streams tell what went wrong.
    session.on('error', () => {});
    this.#session = session;
  }

  /** A server that is about to go away lets no new request begin. */
  get isUsable(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  /** Once all that is under way has been answered. */
  close(): void {
    this.#stopIdleTimer?.();
    this.#session.close();
  }

  destroy(): void {
    this.#stopIdleTimer?.();
    this.#session.destroy();
  }

  /** @throws where it is not usable; Node's error where no answer comes; the signal's reason */
  send({ method, path, headers, body = '', isWatch, signal }: HttpRequest): Promise<HttpAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
    const stream = this.#session.request(
      {
        ':method': method,
        ':path': this.#options.path + path,
        ...headers,
        ...(body !== '' && { 'content-length': String(Buffer.byteLength(body)) }),
      },
      { endStream: body === '' },
    );
    this.#streams += 1;
    this.#stopIdleTimer?.();
    const stopDoubting = this.#doubtWhile();
    stream.once('response', (received: IncomingHttpHeaders & { ':status'?: number }) => {
      // A watch may have nothing to tell.
      if (isWatch === true) stopDoubting();
      const status = received[':status'] ?? 0;
      resolve({ status, headers: received, body: stream, isCutOff: () => isCutOff(stream) });
    });
    stream.on('error', reject);
    stream.once('close', () => {
      stopDoubting();
      this.#ended();
      reject(connectionLost('the connection was closed before the answer'));
    });
    const cancel = (): void => {
      stream.close(http2.constants.NGHTTP2_CANCEL);
      stream.destroy(signal.reason as Error);
    };
    signal.addEventListener('abort', cancel, { once: true });
    if (body !== '') stream.end(body);
    return promise;
  }

  #ended(): void {
    this.#streams -= 1;
    if (this.#streams > 0 || !this.isUsable) return;
    this.#stopIdleTimer = this.#clock.startTimer(idleConnectionMs, () => this.#session.close());
  }

  /** @returns ends it */
  #doubtWhile(): () => void {
    let stopTimer: () => void;
    const wait = (): void => {
      stopTimer = this.#clock.startTimer(doubtMs, () => {
        this.#doubt();
        wait();
      });
    };
    wait();
    return () => stopTimer();
  }

  /**
   * A server that is busy still answers a ping: only a connection that has died does not. Where the server has said
   * goodbye Node sends none: what is under way there has nothing but its own limits.
   */
  #doubt(): void {
    if (this.#isDoubted || !this.isUsable) return;
    this.#isDoubted = true;
    const stopTimer = this.#clock.startTimer(pingLimitMs, () => {
      this.#session.destroy(connectionLost(`no sign of life within ${(doubtMs + pingLimitMs) / 1000} s`));
    });
    this.#session.ping(() => {
      stopTimer();
      this.#isDoubted = false;
    });
  }
}

/** Of a body that was read to its end. Node lets it end in good order where the connection is lost in between. */
function isCutOff({ rstCode }: ClientHttp2Stream): boolean {
  return rstCode !== http2.constants.NGHTTP2_NO_ERROR;
}
