import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuildah } from '../parts/debian.ts';
import { runAsRoot } from './as-root.ts';
import { ensureBaseImage } from './base-image.ts';
import { nodeImage } from './entrypoint.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const buildArguments = { VERSION: '1.2.3', REVISION: 'abc', SOURCE: 'https://example.org/nth' };

/** The part of an image's configuration that Kubernetes acts on. */
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
  readonly Cmd?: readonly string[] | null;
  readonly ExposedPorts?: object;
  readonly Volumes?: object;
}

/** The Dockerfile, built for real, its file system within reach. */
export class BuiltImage {
  readonly rootfs: string;
  readonly config: ImageConfig;
  readonly #work: string;

  private constructor(rootfs: string, config: ImageConfig, work: string) {
    this.rootfs = rootfs;
    this.config = config;
    this.#work = work;
  }

  static async build(): Promise<BuiltImage> {
    const base = await ensureBaseImage();
    const work = await mkdtemp(join(tmpdir(), 'image-'));
    try {
      const buildah = await buildahWithin(work);
      await importBase(buildah, base);
      const args = Object.entries(buildArguments).map(([name, value]) => `--build-arg=${name}=${value}`);
      const secrets = await npmSecrets(work);
      await buildah('bud', '--pull-never', ...secrets, ...args, '--tag', 'built', project);

      await buildah('from', '--pull-never', '--name', 'running', 'built');
      const rootfs = (await buildah('mount', 'running')).trim();
      const inspected = await buildah('inspect', '--type', 'image', 'built');
      const { OCIv1 } = JSON.parse(inspected) as { OCIv1: { config: ImageConfig } };
      return new BuiltImage(rootfs, OCIv1.config, work);
    } catch (error) {
      await remove(work);
      throw error;
    }
  }

  async remove(): Promise<void> {
    await remove(this.#work);
  }
}

type Buildah = (...args: string[]) => Promise<string>;

/** All that buildah stores goes into the folder, nothing into the machine's own storage of images. */
async function buildahWithin(folder: string): Promise<Buildah> {
  const program = await ensureBuildah();
  const storage = [
    '--root',
    join(folder, 'storage'),
    '--runroot',
    join(folder, 'run'),
    '--storage-driver',
    'vfs',
  ];
  const env = { BUILDAH_ISOLATION: 'chroot' };
  return (...args) => runAsRoot([program, ...storage, ...args], { env });
}

/** Under the name that the Dockerfile has for it. */
async function importBase(buildah: Buildah, tar: string): Promise<void> {
  await buildah('from', '--name', 'base', 'scratch');
  await buildah('add', 'base', tar, '/');
  await buildah('config', '--env', 'PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'base');
  await buildah('commit', '--rm', 'base', nodeImage());
}

async function remove(folder: string): Promise<void> {
  await runAsRoot(['rm', '--recursive', '--force', folder]);
}

/** The npm settings of this machine, and the certificates that its Node trusts besides its own. */
async function npmSecrets(folder: string): Promise<string[]> {
  const settings = await readIfThere(join(homedir(), '.npmrc'));
  const certificates = await readIfThere(process.env['NODE_EXTRA_CA_CERTS'] ?? '');
  const npmrc = join(folder, 'npmrc');
  const ca = join(folder, 'ca.pem');
  const isTold = certificates !== '';
  await writeFile(npmrc, isTold ? `${settings}\ncafile=/run/secrets/ca.pem\n` : settings, { mode: 0o600 });
  await writeFile(ca, certificates);
  return [`--secret=id=npmrc,src=${npmrc}`, `--secret=id=ca.pem,src=${ca}`];
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return '';
  }
}
