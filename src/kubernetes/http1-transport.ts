import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { urlToHttpOptions } from 'node:url';
import type { HttpAnswer, HttpRequest, Transport } from './transport.ts';

/**
 * A connection for each request that is under way, kept for those that follow: works with whatever is between us and
 * the server. By Node's own client, since a drain is hundreds of requests within a second, and got, which the daemon
 * uses elsewhere, takes three times the CPU time and twice the memory for each (BUILD.md has the figures).
 */
export class Http1Transport implements Transport {
  readonly #server: Pick<https.RequestOptions, 'protocol' | 'hostname' | 'port'>;
  readonly #path: string;
  readonly #agent: https.Agent;

  /** @param agent fits the server, whether that is https: or, through `kubectl proxy`, http: */
  constructor(server: URL, agent: https.Agent) {
    const { protocol, hostname, port } = urlToHttpOptions(server);
    this.#server = { protocol, hostname, port };
    this.#path = pathOf(server);
    this.#agent = agent;
  }

  send({ method, path, headers, body = '', signal }: HttpRequest): Promise<HttpAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
    if (signal.aborted) {
      reject(signal.reason as Error);
      return promise;
    }
    const request = (this.#server.protocol === 'http:' ? http : https).request({
      ...this.#server,
      path: this.#path + path,
      method,
      headers,
      agent: this.#agent,
    });
    // Node says it by itself for some methods only, and DELETE has a body here.
    if (body !== '') request.setHeader('content-length', Buffer.byteLength(body));
    request.once('response', (message: IncomingMessage) => {
      resolve({ status: message.statusCode ?? 0, headers: message.headers, body: message });
    });
    // For all of its life: what fails after the answer has begun is told by the answer's body.
    request.on('error', reject);
    // Not Node's own `signal`, which makes an error with a stack for each. Without an effect once the answer is whole.
    signal.addEventListener('abort', () => request.destroy(signal.reason as Error), { once: true });
    request.end(body);
    return promise;
  }

  retire(): void {
    const agent = this.#agent as https.Agent & { keepAlive: boolean };
    for (const sockets of Object.values(agent.freeSockets))
      for (const socket of sockets ?? []) socket.destroy();
    // The others are closed as soon as their requests have been answered.
    agent.keepAlive = false;
  }

  destroy(): void {
    this.#agent.destroy();
  }
}

/** A kubeconfig's server may have a path of its own, below which the API is. */
export function pathOf(server: URL): string {
  return server.pathname.replace(/\/$/, '');
}
