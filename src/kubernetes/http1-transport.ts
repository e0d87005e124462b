import type https from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { sendRequest } from '../http-client.ts';
import type { HttpAnswer, HttpRequest, Transport } from './transport.ts';

/** A connection for each request that is under way, kept for those that follow: whatever is between, it works. */
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

  async send({ path, ...request }: HttpRequest): Promise<HttpAnswer> {
    const message = await sendRequest({
      ...request,
      server: this.#server,
      path: this.#path + path,
      agent: this.#agent,
    });
    return {
      status: message.statusCode ?? 0,
      headers: message.headers,
      body: message,
      isCutOff: () => !message.complete,
    };
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
