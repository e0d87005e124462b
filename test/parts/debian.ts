import { access, constants } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { ensurePart, withLock } from './cache.ts';
import { run } from './run.ts';

/** Long enough for another package manager at work on the same machine, such as a new machine's own updates. */
const DPKG_LOCK_SECONDS = 300;

/** Unpacked only, not installed: the package would start a Prometheus server. */
export async function ensurePromtool(): Promise<string> {
  const installed = await find('promtool');
  if (installed !== undefined) return installed;
  const build = async (folder: string): Promise<void> => {
    await refreshPackageLists();
    await run('apt-get', ['download', 'prometheus'], { cwd: folder });
    await run('sh', ['-c', 'dpkg-deb --extract prometheus_*.deb . && rm prometheus_*.deb'], { cwd: folder });
  };
  const part = { name: 'promtool', version: 'debian', takes: 'about 20 seconds', build };
  return join(await ensurePart(part), 'usr', 'bin', 'promtool');
}

/** In the same package. */
export async function ensurePrometheus(): Promise<string> {
  return join(dirname(await ensurePromtool()), 'prometheus');
}

export async function ensureBuildah(): Promise<string> {
  return ensureInstalled('buildah');
}

export async function ensureDebootstrap(): Promise<string> {
  return ensureInstalled('debootstrap');
}

/** Ubuntu has it as a snap only, and its machines in CI have Chrome. */
export async function ensureChromium(): Promise<string> {
  const present = (await find('chromium')) ?? (await find('google-chrome'));
  if (present !== undefined) return present;
  return ensureInstalled('chromium');
}

/** The path of a package's program of the same name. */
async function ensureInstalled(name: string): Promise<string> {
  const present = await find(name);
  if (present !== undefined) return present;
  await withLock(`apt-${name}`, `installs ${name}`, () => install(name));
  const installed = await find(name);
  if (installed === undefined) throw new Error(`Cannot find "${name}" in the Debian package of that name`);
  return installed;
}

async function install(name: string): Promise<void> {
  if ((await find(name)) !== undefined) return;
  process.stderr.write(`Installing the Debian package ${name} ...\n`);
  await refreshPackageLists();
  const args = [
    '-o',
    `DPkg::Lock::Timeout=${DPKG_LOCK_SECONDS}`,
    'install',
    '--yes',
    '--no-install-recommends',
    name,
  ];
  await asRoot('apt-get', args);
}

async function refreshPackageLists(): Promise<void> {
  if ((await find('apt-get')) === undefined) {
    throw new Error('Cannot install Debian packages: this machine has no "apt-get"');
  }
  // Its lock, unlike dpkg's, is not waited for.
  await withLock('apt-update', 'reads the package lists', () => asRoot('apt-get', ['update', '--quiet']));
}

async function asRoot(command: string, args: readonly string[]): Promise<void> {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  if (process.getuid?.() === 0) {
    await run(command, args, { env });
    return;
  }
  if ((await find('sudo')) === undefined) {
    throw new Error(`Cannot run "${command} ${args.join(' ')}": needs root or sudo`);
  }
  await run('sudo', ['--non-interactive', '--preserve-env=DEBIAN_FRONTEND', command, ...args], { env });
}

/** Where a program is; sbin too, which is missing in the PATH of most users. */
async function find(name: string): Promise<string | undefined> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return undefined;
}
