import { BlockList, isIP } from 'node:net';

export interface ProxySettings {
  readonly httpProxyUrl: string | undefined;
  readonly httpsProxyUrl: string | undefined;
  /** NO_PROXY's entries: hosts, `.domains`, `host:port`, addresses, CIDRs, or `*`. */
  readonly noProxy: readonly string[];
}

/**
 * The environment's proxy for a URL, as Go's programs (and so NTH) choose it; undefined = connect directly.
 * Loopback is never proxied. https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
 */
export function proxyFor(url: URL, settings: ProxySettings): URL | undefined {
  const proxy = url.protocol === 'https:' ? settings.httpsProxyUrl : settings.httpProxyUrl;
  if (proxy === undefined) return undefined;
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  if (host === 'localhost' || isIn(host, '127.0.0.0/8') || isIn(host, '::1/128')) return undefined;
  return settings.noProxy.some((entry) => covers(entry.toLowerCase(), host, port))
    ? undefined
    : new URL(proxy);
}

function covers(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) return isIn(host, entry);
  if (isIP(entry) !== 0) return entry === host;
  const [, name = entry, onlyPort] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(entry) ?? [];
  if (onlyPort !== undefined && onlyPort !== port) return false;
  const domain = name.replace(/^\*?\./, '');
  // A leading dot leaves the domain itself out.
  return host.endsWith(`.${domain}`) || (host === domain && name === domain);
}

function isIn(host: string, cidr: string): boolean {
  const [network = '', bits] = cidr.split('/');
  const family = isIP(network);
  if (family === 0 || isIP(host) !== family || !/^\d{1,3}$/.test(bits ?? '')) return false;
  if (Number(bits) > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  const type = family === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(network, Number(bits), type);
  return list.check(host, type);
}
