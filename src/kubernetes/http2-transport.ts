import { once } from 'node:events';
import http2, { type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { isIP } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { urlToHttpOptions } from 'node:url';
import type { Clock } from '../clock.ts';
import { connectionLost } from '../http-client.ts';
import { unlessAborted } from '../unless-aborted.ts';
import { pathOf } from './http1-transport.ts';
import { idleConnectionMs, type HttpAnswer, type HttpRequest, type Transport } from './transport.ts';

export interface Http2TransportOptions {
  /** https: */
  readonly server: URL;
  readonly tls: Pick<ConnectionOptions, 'secureContext' | 'servername' | 'rejectUnauthorized'>;
}

export interface Http2TransportModules {
  readonly clock: Clock;
  /** For a server that doesn't speak HTTP/2. */
  readonly http1: Transport;
}

const connectLimitMs = 10_000;

/** A request without an answer for this long makes us doubt the connection. */
const doubtMs = 5_000;

/** What a connection in doubt has for a sign of life. Then a mark, which has 10 s, can still be sent by another one. */
const pingLimitMs = 4_000;

/** What the server may send unasked, of one answer and of all: more than usual pages of lists in one round trip. */
const streamWindowBytes = 1024 ** 2;
const connectionWindowBytes = 4 * 1024 ** 2;

/**
 * One connection for all requests, as kubectl and the control plane have: a burst's 40 connections of HTTP/1.1 are 7 MB,
 * and each request takes twice the CPU time. All depends on the one connection, so it is asked for a sign of life as soon
 * as an answer is late, and replaced where none comes.
 * https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/ (--http2-max-streams-per-connection)
 */
export class Http2Transport implements Transport {
  readonly #server: URL;
  readonly #options: ConnectionOptions;
  readonly #path: string;
  readonly #modules: Http2TransportModules;
  #session: ClientHttp2Session | undefined;
  #opening: Promise<ClientHttp2Session | undefined> | undefined;
  #isDeclined = false;
  #isDoubted = false;
  #streams = 0;
  #stopIdleTimer: (() => void) | undefined;
  readonly #closed = new AbortController();

  constructor({ server, tls }: Http2TransportOptions, modules: Http2TransportModules) {
    const { hostname, port } = urlToHttpOptions(server);
    const host = String(hostname);
    this.#server = server;
    this.#options = {
      ...tls,
      host,
      port: Number(port ?? 443),
      // Not for an address: RFC 6066, 3.
      ...(tls.servername === undefined && isIP(host) === 0 && { servername: host }),
      ALPNProtocols: ['h2', 'http/1.1'],
    };
    this.#path = pathOf(server);
    this.#modules = modules;
  }

  async send(request: HttpRequest): Promise<HttpAnswer> {
    request.signal.throwIfAborted();
    const session = this.#usable() ?? (await unlessAborted(this.#opened(), request.signal));
    return session ? this.#sendOver(session, request) : this.#modules.http1.send(request);
  }

  retire(): void {
    this.#closed.abort(connectionLost('the connection is not used any more'));
    this.#stopIdleTimer?.();
    this.#session?.close();
    this.#modules.http1.retire();
  }

  destroy(): void {
    this.#closed.abort(connectionLost('the connection is closed'));
    this.#stopIdleTimer?.();
    this.#session?.destroy();
    this.#modules.http1.destroy();
  }

  /** A server that is about to go away lets no new request begin. */
  #usable(): ClientHttp2Session | undefined {
    const session = this.#session;
    return session && !session.closed && !session.destroyed ? session : undefined;
  }

  /** @returns undefined where the server wants HTTP/1.1 */
  #opened(): Promise<ClientHttp2Session | undefined> {
    if (this.#isDeclined) return Promise.resolve(undefined);
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #open(): Promise<ClientHttp2Session | undefined> {
    this.#closed.signal.throwIfAborted();
    const socket = connect(this.#options);
    socket.setKeepAlive(true, idleConnectionMs / 2).setNoDelay();
    const giveUp = (): void => void socket.destroy(this.#closed.signal.reason as Error);
    const stopTimer = this.#modules.clock.startTimer(connectLimitMs, () => {
      socket.destroy(connectionLost(`no connection within ${connectLimitMs / 1000} s`));
    });
    this.#closed.signal.addEventListener('abort', giveUp);
    try {
      await once(socket, 'secureConnect');
    } finally {
      stopTimer();
      this.#closed.signal.removeEventListener('abort', giveUp);
    }
    if (socket.alpnProtocol !== 'h2') {
      socket.destroy();
      this.#isDeclined = true;
      return undefined;
    }
    this.#session = this.#begin(socket);
    this.#isDoubted = false;
    return this.#session;
  }

  #begin(socket: TLSSocket): ClientHttp2Session {
    const session = http2.connect(this.#server.origin, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: streamWindowBytes },
    });
    session.once('connect', () => session.setLocalWindowSize(connectionWindowBytes));
    // Its streams tell what went wrong.
    session.on('error', () => {});
    return session;
  }

  #sendOver(
    session: ClientHttp2Session,
    { method, path, headers, body = '', signal }: HttpRequest,
  ): Promise<HttpAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
    const stream = session.request(
      {
        ':method': method,
        ':path': this.#path + path,
        ...headers,
        ...(body !== '' && { 'content-length': String(Buffer.byteLength(body)) }),
      },
      { endStream: body === '' },
    );
    this.#streams += 1;
    this.#stopIdleTimer?.();
    const stopDoubtTimer = this.#modules.clock.startTimer(doubtMs, () => this.#doubt(session));
    stream.once('response', (received: IncomingHttpHeaders & { ':status'?: number }) => {
      stopDoubtTimer();
      resolve({ status: received[':status'] ?? 0, headers: received, body: stream });
    });
    stream.on('error', reject);
    stream.once('close', () => {
      stopDoubtTimer();
      this.#ended(session);
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

  #ended(session: ClientHttp2Session): void {
    this.#streams -= 1;
    if (this.#streams > 0 || this.#closed.signal.aborted) return;
    this.#stopIdleTimer = this.#modules.clock.startTimer(idleConnectionMs, () => session.close());
  }

  /** A server that is busy still answers a ping: only a connection that has died does not. */
  #doubt(session: ClientHttp2Session): void {
    if (this.#isDoubted || session !== this.#usable()) return;
    this.#isDoubted = true;
    const stopTimer = this.#modules.clock.startTimer(pingLimitMs, () => {
      session.destroy(connectionLost(`no sign of life within ${(doubtMs + pingLimitMs) / 1000} s`));
    });
    session.ping(() => {
      stopTimer();
      if (session === this.#session) this.#isDoubted = false;
    });
  }
}
