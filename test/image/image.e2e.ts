import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { after, test } from 'node:test';
import { freePort } from '../parts/free-port.ts';
import { until } from '../parts/until.ts';
import { BuiltImage } from './built-image.ts';
import { entrypoint } from './entrypoint.ts';
import { runInImage, startInImage } from './run-in-image.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const startedMs = performance.now();
const image = await BuiltImage.build();
console.log(`The image was built in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
after(() => image.remove());

/** Every file of the image, as a path from its root; what this test mounts is no part of it. */
function files(): string[] {
  return readdirSync(image.rootfs, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(image.rootfs, join(entry.parentPath, entry.name)))
    .filter((path) => !/^(dev|proc)\//u.test(path))
    .sort();
}

test('holds Node, the libraries it links to, the bundle and the records of these, nothing else', () => {
  const expected = [
    /^usr\/local\/(bin\/node|LICENSE)$/u,
    /^(usr\/)?lib(64|\/[^/]+-linux-gnu)\/(ld-linux-[^/]+|lib(atomic|c|dl|gcc_s|m|pthread|stdc\+\+))\.so\.\d+$/u,
    /^var\/lib\/dpkg\/status\.d\/(libatomic1|libc6|libgcc-s1|libstdc\+\+6)$/u,
    /^usr\/share\/doc\/(libatomic1|libc6|libgcc-s1|libstdc\+\+6)\/copyright$/u,
    /^etc\/(group|nsswitch\.conf|os-release|passwd)$/u,
    /^app\/(LICENSE|dist\/[\w-]+\.cjs|dist\/THIRD-PARTY-LICENSES\.txt)$/u,
  ];
  const all = files();
  assert.deepEqual(
    all.filter((file) => !expected.some((pattern) => pattern.test(file))),
    [],
  );
  for (const pattern of expected)
    assert.ok(
      all.some((file) => pattern.test(file)),
      String(pattern),
    );

  const sizes = all.map((file) => ({ file, bytes: statSync(join(image.rootfs, file)).size }));
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const sum = (of: typeof sizes): number => of.reduce((total, { bytes }) => total + bytes, 0);
  console.log(
    `The image has ${sizes.length} files, ${mib(sum(sizes))}: ` +
      `Node ${mib(sum(sizes.filter(({ file }) => file.endsWith('/node'))))}, ` +
      `the bundle ${mib(sum(sizes.filter(({ file }) => file.startsWith('app/'))))}`,
  );
});

test('no file runs as another user, or can be changed by the one that runs', () => {
  for (const file of files()) {
    const { mode, uid } = statSync(join(image.rootfs, file));
    assert.equal(mode & 0o6022, 0, `${file} has mode ${mode.toString(8)}`);
    assert.equal(uid, 0, file);
  }
});

test('its configuration is what the Dockerfile says', () => {
  const { User, Entrypoint, Cmd, Env, ExposedPorts, Volumes, Labels } = image.config;
  assert.equal(User, '1000:1000');
  assert.deepEqual(Entrypoint, entrypoint());
  assert.equal(Cmd ?? null, null);
  assert.deepEqual([...Env].sort(), ['MALLOC_ARENA_MAX=1', 'NODE_ENV=production', 'PATH=/usr/local/bin']);
  assert.equal(ExposedPorts, undefined);
  assert.equal(Volumes, undefined);
  assert.equal(Labels['org.opencontainers.image.version'], '1.2.3');
  assert.equal(Labels['org.opencontainers.image.revision'], 'abc');
  assert.equal(Labels['org.opencontainers.image.source'], 'https://example.org/nth');
  assert.equal(Labels['org.opencontainers.image.licenses'], 'Apache-2.0');
});

test('--version', async () => {
  assert.deepEqual(await runInImage(image, ...entrypoint(), '--version'), {
    code: 0,
    stdout: `${version}\n`,
    stderr: '',
  });
});

test('--help', async () => {
  const { code, stdout, stderr } = await runInImage(image, ...entrypoint(), '--help');
  assert.equal(code, 0);
  assert.match(stdout, /--node-termination-grace-period/u);
  assert.equal(stderr, '');
});

test('a bad option ends it with exit code 1', async () => {
  const { code, stdout, stderr } = await runInImage(image, ...entrypoint(), '--no-such-option');
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /--no-such-option/u);
});

test('runs as user 1000 on a root file system that it cannot write', async () => {
  const { stdout, stderr } = await runInImage(
    image,
    'node',
    '-e',
    `console.log(process.getuid(), process.getgid(), process.getgroups().join());
     try { fs.writeFileSync('/file', ''); } catch (error) { console.log(error.code); }`,
  );
  assert.deepEqual([stdout, stderr], ['1000 1000 1000\nEROFS\n', '']);
});

test('serves its probes and ends in order on SIGTERM', async () => {
  const port = await freePort();
  const child = startInImage(image, entrypoint(), {
    NODE_NAME: 'node-1',
    KUBERNETES_SERVICE_HOST: '127.0.0.1',
    KUBERNETES_SERVICE_PORT: String(await freePort()),
    INSTANCE_METADATA_URL: `http://127.0.0.1:${await freePort()}`,
    ENABLE_PROBES_SERVER: 'true',
    PROBES_SERVER_PORT: String(port),
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (log += String(chunk)));
  const ended = once(child, 'exit');
  const lost = ended.then(() => Promise.reject(new Error(`The daemon ended: ${log}`)));
  lost.catch(() => undefined);
  const isAlive = async (): Promise<boolean> => {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
    return (await answer?.text()) === '{"health":"OK"}';
  };
  await until(isAlive, { what: '/healthz answers', timeoutMs: 30_000, lost });
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null], log);
});
