import { once } from 'node:events';
import type { Server as HttpServer, ServerResponse } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { channel } from 'node:diagnostics_channel';
import type { Http2SecureServer } from 'node:http2';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Clock } from '../../src/clock.ts';
import type { Effect } from './faults.ts';

/** What a fake answers; a body that isn't text yet is sent as JSON. */
export interface Answer {
  readonly code: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Tells of the TLS sockets of these servers: Node itself tells only of those by which a request of HTTP/1.1 has come. */
export const tlsSocketsChannel = 'nth.fake-server.tls-socket';
const tlsSockets = channel(tlsSocketsChannel);

type Server = HttpServer | HttpsServer | Http2SecureServer;

/** A loopback server that can go away and come back on the same port, and knows its connections. */
export class HttpListener {
  readonly #server: Server;
  readonly #host: string;
  readonly #sockets = new Set<Socket>();
  #port = 0;
  #connections = 0;

  constructor(server: Server, host: string) {
    this.#server = server;
    this.#host = host;
    // Real time may pass while the fake time stands still: nothing here may end on a timer of its own.
    Object.assign(server, { keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 });
    server.on('connection', (socket: Socket) => {
      this.#connections += 1;
      // As Go's servers do; Node's leaves it out for HTTP/1.1 on a server that speaks HTTP/2 as well.
      socket.setNoDelay();
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on('secureConnection', (socket: Socket) => tlsSockets.publish({ socket }));
  }

  get port(): number {
    return this.#port;
  }

  /** For a URL: an IPv6 address has brackets. */
  get host(): string {
    return this.#host.includes(':') ? `[${this.#host}]` : this.#host;
  }

  /** Connections accepted since the start. */
  get connections(): number {
    return this.#connections;
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  /** Listens, again on the port of the last time. */
  async listen(port = this.#port): Promise<void> {
    this.#server.listen(port, this.#host);
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.dropConnections();
    await closed;
  }
}

export async function readBody(request: Readable): Promise<string> {
  return (await buffer(request)).toString();
}

/** `Date` as RFC 9110 has it, in whole seconds. */
export function setDate(response: ServerResponse, clock: Clock, skewMs: number): void {
  response.sendDate = false;
  response.setHeader('Date', new Date(clock.now() + skewMs).toUTCString());
}

export function send(response: ServerResponse, answer: Answer, effect?: Effect): void {
  if (response.destroyed) return;
  const { body = '' } = answer;
  const text = typeof body === 'string' ? body : `${JSON.stringify(body)}\n`;
  if (typeof body !== 'string') response.setHeader('Content-Type', 'application/json');
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.writeHead(answer.code, answer.headers);
  if (effect?.kind === 'truncate') {
    response.write(text.slice(0, Math.floor(text.length / 2)), () => response.destroy());
  } else response.end(text);
}
