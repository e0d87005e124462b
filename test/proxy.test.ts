import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxyFor } from '../src/proxy.ts';

const proxies = { httpProxyUrl: 'http://plain:3128/', httpsProxyUrl: 'http://secure:3128/' };

const rows: readonly [url: string, noProxy: string, proxied: boolean][] = [
  ['https://10.100.0.1:443', '', true],
  ['https://10.100.0.1', '10.0.0.0/8', false],
  ['https://11.100.0.1', '10.0.0.0/8', true],
  ['https://10.100.0.1', '10.100.0.1', false],
  ['https://10.100.0.1', '*', false],
  ['https://[fd00::1]', 'fd00::/8', false],
  ['https://[fe00::1]', 'fd00::/8', true],
  ['https://[fd00::1]', 'fd00::1', false],
  ['https://api.example.com', 'example.com', false],
  ['https://example.com', 'example.com', false],
  ['https://notexample.com', 'example.com', true],
  ['https://example.com', '.example.com', true],
  ['https://api.example.com', '.example.com', false],
  ['https://api.example.com', '*.example.com', false],
  ['https://api.EXAMPLE.com', 'Example.COM', false],
  ['https://api.example.com', 'example.com:443', false],
  ['https://api.example.com', 'example.com:8443', true],
  ['https://api.example.com:8443', 'example.com:8443', false],
  ['https://localhost:6443', '', false],
  ['https://127.8.0.1', '', false],
  ['https://[::1]:6443', '', false],
  ['https://10.1.2.3', '10.0.0.0/99', true],
  ['https://10.1.2.3', 'not/a-network', true],
];

for (const [url, noProxy, proxied] of rows) {
  test(`${url} goes ${proxied ? 'through the proxy' : 'straight'} with NO_PROXY "${noProxy}"`, () => {
    const settings = { ...proxies, noProxy: noProxy === '' ? [] : noProxy.split(',') };
    assert.equal(proxyFor(new URL(url), settings)?.href, proxied ? 'http://secure:3128/' : undefined);
  });
}

test('the proxy is chosen by the scheme of the URL', () => {
  assert.equal(
    proxyFor(new URL('http://a.example'), { ...proxies, noProxy: [] })?.href,
    'http://plain:3128/',
  );
});

test('no proxy set, no proxy used', () => {
  const none = { httpProxyUrl: undefined, httpsProxyUrl: undefined, noProxy: [] };
  assert.equal(proxyFor(new URL('https://a.example'), none), undefined);
});
