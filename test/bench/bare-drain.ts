import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { Pod } from '../parts/objects.ts';

export interface BareDrainOptions {
  readonly server: string;
  readonly ca: string;
  readonly token: string;
  readonly connections: number;
}

/** The floor of a drain: a PATCH, then nothing but evictions over kept connections, as fast as they are taken. */
export class BareDrain {
  readonly #options: BareDrainOptions;
  readonly #agent: Agent;

  constructor(options: BareDrainOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.connections, ca: options.ca });
  }

  /** Opens the connections, so that no handshake is part of the floor. */
  async connect(): Promise<void> {
    const { connections } = this.#options;
    await Promise.all(Array.from({ length: connections }, () => this.#send('GET', '/version')));
  }

  async run(node: string, pods: readonly Pod[]): Promise<void> {
    await this.#send('PATCH', `/api/v1/nodes/${node}`, { spec: { unschedulable: true } });
    await Promise.all(pods.map((pod) => this.#evict(pod)));
  }

  close(): void {
    this.#agent.destroy();
  }

  async #evict({ metadata: { name, namespace, uid } }: Pod): Promise<void> {
    await this.#send('POST', `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name, namespace },
      deleteOptions: { preconditions: { uid } },
    });
  }

  async #send(method: string, path: string, body?: object): Promise<void> {
    const { server, token } = this.#options;
    const content = body === undefined ? '' : JSON.stringify(body);
    const sent = request(new URL(path, server), {
      method,
      agent: this.#agent,
      headers: {
        Authorization: `Bearer ${token}`,
        'Content-Type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
        'Content-Length': Buffer.byteLength(content),
      },
    });
    sent.end(content);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
    if ((response.statusCode ?? 0) >= 300)
      throw new Error(`Cannot ${method} ${path}: ${response.statusCode}`);
  }
}
