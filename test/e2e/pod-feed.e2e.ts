import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ClockSkew } from '../../src/clock-skew.ts';
import { systemClock as clock } from '../../src/clock.ts';
import { ApiClient } from '../../src/kubernetes/api-client.ts';
import { ApiCluster } from '../../src/kubernetes/api-cluster.ts';
import { Credentials } from '../../src/kubernetes/credentials.ts';
import { glanceAt } from '../../src/kubernetes/pod-glance.ts';
import { RequestLanes } from '../../src/kubernetes/request-lanes.ts';
import { createMetrics } from '../../src/metrics.ts';
import { startCluster, type Cluster } from '../parts/cluster.ts';
import { until } from '../parts/until.ts';
import { recordedLog } from '../sources/imds/recorded-log.ts';
import { ServiceAccount } from './service-account.ts';

const namespace = 'shop';
const nodes = Array.from({ length: 12 }, (_, number) => `feed-${number}`);
const timeoutMs = 60_000;
const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] }];
const sharedWatch = /fieldSelector=spec\.nodeName%21%3D&/u;

/** `ApiCluster` in this process, with the rights of a ServiceAccount of its own. */
async function connect(cluster: Cluster) {
  const account = await ServiceAccount.create(cluster, { namespace: 'default', name: 'feed', rules });
  const credentials = new Credentials(
    {
      kubeconfigPath: cluster.kubeconfig('feed', await account.token()),
      serviceHost: undefined,
      servicePort: undefined,
      serviceAccountFolder: '/nowhere',
      proxyFor: () => undefined,
      certificateAuthorities: undefined,
      multiplexes: true,
    },
    { clock },
  );
  const { log: logger, warnings } = recordedLog();
  const metrics = createMetrics('e2e');
  const lanes = new RequestLanes({ concurrency: 40, qps: undefined, burst: undefined }, { clock });
  const skew = new ClockSkew({ against: 'kubernetes' }, { log: logger, metrics });
  const client = new ApiClient({ userAgent: 'feed' }, { clock, credentials, lanes, metrics, skew });
  const api = new ApiCluster(
    {
      useApiServerCache: false,
      readNamespaceAnnotations: false,
      taintEffect: undefined,
      excludeFromLoadBalancers: false,
    },
    { clock, client, logger },
  );
  return { account, api, client, warnings, close: () => credentials.close() };
}

suite('pods of many nodes on a real API server', { timeout: 10 * 60_000 }, () => {
  test('beyond eight nodes one watch is shared, whose events are told from those of other nodes', async () => {
    const cluster = await startCluster({ controllers: [], scheduler: false });
    await using parts = new AsyncDisposableStack();
    parts.defer(() => cluster.stop());
    const { account, api, client, warnings, close } = await connect(cluster);
    parts.defer(close);
    const stop = new AbortController();
    const { signal } = stop;
    parts.defer(() => stop.abort());

    await cluster.createNamespace(namespace);
    const fill = (node: string, name: string): Promise<unknown> =>
      cluster.createPods({ node, name, count: 1, namespace });
    for (const node of [...nodes, 'other']) await cluster.createNode(node);
    for (const node of nodes) await fill(node, node);

    const lines: string[] = [];
    const spy = async (): Promise<void> => {
      const request = {
        verb: 'watch',
        resource: 'pods',
        path: '/api/v1/pods?watch=true',
        urgency: 1,
        signal,
      } as const;
      for await (const line of client.watch(request, 60, (text) => text)) lines.push(String(line));
    };
    const told = new Map(nodes.map((node) => [node, [] as string[]]));
    const follow = (node: string): Promise<void> =>
      api.followPods(node, 1, ({ type }) => void told.get(node)?.push(type), signal);
    for (const task of [spy(), ...nodes.map(follow)]) task.catch(() => {});
    const seen = (what: string, isSo: () => boolean): Promise<void> =>
      until(() => Promise.resolve(isSo()), { what, timeoutMs });
    await seen('all are listed', () => [...told.values()].every(([first]) => first === 'all'));

    for (const node of nodes) {
      const [pod] = await cluster.seen<{ metadata: { name: string } }>(
        `/api/v1/pods?fieldSelector=spec.nodeName%3D${node}`,
        ([first]) => first !== undefined,
        { what: `a pod on ${node}`, timeoutMs },
      );
      const path = `/api/v1/namespaces/${namespace}/pods/${pod?.metadata.name ?? ''}?gracePeriodSeconds=0`;
      await cluster.api('DELETE', path);
    }
    await seen('all are gone', () => [...told.values()].every((types) => types.includes('gone')));
    await fill('other', 'elsewhere');
    for (const node of nodes) await fill(node, node);
    await seen('their successors have come', () =>
      [...told.values()].every((types) => types.lastIndexOf('present') > types.indexOf('gone')),
    );

    // As the server writes them: nothing but its version is read of a pod that nobody asks for.
    const ofPods = lines.filter((line) => line.includes('"nodeName":"'));
    assert.ok(ofPods.length >= nodes.length * 3);
    for (const line of ofPods) {
      assert.equal(glanceAt(line, () => false).type, 'BOOKMARK');
      const event = JSON.parse(line) as {
        type: string;
        object: { metadata: { uid: string; managedFields: object[] }; spec: { containers: object[] } };
      };
      const read = glanceAt(line, () => true);
      // Nothing else is left out, and these never fail to be.
      event.object.metadata.managedFields = [];
      event.object.spec.containers = [];
      if (event.type === 'DELETED') assert.equal(read.object?.metadata?.uid, event.object.metadata.uid);
      else assert.deepEqual(read, event);
    }
    stop.abort();
    await cluster.audit.quiet();
    const calls = await cluster.audit.events({ user: account.user, resource: 'pods' });
    const watches = calls.filter(({ verb, uri }) => verb === 'watch' && uri.includes('fieldSelector'));
    assert.ok(watches.some(({ uri }) => sharedWatch.test(uri)));
    const alone = new Set(
      watches.filter(({ uri }) => !sharedWatch.test(uri)).map(({ uri }) => uri.split('&')[1]),
    );
    assert.equal(alone.size, 8);
    assert.equal(calls.filter(({ verb }) => verb === 'list').length, nodes.length);
    assert.deepEqual(warnings(), []);
  });
});
