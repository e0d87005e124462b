import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { portOf, startDaemon, untilDrained } from '../daemon/running-daemon.ts';
import { ensurePromtool } from '../parts/debian.ts';
import { run } from '../parts/run.ts';

const alerts = here('../../charts/aws-node-termination-handler/files/alerts.yaml');
const openMetrics = 'application/openmetrics-text;version=1.0.0';

function here(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

suite('by promtool', { timeout: 120_000 }, () => {
  let promtool = '';

  before(async () => {
    promtool = await ensurePromtool();
  });

  test('the alerts are rules', async () => {
    const said = await run(promtool, ['check', 'rules', '--lint=all', '--lint-fatal', alerts]);
    assert.match(said, /SUCCESS: 6 rules found/);
  });

  test('the alerts fire when they must, and not else', async () => {
    await run(promtool, ['test', 'rules', here('alerts/alerts.yaml')]);
  });

  test('the metrics of a daemon that has drained are as Prometheus wants them, in both formats', async (t) => {
    await using daemon = await startDaemon({
      env: { EMIT_KUBERNETES_EVENTS: 'true' },
      cluster: (api) => {
        api.addNode({ name: 'node-a' });
        api.addPod({ name: 'web-0', node: 'node-a', owner: 'ReplicaSet/web' });
      },
    });
    daemon.imds.interrupt();
    await untilDrained(daemon);
    const folder = await mkdtemp(join(tmpdir(), 'nth-metrics-'));
    t.after(() => rm(folder, { recursive: true }));

    const plain = await scrape(portOf(daemon, '/metrics'), 'text/plain');
    assert.match(plain, /^nth_pods_total\{outcome="evicted"\} 1$/m);
    await writeFile(join(folder, 'plain'), plain);
    const checked = await run('sh', [
      '-c',
      '"$1" check metrics < "$2" 2>&1',
      'sh',
      promtool,
      join(folder, 'plain'),
    ]);
    assert.equal(checked, '');

    // promtool checks that format by its parser only, where it makes blocks of what has timestamps.
    const open = await scrape(portOf(daemon, '/metrics'), openMetrics);
    const timed = open.replaceAll(/^([a-z]\S* \S+)/gm, '$1 1700000000');
    await writeFile(join(folder, 'open'), timed);
    await run(promtool, [
      'tsdb',
      'create-blocks-from',
      'openmetrics',
      join(folder, 'open'),
      join(folder, 'blocks'),
    ]);
    assert.equal((await readdir(join(folder, 'blocks'))).length, 1);
  });
});

function scrape(port: number, accept: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  request({ port, path: '/metrics', headers: { accept }, agent: false }, (response) =>
    resolve(text(response)),
  )
    .once('error', reject)
    .end();
  return promise;
}
