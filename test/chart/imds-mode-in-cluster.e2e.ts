import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { FakeImds } from '../fakes/imds.ts';
import { assertMarks, drainedNode } from './node-marks.ts';
import { testOutput } from './helm-test.ts';
import { Volumes } from '../e2e/volumes.ts';
import { Workloads } from '../e2e/workloads.ts';
import { ApiError } from '../parts/api-client.ts';
import { freePort } from '../parts/free-port.ts';
import type { KubernetesObject, Pod } from '../parts/objects.ts';
import { until } from '../parts/until.ts';
import { parseManifests, renderText, type Manifest } from './helm.ts';
import { NAMESPACE, ReleaseInCluster, type ReleasePod } from './release-in-cluster.ts';
import { thefts } from './thefts.ts';
import { grantedRights, usedRights } from './used-rights.ts';
import { only, type ClusterRole } from './workload.ts';

const OWN = 'own-node';
const OTHER = 'other-node';
const RELEASE = 'nth';
const APPS = 'apps';
const ON_OWN = { place: 'own' };
/** Only asked for after a conflict, which no test can time on a real server; test/docs does on the fake one. */
const RIGHTS_FOR_CONFLICTS = ['get pods'];

const shared = ReleaseInCluster.forThisFile();

interface Policy extends KubernetesObject {
  readonly status?: { readonly typeChecking?: { readonly expressionWarnings?: readonly unknown[] } };
}

