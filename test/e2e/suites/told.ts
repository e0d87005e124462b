import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ensureKubectl } from '../../parts/npm-parts.ts';
import { run } from '../../parts/run.ts';
import { tellFigures } from '../figures.ts';
import type { TestCluster } from '../test-cluster.ts';
import { conditionsOf } from '../told-events.ts';

const PODS = 3;
const COLUMNS =
  'custom-columns=TYPE:.type,REASON:.reason,KIND:.involvedObject.kind,COUNT:.count,FROM:.source.component,MESSAGE:.message';

/** What an operator sees with kubectl alone. */
export function toldSuite(shared: TestCluster): void {
  suite('with kubectl', { concurrency: true, timeout: 90_000 }, () => {
    test('a spot drain is listed by its events, and the node describes it', async (t) => {
      const node = await shared.node(t, { name: 'told', tells: true });
      await node.runPods({ count: PODS, labels: { app: 'web' }, endsAfterSeconds: 3 });
      const metadata = await node.startMetadata();
      const daemon = await node.startDaemon({ metadata });
      await daemon.says('Requesting instance drain');
      const kubectl = await ensureKubectl();
      const { adminKubeconfig: kubeconfig } = shared.cluster;
      const ask = (...args: string[]): Promise<string> => run(kubectl, ['--kubeconfig', kubeconfig, ...args]);
      await daemon.says('Node successfully cordoned and drained');
      assert.deepEqual(await daemon.stop(), { code: 0, signal: null });

      const listed = await ask('get', 'events', '--all-namespaces', '--output', COLUMNS);
      const from = 'aws-node-termination-handler';
      const told = await node.told();
      const { message = '' } = told.find(({ reason }) => reason === 'SpotInterruption') ?? {};
      const [, time = ''] = /interrupted at (\S+)/.exec(message) ?? [];
      const why = `Spot ITN received. Instance will be interrupted at ${time}`;
      assert.deepEqual(
        told.map(({ type, reason, message }) => `${type} ${reason} ${message}`).sort(),
        [
          'Normal CordonAndDrain Node successfully cordoned and drained',
          ...Array.from(
            { length: PODS },
            () => `Normal PodEviction Pod evicted due to node drain (node told): ${why}`,
          ),
          'Normal PreDrain Pre-drain task successfully executed',
          `Normal SpotInterruption ${why}`,
        ].sort(),
      );
      for (const { reason, type, involvedObject } of told) {
        const row = new RegExp(`^${type} +${reason} +${involvedObject.kind} +1 +${from} +`, 'mu');
        assert.match(listed, row);
      }
      const { metadata: object } = await node.object();
      const onNode = told.find(({ involvedObject }) => involvedObject.kind === 'Node');
      assert.equal(onNode?.involvedObject.uid, object.uid);
      assert.equal(onNode?.source.host, 'told');
      assert.equal(onNode.metadata.namespace, 'default');
      assert.equal(Object.keys(onNode.metadata.annotations ?? {}).length, 11, 'ten of NTH, and one of ours');
      const onPod = told.find(({ involvedObject }) => involvedObject.kind === 'Pod');
      assert.deepEqual(onPod?.metadata.annotations, { app: 'web', node: 'told' });

      assert.deepEqual(await conditionsOf(node), [
        'DrainInProgress=False SPOT_ITN',
        'Drained=True SPOT_ITN',
        'MaintenanceInProgress=True SPOT_ITN',
        'MaintenancePlanned=True SPOT_ITN',
      ]);
      const described = await ask('describe', 'node', 'told');
      for (const text of ['SpotInterruption', 'CordonAndDrain', 'MaintenancePlanned', 'Drained']) {
        assert.ok(described.includes(text), described);
      }
      tellFigures('kubectl describe node, of a drain', [`\n${excerpt(described)}`]);
    });
  });
}

/** The conditions and events of what `kubectl describe` prints. */
function excerpt(described: string): string {
  const part = (from: string, to: RegExp): string => {
    const rest = described.slice(described.indexOf(from));
    return rest.slice(0, to.exec(rest)?.index);
  };
  return `${part('Conditions:', /\nAddresses:|\nCapacity:/)}\n${part('Events:', /$/)}`;
}
