import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { render, type RenderOptions, type Values } from './helm.ts';
import { everythingOfQueueMode, queueMode } from './modes.ts';
import { ReleaseInCluster } from './release-in-cluster.ts';
import { only, workloadOf } from './workload.ts';

const shared = ReleaseInCluster.forThisFile({ controllers: [], scheduler: false, kubelets: false });

/** The API server's own Pod Security admission. https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
suite('the pods, where Pod Security is enforced', { timeout: 60_000 }, () => {
  before(async () => {
    for (const level of ['restricted', 'baseline']) {
      await shared.cluster.createNamespace(level);
      const labels = { 'pod-security.kubernetes.io/enforce': level };
      await shared.cluster.api('PATCH', `/api/v1/namespaces/${level}`, { metadata: { labels } });
    }
  });

  /** What kubectl says of the pod of a workload, or of the test. */
  async function told(level: string, values: Values, ofTest = false): Promise<string> {
    const options: RenderOptions = { namespace: level, tests: true };
    const manifests = await render(values, options);
    const account = manifests.filter(({ kind }) => kind === 'ServiceAccount');
    const { metadata, spec } = workloadOf(manifests).spec.template;
    const ofWorkload = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...metadata, name: 'pod', namespace: level },
      spec,
    };
    const items = [...account, ofTest ? only(manifests, 'Pod') : ofWorkload];
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    await shared.kubectl(['apply', '--server-side', '-f', '-'], JSON.stringify(account[0]));
    return (await shared.kubectl(['apply', '--server-side', '--dry-run=server', '-f', '-'], list)).output;
  }

  test('are let in at the level restricted in queue mode, and in IMDS mode off the host network', async () => {
    for (const values of [
      queueMode,
      everythingOfQueueMode,
      { useHostNetwork: false, enableProbesServer: true },
    ]) {
      assert.match(await told('restricted', values), /pod\/pod serverside-applied/);
      assert.match(
        await told('restricted', values, true),
        /pod\/nth-aws-node-termination-handler-test serverside-applied/,
      );
    }
  });

  test("are not let in below privileged in IMDS mode on the host's network", async () => {
    for (const level of ['restricted', 'baseline']) {
      assert.match(await told(level, {}), /violates PodSecurity .*host namespaces \(hostNetwork=true\)/);
    }
  });
});