suite('a release in IMDS mode, on the real API server', { timeout: 240_000 }, () => {
  let manifests: readonly Manifest[];
  let pod: ReleasePod;
  let token: string;
  let kubeconfig: string;
  let imds: FakeImds;

  before(async () => {
    await shared.cluster.createNode(OWN, { labels: ON_OWN });
    await shared.cluster.createNode(OTHER);
    await shared.cluster.createNamespace(APPS);
    imds = await FakeImds.start({ allowsVersion1: false }, { clock: systemClock });
  });
  after(() => imds.stop());

  test('is taken by kubectl apply --server-side without a warning', async () => {
    const text = await renderText(
      {
        enableProbesServer: true,
        enablePrometheusServer: true,
        prometheusServerPort: await freePort(),
        probes: { httpGet: { port: await freePort() } },
        instanceMetadataURL: imds.url,
        taintNode: true,
        excludeFromLoadBalancers: true,
        emitKubernetesEvents: true,
        nodeRestriction: { evictions: true },
        enableRebalanceDraining: true,
        config: {
          'read-namespace-annotations': true,
          // So that it fails soon, again and again.
          'interruption-policy': {
            REBALANCE_RECOMMENDATION: { response: 'drain', nodeGracePeriodSeconds: 3 },
          },
        },
      },
      { release: RELEASE, tests: true },
    );
    manifests = parseManifests(text);
    // The test's pod is for `helm test`.
    const applied = JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: manifests.filter(({ kind }) => kind !== 'Pod'),
    });
    const { code, output } = await shared.kubectl(
      ['apply', '--server-side', '--validate=strict', '-f', '-'],
      applied,
    );
    assert.equal(code, 0, output);
    assert.doesNotMatch(output, /warning/iu);

    const pods = await shared.pods(RELEASE, 2);
    assert.deepEqual(new Set(pods.map(({ spec }) => spec.nodeName)), new Set([OTHER, OWN]));
    pod = pods.find(({ spec }) => spec.nodeName === OWN) ?? assert.fail();
    token = await shared.token(pod);
    kubeconfig = shared.cluster.kubeconfig('stolen', token);
  });

  test('has policies without an error in them', async () => {
    const policies = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
    const checked = await shared.cluster.seen<Policy>(
      policies,
      (all) => all.length === 3 && all.every(({ status }) => status?.typeChecking),
      {
        what: 'the policies are checked',
        timeoutMs: 30_000,
      },
    );
    assert.deepEqual(
      checked.flatMap(({ status }) => status?.typeChecking?.expressionWarnings ?? []),
      [],
    );
  });

  suite('does not let a thief of its token', () => {
    const attempts = thefts({ own: OWN, other: OTHER, namespace: APPS });
    before(async () => {
      await shared.cluster.createPods({ node: OTHER, namespace: APPS, name: 'elsewhere', count: 1 });
      await shared.cluster.createPods({ node: OWN, namespace: APPS, name: 'web', count: 3 });
      await shared.refuses(token, attempts);
    });

    for (const theft of attempts) {
      test(theft.what, async () => {
        const { method, path, body, contentType, says } = theft;
        const error = await shared
          .client(token)
          .call(method, path, body, contentType)
          .then(
            () => assert.fail('it may'),
            (refusal: unknown) => refusal,
          );
        assert.ok(error instanceof ApiError);
        assert.equal(error.statusCode, 403);
        const { message } = JSON.parse(error.body) as { readonly message: string };
        assert.ok(message.includes(says), message);
      });
    }

    test('do anything with a token that is for no pod', async () => {
      const token = await shared.cluster.serviceAccountToken(NAMESPACE, pod.spec.serviceAccountName);
      const { output } = await shared.kubectl(
        ['cordon', OWN],
        '',
        shared.cluster.kubeconfig('unbound', token),
      );
      assert.match(output, /Cannot change this node: the token is for a pod on ""/);
    });

    test('but it may cordon its own node, and everybody else may do what they could', async () => {
      for (const [verb, as] of [
        ['cordon', kubeconfig],
        ['uncordon', kubeconfig],
        ['cordon', shared.cluster.adminKubeconfig],
        ['uncordon', shared.cluster.adminKubeconfig],
      ] as const) {
        const { code, output } = await shared.kubectl([verb, OWN], '', as);
        assert.equal(code, 0, output);
      }
      const { code, output } = await shared.kubectl(['label', 'node', OTHER, 'team=theirs']);
      assert.equal(code, 0, output);
    });
  });

  test('drains its node with the rendered variables, token and rights', async () => {
    const { cluster } = shared;
    const workloads = new Workloads({ namespace: APPS, nodeSelector: ON_OWN }, { cluster });
    const volumes = new Volumes({ namespace: APPS }, { cluster });
    const volume = await volumes.bind('data');
    await volumes.attach(volume, OWN);
    const claim = { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] };
    await cluster.createPods({ node: OWN, namespace: APPS, name: 'db', count: 1, spec: claim });
    await workloads.run('daemonsets', 'agent', {});
    await workloads.guard('held', { minAvailable: 1 });
    await cluster.createPods({
      node: OWN,
      namespace: APPS,
      name: 'held',
      count: 1,
      labels: { app: 'held' },
      gracePeriodSeconds: 3,
    });
    await workloads.ready('agent', 1);
    await workloads.ready('held', 1);

    imds.interrupt('terminate', 45_000);
    const daemon = await shared.startDaemon(pod);
    await asked('watch', 'volumeattachments');
    await volumes.detach(volume, OWN);
    await daemon.says('Node successfully cordoned and drained');
    assertMarks(await drainedNode(cluster, OWN));
    const left = await cluster.api<{ items: Pod[] } & KubernetesObject>(
      'GET',
      `/api/v1/namespaces/${APPS}/pods`,
    );
    const leftOnOwn = left.items
      .filter(({ spec }) => spec.nodeName === OWN)
      .map(({ metadata }) => metadata.name);
    assert.ok(
      leftOnOwn.every((name) => name.startsWith('agent-')),
      leftOnOwn.join(),
    );

    // The other node's daemon does not run.
    assert.match(await testOutput(shared, pod, manifests), /1 of 2 daemons answer/u);
    assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
    assert.equal(daemon.count('Not allowed'), 0);
    assert.equal(daemon.count('Pod deleted past its disruption budget'), 1);
  });

  test('counts what happens again', async () => {
    const labels = { app: 'stuck' };
    await new Workloads({ namespace: APPS, nodeSelector: {} }, shared).guard('stuck', { minAvailable: 1 });
    await shared.cluster.createPods({ node: OTHER, namespace: APPS, name: 'stuck', count: 1, labels });
    imds.clear('spot/instance-action');
    imds.recommendRebalance();
    const other =
      (await shared.pods(RELEASE, 2)).find(({ spec }) => spec.nodeName === OTHER) ?? assert.fail();
    const daemon = await shared.startDaemon(other);
    await asked('patch', 'events');
    await daemon.stop('SIGKILL');
  });

  test('has no right that is not used', async () => {
    const { used } = await usedRights(shared.cluster, user());
    const granted = grantedRights(only(manifests, 'ClusterRole') as ClusterRole);
    assert.deepEqual(
      granted.filter((right) => !used.includes(right)),
      RIGHTS_FOR_CONFLICTS,
    );
  });

  function user(): string {
    return `system:serviceaccount:${NAMESPACE}:${pod.spec.serviceAccountName}`;
  }

  async function asked(verb: string, resource: string): Promise<void> {
    const isAsked = async (): Promise<boolean> =>
      (await shared.cluster.audit.events({ user: user(), verb, resource })).length > 0;
    await until(isAsked, {
      what: `the daemon asked to ${verb} ${resource}`,
      timeoutMs: 60_000,
      everyMs: 500,
    });
  }
});
