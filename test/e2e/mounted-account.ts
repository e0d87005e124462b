import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MOUNT_POINT = '/run/secrets/kubernetes.io/serviceaccount';
/** Over the machine's own /run, which only this process and its children then don't see. */
const MOUNT = `mount -t tmpfs tmpfs /run && mkdir -p ${MOUNT_POINT} && mount --bind "$1" ${MOUNT_POINT} && shift && exec "$@"`;

export interface AccountFiles {
  readonly token: string;
  /** PEM. */
  readonly ca: string;
}

/** The volume in which a pod finds its ServiceAccount, changed as the kubelet does: all files by one rename. */
export class MountedAccount {
  readonly #folder: string;
  #version = 0;

  constructor(folder: string, files: AccountFiles & { readonly namespace: string }) {
    this.#folder = folder;
    mkdirSync(folder);
    for (const name of ['token', 'ca.crt', 'namespace']) symlinkSync(`..data/${name}`, join(folder, name));
    this.write(files, files.namespace);
  }

  /** Replaces both; who reads one of them meanwhile gets the old or the new one, never half of it. */
  write({ token, ca }: AccountFiles, namespace = ''): void {
    this.#version += 1;
    const data = `..${this.#version}`;
    const path = (name: string): string => join(this.#folder, name);
    mkdirSync(path(data));
    writeFileSync(join(path(data), 'token'), token);
    writeFileSync(join(path(data), 'ca.crt'), ca);
    writeFileSync(join(path(data), 'namespace'), namespace);
    symlinkSync(data, path('..data_tmp'));
    renameSync(path('..data_tmp'), path('..data'));
    rmSync(path(`..${this.#version - 1}`), { recursive: true, force: true });
  }

  /** Runs the rest of the line where the volume is mounted at its usual place: a mount namespace of its own. */
  get wrapper(): readonly string[] {
    const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
    return ['/usr/bin/unshare', ...asRoot, '--mount', '/bin/sh', '-c', MOUNT, 'sh', this.#folder];
  }
}
