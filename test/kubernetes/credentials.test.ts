import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Credentials } from '../../src/kubernetes/credentials.ts';
import { FakeClock } from '../fakes/clock.ts';

const { signal } = new AbortController();

/** Credentials of a kubeconfig whose exec plugin counts its runs and does what `script` says. */
async function pluginThat(script: (folder: string) => string) {
  const folder = await mkdtemp(join(tmpdir(), 'nth-plugin-'));
  const runs = join(folder, 'runs');
  await writeFile(runs, '');
  const apiVersion = 'client.authentication.k8s.io/v1';
  const command = `echo run >>"${runs}"; ${script(folder)}`;
  const exec = { apiVersion, command: 'sh', args: ['-c', command], interactiveMode: 'Never' };
  const kubeconfigPath = join(folder, 'kubeconfig');
  await writeFile(
    kubeconfigPath,
    JSON.stringify({
      clusters: [{ name: 'fake', cluster: { server: 'https://localhost:6443' } }],
      users: [{ name: 'fake', user: { exec } }],
      contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake' } }],
      'current-context': 'fake',
    }),
  );
  const clock = new FakeClock();
  const credentials = new Credentials(
    {
      kubeconfigPath,
      serviceHost: undefined,
      servicePort: undefined,
      serviceAccountFolder: folder,
      proxyFor: () => undefined,
      certificateAuthorities: undefined,
    },
    { clock },
  );
  return {
    clock,
    credentials,
    folder,
    runs: async () => (await readFile(runs, 'utf8')).split('\n').length - 1,
    async [Symbol.asyncDispose]() {
      credentials.close();
      await rm(folder, { recursive: true });
    },
  };
}

function answer(token: string): string {
  const credential = { kind: 'ExecCredential', status: { token } };
  return `echo '${JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', ...credential })}'`;
}

test('a plugin is not run again while the server can merely not be reached', async () => {
  await using plugin = await pluginThat(() => answer('token'));
  const { clock, credentials } = plugin;
  assert.equal((await credentials.current(signal)).headers['Authorization'], 'Bearer token');
  for (let second = 0; second < 9; second += 1) {
    credentials.unreachable();
    await clock.advance(1000);
    await credentials.current(signal);
  }
  assert.equal(await plugin.runs(), 1);
  // The address may have changed, so everything is read in its usual time.
  await clock.advance(2000);
  await credentials.current(signal);
  assert.equal(await plugin.runs(), 2);
});

test('a plugin is run again as soon as its token is refused, but not for each refusal', async () => {
  await using plugin = await pluginThat(() => answer('token'));
  const { clock, credentials } = plugin;
  await credentials.current(signal);
  for (let refusal = 0; refusal < 20; refusal += 1) {
    credentials.refused();
    await credentials.current(signal);
  }
  assert.equal(await plugin.runs(), 1);
  await clock.advance(500);
  await credentials.current(signal);
  assert.equal(await plugin.runs(), 2);
});

test('a plugin that fails is not run for each request', async () => {
  await using plugin = await pluginThat(() => 'echo "no such profile" >&2; exit 1');
  const { clock, credentials } = plugin;
  for (let request = 0; request < 20; request += 1) {
    await assert.rejects(credentials.current(signal), /no such profile/);
  }
  assert.equal(await plugin.runs(), 1);
  await clock.advance(1000);
  await assert.rejects(credentials.current(signal), /no such profile/);
  assert.equal(await plugin.runs(), 2);
});

test('a plugin that hangs is left behind after 20 s, and nobody waits beyond his signal', async () => {
  await using plugin = await pluginThat(
    (folder) => `while test -e "${folder}/hanging"; do sleep 0.02; done; ${answer('token')}`,
  );
  const { clock, credentials, folder } = plugin;
  await writeFile(join(folder, 'hanging'), '');
  const impatient = new AbortController();
  const given = assert.rejects(credentials.current(impatient.signal), /enough/);
  const waiting = assert.rejects(credentials.current(signal), /no answer within 20 s/);
  await clock.settle();
  impatient.abort(new Error('enough'));
  await given;
  await clock.advance(20_000);
  await waiting;
  await rm(join(folder, 'hanging'));
  await clock.advance(1000);
  assert.equal((await credentials.current(signal)).headers['Authorization'], 'Bearer token');
});
