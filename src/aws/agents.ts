import http from 'node:http';
import https from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';

/** AWS closes a connection that is idle for longer than this, so that a kept one would be cut off under a request. */
const idleConnectionMs = 20_000;

export interface AgentOptions {
  /** The environment's proxy for a URL; undefined = none. */
  readonly proxyFor: (url: URL) => URL | undefined;
  /** Authorities to trust in place of Node's own, as PEM. */
  readonly certificateAuthorities?: string | undefined;
}

/** Keeps connections to AWS open: one agent for all endpoints, and another for each proxy. */
export class Agents {
  readonly #options: AgentOptions;
  readonly #agents = new Map<string, https.Agent>();
  #secureContext: SecureContext | undefined;

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  for(url: URL): https.Agent {
    const proxy = this.#options.proxyFor(url);
    const key = `${url.protocol} ${proxy?.href ?? ''}`;
    const known = this.#agents.get(key);
    if (known !== undefined) return known;
    const agent = this.#create(url, proxy);
    this.#agents.set(key, agent);
    return agent;
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  #create(url: URL, proxy: URL | undefined): https.Agent {
    const options: https.AgentOptions = {
      keepAlive: true,
      timeout: idleConnectionMs,
      scheduling: 'lifo',
      ...(proxy && { proxyEnv: { HTTP_PROXY: proxy.href, HTTPS_PROXY: proxy.href } }),
    };
    if (url.protocol === 'http:') return new http.Agent(options) as https.Agent;
    const ca = this.#options.certificateAuthorities;
    // One for all connections: Node would read the certificates anew for each, in 1 ms and 40 KB.
    this.#secureContext ??= createSecureContext(ca === undefined ? {} : { ca });
    return new https.Agent({ ...options, secureContext: this.#secureContext });
  }
}
