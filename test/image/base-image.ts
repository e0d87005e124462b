import { mkdir, mkdtemp, readFile, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensurePart } from '../parts/cache.ts';
import { ensureDebootstrap } from '../parts/debian.ts';
import { runAsRoot } from './as-root.ts';
import { nodeImage } from './entrypoint.ts';

const nodePackage = fileURLToPath(new URL('../../node_modules/node/', import.meta.url));
const npmVersion = '11.21.2';

/**
 * What the Dockerfile builds on, made here because no registry of images is within a test's reach: a minimal
 * Debian with the Node of package-lock.json and npm where the official image has them.
 * @returns a tar file of the image's file system
 */
export async function ensureBaseImage(): Promise<string> {
  const suite = /:\d+-(\w+)-slim$/u.exec(nodeImage())?.[1];
  if (suite === undefined) throw new Error(`Cannot tell the Debian release of "${nodeImage()}"`);
  const { version } = JSON.parse(await readFile(join(nodePackage, 'package.json'), 'utf8')) as {
    version: string;
  };
  const folder = await ensurePart({
    name: 'base-image',
    version: `${suite}-node-${version}-npm-${npmVersion}`,
    takes: 'about a minute',
    build: (folder) => build(suite, folder),
  });
  return join(folder, 'rootfs.tar');
}

async function build(suite: string, folder: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'base-image-'));
  const rootfs = join(work, 'rootfs');
  try {
    await mkdir(rootfs);
    const packages = '--include=libatomic1,libstdc++6,ca-certificates';
    await runAsRoot([await ensureDebootstrap(), '--variant=minbase', packages, suite, rootfs]);
    const local = join(rootfs, 'usr', 'local');
    await runAsRoot(['cp', join(nodePackage, 'bin', 'node'), join(local, 'bin', 'node')]);
    await runAsRoot(['sh', '-c', 'cp "$1"/node_modules/node-*/LICENSE "$2"', 'sh', nodePackage, local]);
    await runAsRoot(['npm', 'install', '--global', '--prefix', local, `npm@${npmVersion}`]);
    const tar = join(work, 'rootfs.tar');
    await runAsRoot([
      'tar',
      '--create',
      '--file',
      tar,
      '--directory',
      rootfs,
      '--exclude=./var/cache/apt/*',
      '.',
    ]);
    await rename(tar, join(folder, 'rootfs.tar'));
  } finally {
    await runAsRoot(['rm', '--recursive', '--force', work]);
  }
}
