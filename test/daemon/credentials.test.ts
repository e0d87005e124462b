import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { authority, serverCredentials } from '../fakes/api-server/certificates.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { startClientCertificateFront, startConnectProxy, startPlainFront } from './front.ts';
import {
  drainedText,
  evictions,
  nodeName as node,
  startDaemon,
  startDaemonBy,
  untilDrained,
} from './running-daemon.ts';

function pods(api: FakeApiServer): void {
  api.addNode({ name: node });
  for (const name of ['web-0', 'web-1']) {
    api.addPod({ name, node, owner: 'ReplicaSet/web', shutdownMs: 25_000 });
  }
}

function quickPods(api: FakeApiServer): void {
  api.addNode({ name: node });
  for (const name of ['web-0', 'web-1']) api.addPod({ name, node, owner: 'ReplicaSet/web', shutdownMs: 0 });
}

/** A folder for a test's files, gone after it. */
async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'nth-credentials-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

/** A pod's mounted credentials and the environment that Kubernetes gives it. */
async function inCluster(folder: string, api: FakeApiServer, host = '127.0.0.1') {
  await writeFile(join(folder, 'token'), api.adminToken);
  await writeFile(join(folder, 'ca.crt'), api.ca);
  return { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: String(api.port), NTH_KUBECONFIG: '' };
}

test('a token that is replaced in mid-drain is read again, at the price of one refusal', async () => {
  await using folder = await temporaryFolder();
  await using daemon = await startDaemon({
    cluster: pods,
    serviceAccountFolder: folder.path,
    env: (api) => inCluster(folder.path, api),
  });
  const { api, clock, imds } = daemon;
  imds.interrupt();
  await clock.advanceUntil(() => evictions(api).length === 2);
  await clock.advance(1000);
  api.access.grant('newer-token');
  await writeFile(join(folder.path, 'token'), 'newer-token\n');
  api.access.revoke(api.adminToken);
  api.addPod({ name: 'late', node, owner: 'ReplicaSet/web' });
  await untilDrained(daemon);
  assert.deepEqual(api.pods(node), []);
  assert.deepEqual(
    evictions(api, 'late').map(({ code, token }) => `${code} ${token}`),
    ['401 admin-token', '201 newer-token'],
  );
});

test('a token that is refused is read again and again, but not more than twice a second', async () => {
  await using folder = await temporaryFolder();
  await using daemon = await startDaemon({
    cluster: pods,
    serviceAccountFolder: folder.path,
    env: (api) => inCluster(folder.path, api),
  });
  const { api, clock, imds } = daemon;
  api.access.revoke(api.adminToken);
  imds.interrupt();
  await clock.advance(30_000);
  api.access.grant('newer-token');
  await writeFile(join(folder.path, 'token'), 'newer-token');
  await untilDrained(daemon);
  const refused = api.requests.filter(({ code }) => code === 401);
  assert.ok(refused.length < 60, `${refused.length} refusals in 30 s`);
});

test('an authority that is replaced in mid-drain is trusted as soon as it is mounted', async () => {
  await using folder = await temporaryFolder();
  await using daemon = await startDaemon({
    cluster: pods,
    serviceAccountFolder: folder.path,
    env: (api) => inCluster(folder.path, api),
  });
  const { api, clock, imds } = daemon;
  imds.interrupt();
  await clock.advanceUntil(() => evictions(api).length === 2);
  await clock.advance(1000);
  api.useCertificate('second');
  api.dropConnections();
  api.addPod({ name: 'late', node, owner: 'ReplicaSet/web' });
  await clock.advance(5000);
  assert.ok(api.pod('late'), 'nobody is trusted whom nobody vouches for');
  await writeFile(join(folder.path, 'ca.crt'), api.ca);
  const mountedAt = clock.now();
  await clock.advanceUntil(() => api.watches.open === 1 && evictions(api, 'late').length > 0);
  assert.ok(clock.now() - mountedAt <= 7000, `${clock.now() - mountedAt} ms`);
  await untilDrained(daemon);
  assert.deepEqual(api.pods(node), []);
});

test('the API server of an IPv6-only cluster is reached', async () => {
  await using folder = await temporaryFolder();
  await using daemon = await startDaemon({
    cluster: pods,
    apiServer: { host: '::1' },
    serviceAccountFolder: folder.path,
    env: (api) => inCluster(folder.path, api, '::1'),
  });
  daemon.imds.interrupt();
  await untilDrained(daemon);
});

test('SSL_CERT_FILE is trusted where the kubeconfig names no authority', async () => {
  await using daemon = await startDaemon({
    cluster: pods,
    kubeconfig: (api) => kubeconfig({ server: api.url }, { token: api.adminToken }),
    certificateAuthorities: authority('first'),
  });
  daemon.imds.interrupt();
  await untilDrained(daemon);
});

test('a kubeconfig without TLS works, as with kubectl proxy', async () => {
  await using daemon = await startDaemon({ cluster: pods });
  await using front = await startPlainFront(daemon.api);
  await writeFile(daemon.kubeconfigPath, kubeconfig({ server: `http://127.0.0.1:${front.port}` }, {}));
  await daemon.startAgain();
  daemon.imds.interrupt();
  await untilDrained(daemon);
  assert.ok(front.seen.length > 5);
});

