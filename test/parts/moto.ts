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

/** In which tests are. */
const region = 'eu-central-1';

/** The one machine image there is. */
export const motoImageId = 'ami-0123456789abcdef0';

/** In place of its own, over a megabyte of XML in one answer, which keep it from answering anybody else. */
const images = [
  {
    ami_id: motoImageId,
    state: 'available',
    public: true,
    owner_id: '123456789012',
    image_location: 'amazon/image',
    sriov: 'simple',
    root_device_type: 'ebs',
    root_device_name: '/dev/xvda',
    description: 'Of tests',
    image_type: 'machine',
    platform: null,
    architecture: 'x86_64',
    name: 'image',
    virtualization_type: 'hvm',
    hypervisor: 'xen',
  },
];

export interface Moto {
  /** The endpoint of every AWS service at once. */
  url: string;
  stop(): Promise<void>;
}

export async function startMoto(): Promise<Moto> {
  const command = await ensureMoto();
  const port = await freePort();
  const processes = await ProcessGroup.create('moto');
  const imagesPath = join(processes.folder, 'images.json');
  await writeFile(imagesPath, JSON.stringify(images));
  const server = processes.start('moto', command, ['-H', '127.0.0.1', '-p', `${port}`], {
    MOTO_AMIS_PATH: imagesPath,
  });
  const url = `http://127.0.0.1:${port}`;
  try {
    await until(() => answers(`${url}/moto-api/`), {
      what: 'moto answers',
      timeoutMs: 60_000,
      lost: server.lost,
    });
    await warmUp(url);
  } catch (error) {
    await processes.stop({ keepLogs: true });
    throw error;
  }
  return { url, stop: () => processes.stop() };
}

/** The first request to EC2 makes it load that service, which on a busy machine may take longer than clients wait. */
async function warmUp(url: string): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      // By which moto tells the service and the region.
      authorization: `AWS4-HMAC-SHA256 Credential=warm/20300101/${region}/ec2/aws4_request`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: 'Action=DescribeImages&Version=2016-11-15',
    signal: AbortSignal.timeout(120_000),
  });
  const body = await response.text();
  if (!response.ok || !body.includes(motoImageId)) throw new Error(`moto has no image: ${body}`);
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
