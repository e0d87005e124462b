import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../parts/cluster.ts';
import { authority, serverCredentials } from '../fakes/api-server/certificates.ts';
import { kubeconfigText } from '../fakes/api-server/kubeconfig.ts';

/** As the API server's own priority and fairness says it: plain text without a Status. */
const REFUSAL = 'Too many requests, please try again later.\n';
const RETRY_AFTER_SECONDS = 1;

/** Stands before the real API server, and for a while answers everything itself: 429 with Retry-After. */
export class OverloadedApiServer {
  readonly #cluster: Cluster;
  readonly #agent: Agent;
  readonly #server = createServer(serverCredentials('first'), (incoming, answer) => {
    this.#serve(incoming, answer);
  });
  #isOverloaded = false;
  /** Requests that were answered so. */
  refused = 0;

  private constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#agent = new Agent({ ca: cluster.ca, keepAlive: true });
  }

  static async start(cluster: Cluster): Promise<OverloadedApiServer> {
    const proxy = new OverloadedApiServer(cluster);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** @returns the path of a kubeconfig that leads here */
  kubeconfig(name: string, token: string): string {
    const { port } = this.#server.address() as AddressInfo;
    const path = `${this.#cluster.folder}/${name}-overloaded.kubeconfig`;
    const url = `https://127.0.0.1:${port}`;
    writeFileSync(path, kubeconfigText({ url, ca: authority('first'), token }), { mode: 0o600 });
    return path;
  }

  async overload(forMs: number): Promise<void> {
    this.#isOverloaded = true;
    await sleep(forMs);
    this.#isOverloaded = false;
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(incoming: IncomingMessage, answer: ServerResponse): void {
    if (this.#isOverloaded) {
      this.refused += 1;
      incoming.resume();
      answer.writeHead(429, { 'Content-Type': 'text/plain', 'Retry-After': `${RETRY_AFTER_SECONDS}` });
      answer.end(REFUSAL);
      return;
    }
    const { method = 'GET', url = '/', headers } = incoming;
    const forwarded = request(new URL(url, this.#cluster.server), { method, headers, agent: this.#agent });
    forwarded.once('response', (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      answer.flushHeaders();
      response.pipe(answer);
      response.once('error', () => answer.destroy());
    });
    forwarded.once('error', () => answer.destroy());
    answer.once('close', () => forwarded.destroy());
    incoming.pipe(forwarded);
  }
}
