import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { Workloads } from '../e2e/workloads.ts';
import { Volumes } from '../e2e/volumes.ts';
import { FakeAws } from '../fakes/aws.ts';
import { ApiError } from '../parts/api-client.ts';
import { freePort } from '../parts/free-port.ts';
import { until } from '../parts/until.ts';
import { spotWarning } from '../sources/sqs/messages.ts';
import { parseManifests, renderText, type Manifest } from './helm.ts';
import { drainedNode, assertMarks } from './node-marks.ts';
import { NAMESPACE, ReleaseInCluster, type ReleasePod } from './release-in-cluster.ts';
import { thefts } from './thefts.ts';
import { grantedRights, usedRights } from './used-rights.ts';
import { only, type ClusterRole } from './workload.ts';

const OWN = 'own-node';
const DRAINED = 'other-node';
const RELEASE = 'nth';
const APPS = 'apps';
const INSTANCE = 'i-0a1b2c3d4e5f60001';
const ON_DRAINED = { place: 'drained' };
/** Asked for after a conflict, and where something happens again: npm test and the release in IMDS mode have these. */
const RIGHTS_FOR_RARE_CASES = ['get pods', 'patch events'];
/** In this mode they are its work. */
const itsWork = new Set([
  'cordon another node',
  'taint another node',
  'change the status of a pod of another node',
  'delete a pod of another node',
  'evict a pod of another node',
]);
const shared = ReleaseInCluster.forThisFile();

suite('a release in queue mode, on the real API server', { timeout: 180_000 }, () => {
  let manifests: readonly Manifest[];
  let pod: ReleasePod;
  let token: string;
  let aws: FakeAws;

  before(async () => {
    await shared.cluster.createNode(OWN, { labels: { place: 'own' } });
    const providerID = `aws:///us-east-1a/${INSTANCE}`;
    await shared.cluster.createNode(DRAINED, { providerID, labels: ON_DRAINED });
    await shared.cluster.createNamespace(APPS);
    aws = await FakeAws.start({}, { clock: systemClock });
  });
  after(() => aws.stop());

  test('is taken by kubectl apply --server-side without a warning', async () => {
    const text = await renderText(
      {
        enableSqsTerminationDraining: true,
        queueURL: aws.queueUrl,
        awsRegion: 'us-east-1',
        awsEndpoint: aws.url,
        awsAccessKeyID: 'AKIDEXAMPLE',
        awsSecretAccessKey: 'secret',
        checkTagBeforeDraining: false,
        enablePrometheusServer: true,
        prometheusServerPort: await freePort(),
        probes: { httpGet: { port: await freePort() } },
        taintNode: true,
        excludeFromLoadBalancers: true,
        emitKubernetesEvents: true,
        nodeSelector: { place: 'own' },
        config: { 'read-namespace-annotations': true },
      },
      { release: RELEASE },
    );
    manifests = parseManifests(text);
    const { code, output } = await shared.kubectl(
      ['apply', '--server-side', '--validate=strict', '-f', '-'],
      text,
    );
    assert.equal(code, 0, output);
    assert.doesNotMatch(output, /warning/iu);
    pod = (await shared.pods(RELEASE, 1))[0] ?? assert.fail();
    token = await shared.token(pod);
  });

  suite('does not let a thief of its token', () => {
    const every = thefts({ own: OWN, other: DRAINED, namespace: APPS });
    const attempts = every.filter(({ what }) => !itsWork.has(what));
    before(async () => {
      await shared.cluster.createPods({ node: DRAINED, namespace: APPS, name: 'elsewhere', count: 1 });
      await shared.cluster.createPods({ node: OWN, namespace: APPS, name: 'web', count: 1 });
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
        // Whose node it is does not matter here.
        const said = says.includes('this node') ? 'Cannot change labels other than those' : says;
        assert.ok(error.body.includes(said), error.body);
      });
    }
  });

  test('drains a node for a message, with the rendered variables, token and rights', async () => {
    const { cluster } = shared;
    const workloads = new Workloads({ namespace: APPS, nodeSelector: ON_DRAINED }, { cluster });
    const volumes = new Volumes({ namespace: APPS }, { cluster });
    const volume = await volumes.bind('data');
    await volumes.attach(volume, DRAINED);
    const claim = { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] };
    await cluster.createPods({ node: DRAINED, namespace: APPS, name: 'db', count: 1, spec: claim });
    await workloads.run('daemonsets', 'agent', {});
    await workloads.guard('held', { minAvailable: 1 });
    const held = { labels: { app: 'held' }, gracePeriodSeconds: 90 };
    await cluster.createPods({ node: DRAINED, namespace: APPS, name: 'held', count: 1, ...held });
    await workloads.ready('agent', 1);
    await workloads.ready('held', 1);

    const daemon = await shared.startDaemon(pod);
    await daemon.ready();
    aws.sqs.queue.send(JSON.stringify(spotWarning(INSTANCE, new Date().toISOString())));
    await asked('watch', 'volumeattachments');
    await volumes.detach(volume, DRAINED);
    await daemon.says('Node successfully cordoned and drained');
    assertMarks(await drainedNode(cluster, DRAINED));
    await until(async () => aws.count('DeleteMessageBatch') > 0, {
      what: 'the message is deleted',
      timeoutMs: 30_000,
    });
    assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
    assert.equal(daemon.count('Not allowed'), 0);
  });

  test('has no right that is not used', async () => {
    const { used } = await usedRights(shared.cluster, user());
    const granted = grantedRights(only(manifests, 'ClusterRole') as ClusterRole);
    assert.deepEqual(
      granted.filter((right) => !used.includes(right)),
      RIGHTS_FOR_RARE_CASES,
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
      timeoutMs: 120_000,
      everyMs: 500,
    });
  }
});
