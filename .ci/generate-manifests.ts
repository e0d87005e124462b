// Writes the manifests under config/ from the chart; with --check, writes nothing and fails where one is out of date.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { renderText, type Values } from '../test/chart/helm.ts';

const root = fileURLToPath(new URL('../config/', import.meta.url));
const head = '# Made from the chart by `npm run manifests`; do not edit.\n';

/** What of a manifest only Helm has a use for. */
const helmsOwn = /^ *(?:# Source: .*|app\.kubernetes\.io\/managed-by: Helm|helm\.sh\/chart: .*)\n/gm;

/** Where the overlay's queue URL comes from. */
const queueUrl = {
  name: 'QUEUE_URL',
  valueFrom: { configMapKeyRef: { name: 'aws-node-termination-handler-queue', key: 'url' } },
};
const queueMode: Values = { enableSqsTerminationDraining: true, extraEnv: [queueUrl] };

interface Made {
  readonly path: string;
  readonly values: Values;
  /** Of these kinds, in their order in the rendered chart. */
  readonly kinds: readonly string[];
}

const made: readonly Made[] = [
  {
    path: 'base/resources.yaml',
    values: {},
    kinds: ['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'DaemonSet'],
  },
  { path: 'overlays/queue/cluster-role.yaml', values: queueMode, kinds: ['ClusterRole'] },
  { path: 'overlays/queue/deployment.yaml', values: queueMode, kinds: ['Deployment'] },
  {
    path: 'overlays/node-restriction/policies.yaml',
    values: {},
    kinds: ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'],
  },
];

/** The manifests by path from the root of config/, as the chart makes them now. */
export async function manifests(): Promise<ReadonlyMap<string, string>> {
  const entries = made.map(async ({ path, values, kinds }): Promise<[string, string]> => {
    const rendered = await renderText(values, { release: 'aws-node-termination-handler' });
    const documents = rendered
      .split(/^---\n/m)
      .filter((document) => kinds.includes(/^kind: (\w+)$/m.exec(document)?.[1] ?? ''));
    return [path, head + documents.map((document) => document.replaceAll(helmsOwn, '')).join('---\n')];
  });
  return new Map(await Promise.all(entries));
}

/** Those that differ from what the chart makes now. */
export async function outdatedManifests(): Promise<string[]> {
  const checked = [...(await manifests())].map(async ([path, text]) => {
    const current = await readFile(root + path, 'utf8').catch(() => '');
    return current === text ? [] : [path];
  });
  return (await Promise.all(checked)).flat();
}

async function main(): Promise<void> {
  const outdated = await outdatedManifests();
  if (process.argv.includes('--check')) {
    for (const path of outdated) console.error(`config/${path} is out of date: run npm run manifests`);
    process.exitCode = outdated.length === 0 ? 0 : 1;
    return;
  }
  const texts = await manifests();
  for (const path of outdated) {
    await writeFile(root + path, texts.get(path) ?? '');
    console.log(`Wrote config/${path}`);
  }
}

if (import.meta.main) await main();
