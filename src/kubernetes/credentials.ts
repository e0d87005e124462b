import type https from 'node:https';
import { isIPv6 } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '../clock.ts';
import { unlessAborted } from '../unless-aborted.ts';
import { createTransport } from './create-transport.ts';
import type { Transport } from './transport.ts';

export interface CredentialsOptions {
  /** A kubeconfig file; undefined = the pod's ServiceAccount, or outside a cluster the default kubeconfig. */
  readonly kubeconfigPath: string | undefined;
  /** KUBERNETES_SERVICE_HOST and _PORT; both are there in every pod. */
  readonly serviceHost: string | undefined;
  readonly servicePort: string | undefined;
  /** Where the ServiceAccount's token and CA certificate are mounted. */
  readonly serviceAccountFolder: string;
  /** The environment's proxy for a URL; undefined = none. */
  readonly proxyFor: (url: URL) => URL | undefined;
  /** PEM of the authorities to trust where the kubeconfig names none; undefined = Node's own. */
  readonly certificateAuthorities: string | undefined;
  /**
   * All requests go over one connection, by HTTP/2, where no proxy is between us and a server that speaks it. Lighter for
   * hundreds of requests at once; for those of one node the parts of Node that it takes weigh more. @default false
   */
  readonly multiplexes?: boolean;
}

/** How to reach the API server right now. */
export interface ApiAccess {
  readonly transport: Transport;
  readonly headers: Readonly<Record<string, string>>;
}

/** Tokens and certificates are rotated under us: what was read is used for this long. */
const usualReuseMs = 10_000;

/** After a refusal everything is read again, but not more often than this. */
const reuseAfterRefusalMs = 500;

/** A kubeconfig or a plugin that failed is not tried again at each of a hundred requests. */
const failureReuseMs = 1_000;

/** An exec plugin that says nothing for this long is left behind, and started anew with the next request. */
const readLimitMs = 20_000;

/**
 * Credentials of client-node's KubeConfig (in-cluster, kubeconfig, exec plugins, rotating tokens),
 * with connections that are kept as long as the certificates stay the same.
 */
export class Credentials {
  readonly #options: CredentialsOptions;
  readonly #clock: Clock;
  #config: KubeConfig | undefined;
  #access: { readonly value: ApiAccess; readonly connectsBy: string; readonly readAt: number } | undefined;
  #failure: { readonly error: unknown; readonly at: number } | undefined;
  #reading: Promise<ApiAccess> | undefined;
  #refused = false;

  constructor(options: CredentialsOptions, modules: { readonly clock: Clock }) {
    this.#options = options;
    this.#clock = modules.clock;
  }

  /** @throws where no kubeconfig is readable, or an exec plugin fails; the signal's reason once it is aborted */
  async current(signal: AbortSignal): Promise<ApiAccess> {
    const reuseMs = this.#refused ? reuseAfterRefusalMs : usualReuseMs;
    if (this.#access && this.#age(this.#access.readAt) < reuseMs) return this.#access.value;
    if (this.#failure && this.#age(this.#failure.at) < failureReuseMs) throw this.#failure.error;
    this.#reading ??= this.#readInTime();
    return unlessAborted(this.#reading, signal);
  }

  /** The API server refused them (401), or one of us the other's certificate: read everything again, soon. */
  refused(): void {
    this.#refused = true;
    this.#config = undefined;
  }

  /** The API server can't be reached: when they are next read, everything is, for it may have moved. */
  unreachable(): void {
    this.#config = undefined;
  }

  close(): void {
    this.#access?.value.transport.destroy();
  }

  /** Infinite where the clock was set back: what is from the future is not waited for. */
  #age(instant: number): number {
    const age = this.#clock.now() - instant;
    return age < 0 ? Infinity : age;
  }

  async #readInTime(): Promise<ApiAccess> {
    const timer = new AbortController();
    const timeUp = this.#clock.sleep(readLimitMs, timer.signal).then(() => {
      throw new Error(`Cannot get credentials: no answer within ${readLimitMs / 1000} s`);
    });
    try {
      return await Promise.race([this.#read(), timeUp]);
    } catch (error) {
      this.#failure = { error, at: this.#clock.now() };
      this.#config = undefined;
      throw error;
    } finally {
      timer.abort();
      this.#reading = undefined;
    }
  }

  async #read(): Promise<ApiAccess> {
    this.#config ??= this.#load();
    const cluster = this.#config.getCurrentCluster();
    if (!cluster) throw new Error('Cannot find the API server: the kubeconfig names no current cluster');
    const options: https.RequestOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    const server = new URL(cluster.server);
    const proxy = cluster.proxyUrl === undefined ? this.#options.proxyFor(server) : new URL(cluster.proxyUrl);
    const { key, cert, ca = this.#options.certificateAuthorities, servername, rejectUnauthorized } = options;
    const tls = { key, cert, ca, servername, rejectUnauthorized };
    const connectsBy = JSON.stringify([server, tls, proxy]);
    const transport =
      this.#access?.connectsBy === connectsBy
        ? this.#access.value.transport
        : createTransport(
            {
              server,
              tls,
              proxy,
              // client-node makes an agent of its own for these.
              agent: proxy?.protocol.startsWith('socks') ? (options.agent as https.Agent) : undefined,
              multiplexes: this.#options.multiplexes ?? false,
            },
            { clock: this.#clock },
          );
    if (this.#access && this.#access.value.transport !== transport) this.#access.value.transport.retire();
    const value = { transport, headers: headersOf(options) };
    this.#access = { value, connectsBy, readAt: this.#clock.now() };
    this.#failure = undefined;
    this.#refused = false;
    return value;
  }

  #load(): KubeConfig {
    const config = new KubeConfig();
    const { kubeconfigPath, serviceHost, servicePort, serviceAccountFolder } = this.#options;
    if (kubeconfigPath !== undefined) config.loadFromFile(kubeconfigPath);
    else if (serviceHost === undefined) config.loadFromDefault();
    else {
      const host = isIPv6(serviceHost) ? `[${serviceHost}]` : serviceHost;
      config.loadFromOptions({
        clusters: [
          {
            name: 'in-cluster',
            server: `https://${host}:${servicePort ?? '443'}`,
            caFile: `${serviceAccountFolder}/ca.crt`,
          },
        ],
        users: [
          {
            name: 'service-account',
            authProvider: { name: 'tokenFile', config: { tokenFile: `${serviceAccountFolder}/token` } },
          },
        ],
        contexts: [{ name: 'in-cluster', cluster: 'in-cluster', user: 'service-account' }],
        currentContext: 'in-cluster',
      });
    }
    // client-node refuses what `kubectl proxy` and a kubeconfig without TLS need.
    config.clusters = config.clusters.map((cluster) =>
      cluster.server.startsWith('http:') ? { ...cluster, skipTLSVerify: true } : cluster,
    );
    return config;
  }
}

function headersOf(options: https.RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (value !== undefined) headers[name] = String(value).trim();
  }
  if (typeof options.auth === 'string') {
    headers['Authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  }
  return headers;
}
