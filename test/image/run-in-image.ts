import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { asRoot } from './as-root.ts';
import type { BuiltImage } from './built-image.ts';

/**
 * What a container runtime does: the image's file system read-only as the root, /proc and /dev in it, the
 * image's user, and nothing of this machine's environment. The processes replace each other, so that a signal
 * reaches the program.
 */
const script = `
  set -eu
  root=$1; shift
  mkdir -p "$root/proc" "$root/dev"
  mount --bind "$root" "$root"
  mount --bind /dev "$root/dev"
  mount -t proc proc "$root/proc"
  mount -o remount,bind,ro "$root"
  exec env --ignore-environment "$@"`;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts a command of the image; its program is looked up by the image's PATH. */
export function startInImage(
  image: BuiltImage,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcessByStdio<null, Readable, Readable> {
  const variables = [...image.config.Env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];
  const namespace = ['unshare', '--mount', 'sh', '-c', script, 'sh', image.rootfs, ...variables];
  const userspec = `--userspec=${image.config.User}`;
  const root = ['/usr/sbin/chroot', '--groups=', userspec, image.rootfs];
  const [program, ...args] = asRoot([...namespace, ...root, ...command]);
  return spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Runs a command of the image to its end. */
export async function runInImage(image: BuiltImage, ...command: string[]): Promise<Ended> {
  const child = startInImage(image, command);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}
