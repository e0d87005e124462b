import { once } from 'node:events';
import { isIP } from 'node:net';
import { connect, type ConnectionOptions } from 'node:tls';
import { urlToHttpOptions } from 'node:url';
import type { Clock } from '../clock.ts';
import { connectionLost } from '../http-client.ts';
import { unlessAborted } from '../unless-aborted.ts';
import { pathOf } from './http1-transport.ts';
import { Http2Connection } from './http2-connection.ts';
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

/** All requests wait for it, and a mark, which has 10 s, is to see a second try: the first may meet a dead server. */
const connectLimitMs = 4_000;

/**
 * One connection for all requests, as kubectl and the control plane have: a burst's 40 connections of HTTP/1.1 are 7 MB,
 * and each request takes twice the CPU time. All depends on the one connection, so it is asked for a sign of life as soon
 * as an answer is late, and replaced where none comes.
 * https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/ (--http2-max-streams-per-connection)
 */
export class Http2Transport implements Transport {
  readonly #server: URL;
  readonly #options: ConnectionOptions;
  readonly #modules: Http2TransportModules;
  #connection: Http2Connection | undefined;
  #opening: Promise<Http2Connection | undefined> | undefined;
  #isDeclined = false;
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
    this.#modules = modules;
  }

  async send(request: HttpRequest): Promise<HttpAnswer> {
    request.signal.throwIfAborted();
    const usable = this.#connection?.isUsable === true ? this.#connection : undefined;
    const connection = usable ?? (await unlessAborted(this.#opened(), request.signal));
    return connection ? connection.send(request) : this.#modules.http1.send(request);
  }

  retire(): void {
    this.#closed.abort(connectionLost('the connection is not used any more'));
    this.#connection?.close();
    this.#modules.http1.retire();
  }

  destroy(): void {
    this.#closed.abort(connectionLost('the connection is closed'));
    this.#connection?.destroy();
    this.#modules.http1.destroy();
  }

  /** @returns undefined where the server wants HTTP/1.1 */
  #opened(): Promise<Http2Connection | undefined> {
    if (this.#isDeclined) return Promise.resolve(undefined);
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #open(): Promise<Http2Connection | undefined> {
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
    this.#connection = new Http2Connection(
      { socket, origin: this.#server.origin, path: pathOf(this.#server) },
      this.#modules,
    );
    return this.#connection;
  }
}
