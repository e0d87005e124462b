// Runs twice: as it is, and bundled like the daemon (bundle.e2e.ts), where rare parts load when they are used.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { KubeConfig } from '@kubernetes/client-node';

const folder = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
after(() => rmSync(folder, { recursive: true }));

interface Parts {
  readonly user?: object;
  readonly cluster?: object;
}

/** What a kubeconfig file of these parts makes of a request's options. */
async function optionsFrom({ user = {}, cluster = {} }: Parts): Promise<https.RequestOptions> {
  const file = join(folder, 'config');
  const context = { name: 'x', context: { cluster: 'x', user: 'x' } };
  const content = {
    'current-context': 'x',
    contexts: [context],
    clusters: [{ name: 'x', cluster: { server: 'https://127.0.0.1:6443', ...cluster } }],
    users: [{ name: 'x', user }],
  };
  writeFileSync(file, JSON.stringify(content));
  const config = new KubeConfig();
  config.loadFromFile(file);
  const options: https.RequestOptions = { headers: {} };
  await config.applyToHTTPSOptions(options);
  return options;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

test('a token', async () => {
  const { headers } = await optionsFrom({ user: { token: 'abc' } });
  assert.deepEqual(headers, { Authorization: 'Bearer abc' });
});

test('a token file, as a ServiceAccount has it', async () => {
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, 'from-file');
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: 'x', server: 'https://127.0.0.1:6443' }],
    contexts: [{ name: 'x', cluster: 'x', user: 'x' }],
    users: [{ name: 'x', authProvider: { name: 'tokenFile', config: { tokenFile } } }],
    currentContext: 'x',
  });
  const options: https.RequestOptions = { headers: {} };
  await config.applyToHTTPSOptions(options);
  assert.deepEqual(options.headers, { Authorization: 'Bearer from-file' });
});

test('a client certificate and an authority', async () => {
  const { cert, key, ca } = await optionsFrom({
    user: { 'client-certificate-data': base64('cert'), 'client-key-data': base64('key') },
    cluster: { 'certificate-authority-data': base64('ca') },
  });
  assert.deepEqual([cert, key, ca], [Buffer.from('cert'), Buffer.from('key'), Buffer.from('ca')]);
});

test('an exec plugin', async () => {
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: 'from-plugin' },
  };
  const exec = {
    apiVersion: credential.apiVersion,
    command: process.execPath,
    args: ['-e', `console.log(${JSON.stringify(JSON.stringify(credential))})`],
    interactiveMode: 'Never',
  };
  const { headers } = await optionsFrom({ user: { exec } });
  assert.deepEqual(headers, { Authorization: 'Bearer from-plugin' });
});

test('OpenID Connect', async () => {
  const claims = { exp: Math.floor(Date.now() / 1000) + 3600 };
  const idToken = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
  const config = {
    'id-token': idToken,
    'idp-issuer-url': 'https://127.0.0.1',
    'client-id': 'x',
    'refresh-token': 'x',
  };
  const { headers } = await optionsFrom({ user: { 'auth-provider': { name: 'oidc', config } } });
  assert.deepEqual(headers, { Authorization: `Bearer ${idToken}` });
});

for (const proxy of ['socks5://127.0.0.1:1080', 'http://127.0.0.1:3128']) {
  test(`a proxy of the cluster: ${proxy}`, async () => {
    const { agent } = await optionsFrom({ cluster: { 'proxy-url': proxy } });
    assert.ok(agent);
    assert.notEqual(agent.constructor, https.Agent);
  });
}
