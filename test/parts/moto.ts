import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensurePart } from './cache.ts';
import { freePort } from './free-port.ts';
import { until } from './until.ts';
import { ProcessGroup } from './process-group.ts';
import { run } from './run.ts';

const MOTO_VERSION = '5.2.5';

/** A venv is not at home where it was built, so its scripts' first lines name a path that is gone. */
const LAUNCHER = '#!/bin/sh\nexec "$(dirname "$0")/python3" -m moto.server "$@"\n';

/** SQS, EC2 and Auto Scaling for tests of behaviour (too slow for load). */
export async function ensureMoto(): Promise<string> {
  const build = async (folder: string): Promise<void> => {
    await run('python3', ['-m', 'venv', folder]);
    const python = join(folder, 'bin', 'python3');
    await run(python, ['-m', 'pip', 'install', '--quiet', '--no-input', `moto[server]==${MOTO_VERSION}`]);
    await run(python, ['-m', 'compileall', '-q', join(folder, 'lib')]);
    const launcher = join(folder, 'bin', 'moto_server');
    await writeFile(launcher, LAUNCHER);
    await chmod(launcher, 0o755);
  };
  const folder = await ensurePart({ name: 'moto', version: MOTO_VERSION, takes: 'about 1 minute', build });
  return join(folder, 'bin', 'moto_server');
}

export interface Moto {
  /** The endpoint of every AWS service at once. */
  url: string;
  stop(): Promise<void>;
}

export async function startMoto(): Promise<Moto> {
  const command = await ensureMoto();
  const port = await freePort();
  const processes = await ProcessGroup.create('moto');
  const server = processes.start('moto', command, ['-H', '127.0.0.1', '-p', `${port}`]);
  const url = `http://127.0.0.1:${port}`;
  try {
    await until(() => answers(`${url}/moto-api/`), {
      what: 'moto answers',
      timeoutMs: 60_000,
      lost: server.lost,
    });
  } catch (error) {
    await processes.stop({ keepLogs: true });
    throw error;
  }
  return { url, stop: () => processes.stop() };
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