test('an API server below a path is reached, as behind a server that manages clusters', async () => {
  await using daemon = await startDaemon({ cluster: pods });
  const below = '/k8s/clusters/c-x7k2p';
  await using front = await startPlainFront(daemon.api, below);
  const server = `http://127.0.0.1:${front.port}${below}`;
  await writeFile(daemon.kubeconfigPath, kubeconfig({ server }, {}));
  await daemon.startAgain();
  daemon.imds.interrupt();
  await untilDrained(daemon);
});

test('a client certificate of the kubeconfig is shown', async () => {
  await using daemon = await startDaemon({ cluster: pods });
  await using front = await startClientCertificateFront(daemon.api);
  const { cert, key } = serverCredentials('second');
  const cluster = {
    server: `https://localhost:${front.port}`,
    'certificate-authority-data': base64(authority('first')),
  };
  const user = { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) };
  await writeFile(daemon.kubeconfigPath, kubeconfig(cluster, user));
  await daemon.startAgain();
  daemon.imds.interrupt();
  await untilDrained(daemon);
  assert.ok(front.seen.length > 5);
});

// Processes and tunnels are out of the fake clock's sight, so these run by the system's, in milliseconds.
const quickly = { NTH_SPOT_POLL_INTERVAL_MS: '10' };

test("an exec plugin's token is used, and the plugin is not run for each request", async () => {
  await using folder = await temporaryFolder();
  const runs = join(folder.path, 'runs');
  await using daemon = await startDaemonBy(systemClock, {
    cluster: quickPods,
    env: quickly,
    kubeconfig: (api) => execKubeconfig(api, `echo run >>"${runs}"`),
  });
  daemon.imds.interrupt();
  await daemon.whenSaid(drainedText);
  assert.deepEqual(daemon.api.pods(node), []);
  assert.equal(await readFile(runs, 'utf8'), 'run\n');
});

test('an exec plugin that never answers does not outlive the second signal', async () => {
  await using folder = await temporaryFolder();
  const hanging = join(folder.path, 'hanging');
  await writeFile(hanging, '');
  await using daemon = await startDaemon({
    cluster: pods,
    kubeconfig: (api) => execKubeconfig(api, `while test -e "${hanging}"; do sleep 0.02; done`),
  });
  const { clock, imds } = daemon;
  imds.interrupt();
  await clock.advance(15_000);
  daemon.stop();
  daemon.kill();
  await clock.advanceWhile(daemon.ended, { maxMs: 2000 });
});

const proxies: readonly (readonly [string, (port: number) => Readonly<Record<string, string>>])[] = [
  ['HTTPS_PROXY', (port) => ({ HTTPS_PROXY: `http://user:secret@127.0.0.1:${port}` })],
  ['https_proxy', (port) => ({ https_proxy: `127.0.0.1:${port}`, NO_PROXY: '10.0.0.0/8,.internal' })],
];

for (const [name, environment] of proxies) {
  test(`the API server is reached through the proxy that ${name} names`, async () => {
    let front: Awaited<ReturnType<typeof startConnectProxy>> | undefined;
    await using daemon = await startDaemonBy(systemClock, {
      cluster: quickPods,
      env: async (api) => {
        front = await startConnectProxy(api);
        return { ...quickly, ...environment(front.port) };
      },
      kubeconfig: (api) =>
        kubeconfig(
          {
            // Nobody but the proxy knows this host.
            server: 'https://api.cluster.example:6443',
            'tls-server-name': 'localhost',
            'certificate-authority-data': base64(api.ca),
          },
          { token: api.adminToken },
        ),
    });
    await using _ = front;
    daemon.imds.interrupt();
    await daemon.whenSaid(drainedText);
    assert.deepEqual(daemon.api.pods(node), []);
    const [first] = front?.seen ?? [];
    assert.match(first ?? '', /^api\.cluster\.example:6443/);
    if (name === 'HTTPS_PROXY') assert.match(first ?? '', / Basic dXNlcjpzZWNyZXQ=$/);
  });
}

test('what NO_PROXY names is reached without the proxy', async () => {
  await using daemon = await startDaemonBy(systemClock, {
    cluster: quickPods,
    env: { ...quickly, HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: 'localhost,127.0.0.1' },
  });
  daemon.imds.interrupt();
  await daemon.whenSaid(drainedText);
});

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function kubeconfig(cluster: object, user: object): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'fake', cluster }],
    users: [{ name: 'fake', user }],
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake' } }],
    'current-context': 'fake',
  });
}

/** The administrator's token from a plugin that first does something else. */
function execKubeconfig(api: FakeApiServer, first: string): string {
  const apiVersion = 'client.authentication.k8s.io/v1';
  const credential = JSON.stringify({
    apiVersion,
    kind: 'ExecCredential',
    status: { token: api.adminToken },
  });
  const exec = {
    apiVersion,
    command: 'sh',
    args: ['-c', `${first}; echo '${credential}'`],
    interactiveMode: 'Never',
  };
  return kubeconfig({ server: api.url, 'certificate-authority-data': base64(api.ca) }, { exec });
}
