import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../.ci/bundle/bundle.ts';
import { run } from '../parts/run.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
after(() => rmSync(folder, { recursive: true }));

const daemon = join(folder, 'daemon');
await bundle({ root, entry: 'src/main.ts', outFolder: daemon });

test('credentials of every kind work where their parts load when they are used', async () => {
  const kinds = join(folder, 'kinds');
  await bundle({ root, entry: 'test/image/kubeconfig-kinds.e2e.ts', outFolder: kinds });
  const report = await run(process.execPath, ['--test', join(kinds, 'main.cjs')], {
    // Without it the test runner reports to the one that started this file.
    env: { NODE_TEST_CONTEXT: undefined },
  });
  assert.match(report, /^ℹ pass [1-9]/mu);
});

test('every file of the bundle loads', async () => {
  const files = readdirSync(daemon).filter((file) => file.endsWith('.cjs') && file !== 'main.cjs');
  assert.ok(files.length > 10);
  const script = 'for (const file of process.argv.slice(1)) require(file)';
  await run(process.execPath, ['-e', script, ...files.map((file) => join(daemon, file))]);
});

test('starting loads no file that the usual work does not need', async () => {
  const script = `process.on('exit', () => console.log(Object.keys(require.cache).join('\\n')));
    process.argv = [process.argv[0], ${JSON.stringify(join(daemon, 'main.cjs'))}, '--version'];
    require(process.argv[1]);`;
  const loaded = await run(process.execPath, ['-e', script]);
  const names = [...loaded.matchAll(/\/([\w-]+)\.cjs$/gmu)].map(([, name]) => name ?? '');
  assert.deepEqual(
    names.filter((name) => name !== 'main' && !name.startsWith('chunk-')),
    [],
  );
});

test('each file has a source map, and each package in it a licence', () => {
  const files = readdirSync(daemon).filter((file) => file.endsWith('.cjs'));
  for (const file of files) assert.ok(existsSync(join(daemon, `${file}.map`)), file);
  const licences = readFileSync(join(daemon, 'THIRD-PARTY-LICENSES.txt'), 'utf8');
  for (const name of ['@kubernetes/client-node', 'convict', 'fastify', 'got', 'prom-client', 'undici']) {
    assert.match(licences, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, 'mu'));
  }
});
