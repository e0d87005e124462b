import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import packageJson from '../../package.json' with { type: 'json' };
import { systemClock } from '../../src/clock.ts';
import { FakeApiServer } from '../fakes/api-server.ts';
import { FakeImds } from '../fakes/imds.ts';
import { startProcess } from './daemon-process.ts';

/** A node with a pod that takes `shutdownMs`, and the environment of a daemon on it. */
async function scene(shutdownMs: number) {
  const clock = systemClock;
  const imds = await FakeImds.start({}, { clock });
  const api = await FakeApiServer.start({}, { clock });
  api.addNode({ name: 'node-a' });
  api.addPod({
    name: 'web',
    node: 'node-a',
    owner: 'ReplicaSet/web',
    shutdownMs,
    graceSeconds: shutdownMs === 0 ? 30 : 300,
  });
  const folder = await mkdtemp(join(tmpdir(), 'nth-process-'));
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, api.kubeconfig());
  return {
    imds,
    api,
    env: {
      NODE_NAME: 'node-a',
      NTH_KUBECONFIG: kubeconfig,
      INSTANCE_METADATA_URL: imds.url,
      NTH_SPOT_POLL_INTERVAL_MS: '20',
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([imds.stop(), api.stop(), rm(folder, { recursive: true })]);
    },
  };
}

test('bad options are told all at once, one line each, and end with exit code 1', async () => {
  await using daemon = startProcess({
    args: ['--metadata-tries=many', '--no-such-option', '--kubeconfig=/no/such/file'],
    env: {
      WEBHOOK_URL: 'http://127.0.0.1',
      WEBHOOK_TEMPLATE: '{{ nope }}',
      NTH_SPOT_POLL_INTERVAL_MS: '5',
      DRY_RUN: 'perhaps',
    },
  });
  assert.equal(await daemon.ended, 1);
  assert.equal(daemon.output.stdout, '');
  const lines = daemon.output.stderr.trimEnd().split('\n');
  for (const name of [
    'node-name',
    'metadata-tries',
    'no-such-option',
    'kubeconfig',
    'webhook-template',
    'spot-poll-interval-ms',
    'dry-run',
  ]) {
    assert.equal(lines.filter((line) => line.includes(name)).length, 1, `${name} in ${lines.join('\n')}`);
  }
  assert.equal(lines.length, 7);
});

test('--help and --version answer on stdout and need nothing else', async () => {
  await using help = startProcess({ args: ['--help'] });
  await using version = startProcess({ args: ['--version'] });
  assert.deepEqual([await help.ended, await version.ended], [0, 0]);
  assert.match(help.output.stdout, /--node-termination-grace-period/);
  assert.equal(version.output.stdout, `${packageJson.version}\n`);
  assert.equal(help.output.stderr + version.output.stderr, '');
});

test('drains the node, and ends with 0 at a SIGTERM', async () => {
  await using given = await scene(0);
  await using daemon = startProcess({ env: given.env });
  await daemon.whenSaid('Started monitoring for events');
  given.imds.interrupt();
  await daemon.whenSaid('Node successfully cordoned and drained');
  assert.deepEqual(given.api.pods('node-a'), []);
  daemon.signal('SIGTERM');
  assert.equal(await daemon.ended, 0);
  const { stdout, stderr } = daemon.output;
  assert.equal(stderr, '');
  const lines = stdout.trimEnd().split('\n');
  assert.match(lines[0] ?? '', /INF Node termination handler starts /);
  assert.match(lines.at(-1) ?? '', /INF Stopped$/);
  for (const line of lines) assert.match(line, /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d INF /);
});

test('a first signal lets a drain go on, a second one ends it at once, with 0', async () => {
  await using given = await scene(240_000);
  await using daemon = startProcess({ env: given.env });
  await daemon.whenSaid('Started monitoring for events');
  given.imds.interrupt();
  await daemon.whenSaid('Requesting instance drain');
  daemon.signal('SIGTERM');
  await daemon.whenSaid('a drain in flight goes on');
  daemon.signal('SIGINT');
  assert.equal(await daemon.ended, 0);
  assert.match(daemon.output.stderr, /WRN Ending at once/);
  assert.ok(given.api.pod('web'));
});

test('an error that nobody handled is logged with its cause and ends the process with 1', async () => {
  await using given = await scene(0);
  const failure = "new Error('the outer', { cause: new Error('the inner') })";
  const isUp = "process.listenerCount('unhandledRejection') > 0";
  const first = `setInterval(() => { if (${isUp}) void Promise.reject(${failure}); }, 5);`;
  await using daemon = startProcess({ env: given.env, first });
  assert.equal(await daemon.ended, 1);
  assert.match(
    daemon.output.stderr,
    /ERR Ending after an error that nothing handled \(unhandledRejection\) error="the outer: the inner"/,
  );
});
