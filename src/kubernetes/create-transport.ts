import http from 'node:http';
import https from 'node:https';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { Clock } from '../clock.ts';
import { Http1Transport } from './http1-transport.ts';
import { Http2Transport } from './http2-transport.ts';
import { idleConnectionMs, type Transport } from './transport.ts';

export interface ConnectionSettings {
  /** https: or, through `kubectl proxy`, http: */
  readonly server: URL;
  readonly tls: Pick<SecureContextOptions, 'key' | 'cert' | 'ca'> & {
    readonly servername: string | undefined;
    readonly rejectUnauthorized: boolean | undefined;
  };
  readonly proxy: URL | undefined;
  /** One that knows the proxy, where Node's own would not. */
  readonly agent: https.Agent | undefined;
  /** By HTTP/2, where nothing is between us and a server that speaks it. */
  readonly multiplexes: boolean;
}

/** The connections to an API server. */
export function createTransport(
  { server, tls, proxy, agent, multiplexes }: ConnectionSettings,
  { clock }: { readonly clock: Clock },
): Transport {
  if (agent) return new Http1Transport(server, agent);
  const options: https.AgentOptions = {
    keepAlive: true,
    timeout: idleConnectionMs,
    scheduling: 'lifo',
    ...(proxy && { proxyEnv: { HTTP_PROXY: proxy.href, HTTPS_PROXY: proxy.href } }),
  };
  if (server.protocol === 'http:') {
    return new Http1Transport(server, new http.Agent(options) as https.Agent);
  }
  const { servername, rejectUnauthorized, ...identity } = tls;
  const secured = {
    // One for all connections: Node would read the certificates anew for each, in 1 ms and 40 KB.
    secureContext: createSecureContext(identity),
    ...(servername !== undefined && { servername }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  };
  const http1 = new Http1Transport(server, new https.Agent({ ...options, ...secured }));
  if (!multiplexes || proxy) return http1;
  return new Http2Transport({ server, tls: secured }, { clock, http1 });
}
