import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { tlsSocketsChannel } from './http-listener.ts';
import { ThreadPoolJobs } from './thread-pool-jobs.ts';

/** Event loop turns in which nothing may move before the traffic counts as quiet. */
const quietTurns = 4;
/** Bytes that nobody has read for this long are left unread on purpose (or went to another process). */
const patienceMs = 50;
/** Traffic that goes on for so long while no time passes is a loop that doesn't wait. */
const longestMs = 30_000;

/**
 * Tells when the HTTP traffic between clients and servers of this process has come to rest: every byte
 * written to a loopback socket was read at its other end, and no file or name look-up is under way.
 * Requests that a server holds back on purpose are at rest. Sees only what began after it was made.
 */
export class LoopbackTraffic {
  readonly #clients = new Set<Socket>();
  /** Raw sockets as accepted, and the TLS sockets on top of them from their first request on. */
  readonly #servers = new Set<Socket>();
  readonly #jobs = new ThreadPoolJobs();
  /** By client. To find them anew at each turn was a fifth of the tests' CPU time. */
  readonly #serverOf = new WeakMap<Socket, Socket>();

  constructor() {
    subscribe('net.client.socket', (message) => track(this.#clients, message));
    subscribe('net.server.socket', (message) => track(this.#servers, message));
    subscribe(tlsSocketsChannel, (message) => track(this.#servers, message));
    subscribe('http.server.request.start', (message) => track(this.#servers, message));
  }

  /** @throws when it never comes to rest. */
  async quiet(): Promise<void> {
    const startedAtMs = performance.now();
    let quiet = 0;
    let before = '';
    let movedAtMs = performance.now();
    while (quiet < quietTurns) {
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
      const now = this.#movement();
      const motionless = now === before;
      if (!motionless || this.#jobs.underWay()) movedAtMs = performance.now();
      const impatient = performance.now() - movedAtMs > patienceMs;
      quiet = motionless && (!this.#busy() || impatient) ? quiet + 1 : 0;
      before = now;
      if (performance.now() - startedAtMs > longestMs) {
        throw new Error(
          `Cannot settle within ${longestMs} ms: requests follow each other without a sleep between`,
        );
      }
    }
  }

  /** Changes whenever a byte has moved, a socket has come or gone, or a file was read. */
  #movement(): string {
    let bytes = 0;
    for (const socket of [...this.#clients, ...this.#servers])
      bytes += socket.bytesRead + socket.bytesWritten;
    return `${this.#clients.size} ${this.#servers.size} ${bytes} ${this.#jobs.done}`;
  }

  #busy(): boolean {
    if (this.#jobs.underWay()) return true;
    for (const client of this.#clients) if (isInTransit(client, this.#otherEnd(client))) return true;
    return false;
  }

  #otherEnd(client: Socket): Socket | undefined {
    const known = this.#serverOf.get(client);
    if (known && this.#servers.has(known)) return known;
    // One that is being connected has no ends.
    if (client.connecting) return undefined;
    const name = nameOfEnds(client, true);
    for (const server of this.#servers) {
      if (nameOfEnds(server, false) !== name) continue;
      this.#serverOf.set(client, server);
      return server;
    }
    return undefined;
  }
}

/** The two ends of a connection and its layer: a TLS socket counts the bytes of its plain text, a raw one all. */
function nameOfEnds(socket: Socket, isClient: boolean): string {
  const { localPort, remotePort } = socket;
  const layer = socket instanceof TLSSocket ? 'TLS' : 'raw';
  return isClient ? `${layer} ${localPort} ${remotePort}` : `${layer} ${remotePort} ${localPort}`;
}

function track(sockets: Set<Socket>, message: unknown): void {
  const { socket } = message as { socket: Socket };
  if (sockets.has(socket)) return;
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
}

function isInTransit(client: Socket & { secureConnecting?: boolean }, server: Socket | undefined): boolean {
  if (client.connecting || client.secureConnecting === true) return true;
  // A server shows its TLS socket with the first request; one that is gone has closed the connection.
  if (server === undefined) return client.bytesWritten > 0;
  return client.bytesRead !== server.bytesWritten || client.bytesWritten !== server.bytesRead;
}
