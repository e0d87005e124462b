import assert from 'node:assert/strict';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { FakeApiServer } from '../fakes/api-server.ts';
import { FakeImds } from '../fakes/imds.ts';
import { demo } from './demo-process.ts';

/** A cluster that the demo did not make, and a kubeconfig for it. */
async function withCluster(
  play: (api: FakeApiServer, kubeconfigPath: string) => Promise<void>,
): Promise<void> {
  await using api = await FakeApiServer.start({}, { clock: systemClock });
  api.addNode({ name: 'node-a' });
  api.addPod({ name: 'web-0', namespace: 'shop', node: 'node-a', owner: 'ReplicaSet/web' });
  api.addPod({ name: 'agent-0', namespace: 'shop', node: 'node-a', owner: 'DaemonSet/agent' });
  await using folder = await mkdtempDisposable(join(tmpdir(), 'demo-test-'));
  const kubeconfigPath = join(folder.path, 'kubeconfig');
  await writeFile(kubeconfigPath, api.kubeconfig());
  await play(api, kubeconfigPath);
}

describe('npm run demo -- --kubeconfig', () => {
  it('says what a Spot notice would do to the node, and writes nothing whatever options the shell holds', () =>
    withCluster(async (api, kubeconfigPath) => {
      const env = { DRY_RUN: 'false', CORDON_ONLY: 'true', WEBHOOK_URL: 'http://127.0.0.1:9/hook' };
      const args = ['--fast', `--kubeconfig=${kubeconfigPath}`, '--node-name=node-a'];
      const { code, stdout, stderr } = await demo(args, env);

      assert.equal(stderr, '');
      assert.equal(code, 0, stdout);
      assert.match(stdout, /What a Spot notice would do to node node-a: a dry run/u);
      assert.match(stdout, /Pod would have been evicted, .* pod=shop\/web-0/u);
      assert.match(stdout, /Pod would have stayed .* pod=shop\/agent-0/u);
      assert.match(stdout, /Pods that would leave: 1, that would stay: 1\. Nothing was written\./u);
      assert.ok(api.requests.length > 0);
      assert.deepEqual(
        api.requests.filter(({ method }) => method !== 'GET'),
        [],
      );
    }));

  it('waits for the notice of another metadata service, and doubts the name of a node without pods', () =>
    withCluster(async (_, kubeconfigPath) => {
      await using imds = await FakeImds.start({}, { clock: systemClock });
      imds.interrupt();
      const args = ['--fast', `--imds=${imds.url}`, '--kubeconfig', kubeconfigPath, '--node-name', 'node-b'];
      const { code, stdout } = await demo(args);

      assert.equal(code, 0, stdout);
      assert.ok(stdout.includes(`Waiting for a notice of the metadata service at ${imds.url}`));
      assert.match(stdout, /No pod is on "node-b": is that the name that "kubectl get nodes" shows\?/u);
    }));

  it('fails where the pods can not be listed', () =>
    withCluster(async (api, kubeconfigPath) => {
      api.access.revoke(api.adminToken);
      const args = ['--fast', '--kubeconfig', kubeconfigPath, '--node-name', 'node-a'];
      const { code, stdout, stderr } = await demo(args);

      assert.equal(code, 1, stdout);
      assert.equal(stderr, 'The pods of the node could not be listed: the daemon says above why\n');
    }));

  it('names a kubeconfig that is not there, and starts nothing', async () => {
    const { code, stdout, stderr } = await demo(['--kubeconfig', '/nowhere/config', '--node-name', 'node-a']);

    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /^Cannot read kubeconfig "\/nowhere\/config": ENOENT.*\n$/u);
  });
});
