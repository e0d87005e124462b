import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { suite, test } from 'node:test';
import { outdatedManifests } from '../../.ci/generate-manifests.ts';
import { ensureKubectl } from '../parts/npm-parts.ts';
import { run } from '../parts/run.ts';
import { parseManifests, render, type Manifest } from './helm.ts';
import { containerOf, only, workloadOf, type ClusterRole } from './workload.ts';

const config = fileURLToPath(new URL('../../config/', import.meta.url));

async function build(path: string): Promise<Manifest[]> {
  return parseManifests(await run(await ensureKubectl(), ['kustomize', config + path]));
}

function kinds(manifests: readonly Manifest[]): string[] {
  return manifests.map(({ kind }) => kind).sort();
}

suite('kubectl apply -k', { concurrency: 2 }, () => {
  test('has manifests that are those of the chart', async () => {
    assert.deepEqual(await outdatedManifests(), [], 'run npm run manifests');
  });

  test('gives IMDS mode from config/base', async () => {
    const manifests = await build('base');
    assert.deepEqual(kinds(manifests), ['ClusterRole', 'ClusterRoleBinding', 'DaemonSet', 'ServiceAccount']);
    const rendered = workloadOf(await render({}, { release: 'aws-node-termination-handler' }));
    assert.deepEqual(workloadOf(manifests).spec, rendered.spec);
    assert.doesNotMatch(JSON.stringify(manifests), /helm/iu);
  });

  test('gives queue mode from the overlay, with its rights and the URL of a ConfigMap', async () => {
    const manifests = await build('overlays/queue');
    assert.deepEqual(kinds(manifests), [
      'ClusterRole',
      'ClusterRoleBinding',
      'ConfigMap',
      'Deployment',
      'ServiceAccount',
    ]);
    const { rules } = only(manifests, 'ClusterRole') as ClusterRole;
    assert.deepEqual(rules[0]?.verbs, ['get', 'list', 'watch', 'patch']);
    const url = containerOf(workloadOf(manifests)).env.find(({ name }) => name === 'QUEUE_URL');
    const { metadata } = only(manifests, 'ConfigMap');
    // The name changes with the URL, so that another one replaces the pods.
    assert.deepEqual(url?.valueFrom, { configMapKeyRef: { name: metadata.name, key: 'url' } });
    assert.match(metadata.name, /^aws-node-termination-handler-queue-\w+$/);
  });

  test('adds the policies from the overlay', async () => {
    const manifests = await build('overlays/node-restriction');
    assert.equal(manifests.filter(({ kind }) => kind === 'ValidatingAdmissionPolicy').length, 2);
    assert.equal(manifests.length, 8);
  });
});
