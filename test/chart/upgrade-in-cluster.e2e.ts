import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { after, before, suite, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { Workloads } from '../e2e/workloads.ts';
import nthValues from '../fixtures/chart-values.json' with { type: 'json' };
import { FakeImds } from '../fakes/imds.ts';
import { freePort } from '../parts/free-port.ts';
import type { Node } from '../parts/objects.ts';
import { chartFolder, type Values } from './helm.ts';
import { queueMode } from './modes.ts';
import { uncordonAsNthDoes } from './nth-after-us.ts';
import { NAMESPACE, ReleaseInCluster, type ReleasePod } from './release-in-cluster.ts';

const nthLayout = fileURLToPath(new URL('../fixtures/nth-layout', import.meta.url));
const NODE = 'the-node';
const APPS = 'apps';
const shared = ReleaseInCluster.forThisFile();

/** How releases came about: with Helm 3, and with Helm 4. */
const applied = { 'Helm 3': '--server-side=false', 'Helm 4': '--server-side=true' } as const;

function uidOf(kind: string, release: string): Promise<string | undefined> {
  const path = `/apis/apps/v1/namespaces/${NAMESPACE}/${kind}/${release}-aws-node-termination-handler`;
  return shared.cluster.api('GET', path).then(({ metadata }) => metadata.uid);
}

function isOf(image: RegExp): (pod: ReleasePod) => boolean {
  return ({ spec }) => image.test(spec.containers[0].image);
}

const nths = isOf(/:v1\.25\.3$/);
const ours = isOf(/:v0\./);

suite('a release of the chart of NTH', { timeout: 240_000 }, () => {
  before(async () => {
    await shared.cluster.createNode(NODE);
    await shared.cluster.createNode('another-node');
    await shared.cluster.createNamespace(APPS);
  });

  for (const [helm, flag] of Object.entries(applied)) {
    test(`made by ${helm} in queue mode is upgraded in place and rolled back`, async () => {
      const release = helm.toLowerCase().replace(' ', '-');
      await shared.helm(['install', release, nthLayout, flag, '--values', '-'], queueMode);
      const [before] = await shared.pods(release, 1, nths);
      const uid = await uidOf('deployments', release);
      await shared.helm(['upgrade', release, chartFolder, '--values', '-'], {
        ...queueMode,
        enablePrometheusServer: true,
      });
      const [after] = await shared.pods(release, 1, ours);
      assert.equal(await uidOf('deployments', release), uid, 'the same Deployment');
      assert.notEqual(after?.metadata.uid, before?.metadata.uid);
      await shared.helm(['rollback', release, '1']);
      await shared.pods(release, 1, nths);
      assert.equal(await uidOf('deployments', release), uid);
      await shared.helm(['uninstall', release]);
    });
  }

  suite('in IMDS mode', () => {
    const RELEASE = 'nth';
    let imds: FakeImds;
    let values: Values;
    let uid: string | undefined;
    let earlier: Node;

    before(async () => {
      imds = await FakeImds.start({ allowsVersion1: false }, { clock: systemClock });
      // A values file for the chart of NTH.
      values = {
        instanceMetadataURL: imds.url,
        taintNode: true,
        enableProbesServer: true,
        probes: { httpGet: { path: '/healthz', port: await freePort() } },
        prometheusServerPort: await freePort(),
        procUptimeFile: '/proc/uptime',
      };
    });
    after(() => imds.stop());

    test('is upgraded in place with its values, its pods replaced', async () => {
      const allValues = { ...nthValues, ...values };
      await shared.helm(['install', RELEASE, nthLayout, applied['Helm 3'], '--values', '-'], allValues);
      await shared.pods(RELEASE, 2, nths);
      uid = await uidOf('daemonsets', RELEASE);
      await shared.helm(['upgrade', RELEASE, chartFolder, '--reuse-values']);
      await shared.pods(RELEASE, 2, ours);
      assert.equal(await uidOf('daemonsets', RELEASE), uid, 'the same DaemonSet');
    });

    test('leaves in mid-drain what NTH needs, for which it is exchanged then', async () => {
      earlier = await shared.cluster.api<Node>('GET', `/api/v1/nodes/${NODE}`);
      await shared.cluster.createPods({
        node: NODE,
        namespace: APPS,
        name: 'held',
        count: 1,
        labels: { app: 'held' },
      });
      const workloads = new Workloads({ namespace: APPS, nodeSelector: {} }, shared);
      await workloads.guard('held', { minAvailable: 1 });
      await workloads.ready('held', 1);
      const event = {
        EventId: 'instance-event-0d59937288b749b32',
        Code: 'system-reboot',
        State: 'active',
        Description: 'reboot',
      };
      imds.set('events/maintenance/scheduled', [
        { ...event, NotBefore: awsTime(-60), NotAfter: awsTime(3600) },
      ]);
      const startedAt = Math.floor(Date.now() / 1000);
      const pod =
        (await shared.pods(RELEASE, 2, ours)).find(({ spec }) => spec.nodeName === NODE) ?? assert.fail();
      const daemon = await shared.startDaemon(pod);
      await daemon.says('Node marked');
      await daemon.says('Requesting instance drain');
      await daemon.stop('SIGKILL');

      const { metadata, spec } = await shared.cluster.api<Node>('GET', `/api/v1/nodes/${NODE}`);
      const labels = metadata.labels ?? {};
      assert.equal(labels['aws-node-termination-handler/action'], 'UncordonAfterReboot');
      assert.equal(labels['aws-node-termination-handler/event-id'], event.EventId);
      assert.ok(Number(labels['aws-node-termination-handler/action-time']) >= startedAt);
      assert.equal(spec.unschedulable, true);
      assert.deepEqual(
        spec.taints?.filter(({ key }) => key.startsWith('aws-')),
        [
          {
            key: 'aws-node-termination-handler/scheduled-maintenance',
            value: event.EventId,
            effect: 'NoSchedule',
          },
        ],
      );
    });

    test('goes back by helm rollback, and NTH uncordons after the reboot', async () => {
      await shared.helm(['rollback', RELEASE, '1']);
      const pods = await shared.pods(RELEASE, 2, nths);
      assert.equal(await uidOf('daemonsets', RELEASE), uid);
      // With NTH's own rights, on its own node, where a policy of ours that is not gone yet would let it as well.
      const pod = pods.find(({ spec }) => spec.nodeName === NODE) ?? assert.fail();
      const client = shared.client(await shared.token(pod));
      assert.equal(await uncordonAsNthDoes(client, NODE, Date.now() - 3_600_000), false, 'not booted since');
      assert.equal(await uncordonAsNthDoes(client, NODE, Date.now() + 1_000), true);
      const { metadata, spec } = await shared.cluster.api<Node>('GET', `/api/v1/nodes/${NODE}`);
      assert.deepEqual(metadata.labels, earlier.metadata.labels);
      assert.equal(spec.unschedulable, undefined);
      assert.deepEqual(spec.taints ?? [], earlier.spec.taints ?? []);
    });
  });
});

/** As the metadata service writes times: `21 Jan 2019 09:00:43 GMT`. */
function awsTime(inSeconds: number): string {
  return new Date(Date.now() + inSeconds * 1000).toUTCString().replace(/^\w+, /, '');
}
