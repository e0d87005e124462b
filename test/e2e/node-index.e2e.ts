import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { ClockSkew } from '../../src/clock-skew.ts';
import { systemClock as clock } from '../../src/clock.ts';
import { Health } from '../../src/health.ts';
import { ApiClient } from '../../src/kubernetes/api-client.ts';
import { Credentials } from '../../src/kubernetes/credentials.ts';
import { NodeIndex } from '../../src/kubernetes/node-index.ts';
import { RequestLanes } from '../../src/kubernetes/request-lanes.ts';
import { createMetrics } from '../../src/metrics.ts';
import { Fleet } from '../bench/fleet.ts';
import { startCluster, type Cluster } from '../parts/cluster.ts';
import { until } from '../parts/until.ts';
import { recordedLog } from '../sources/imds/recorded-log.ts';
import { rightsOfNthChart, ServiceAccount, type Rule } from './service-account.ts';

const fleetSize = 600;
const timeoutMs = 60_000;
const rights: readonly Rule[] = [{ apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] }];
const nodePath = (name: string): string => `/api/v1/nodes/${name}`;

/** The index, in this process, with the rights of a ServiceAccount of its own. */
async function follow(cluster: Cluster, name: string, rules: readonly Rule[]) {
  const account = await ServiceAccount.create(cluster, { namespace: 'default', name, rules });
  const writeKubeconfig = async () => cluster.kubeconfig(name, await account.token());
  const options = { serviceHost: undefined, servicePort: undefined, serviceAccountFolder: '/nowhere' };
  const kubeconfigPath = await writeKubeconfig();
  const credentials = new Credentials(
    {
      ...options,
      kubeconfigPath,
      proxyFor: () => undefined,
      certificateAuthorities: undefined,
      multiplexes: true,
    },
    { clock },
  );
  const { log: logger, warnings } = recordedLog();
  const metrics = createMetrics('e2e');
  const lanes = new RequestLanes({ concurrency: 5, qps: undefined, burst: undefined }, { clock });
  const skew = new ClockSkew({ against: 'kubernetes' }, { log: logger, metrics });
  const client = new ApiClient({ userAgent: 'index' }, { clock, credentials, lanes, metrics, skew });
  const condition = new Health(clock).condition('nodes');
  const index = new NodeIndex({ clock, client, logger, metrics, condition });
  const changes: string[] = [];
  index.onChange(({ type, node }) => {
    changes.push(`${type} ${node.name}`);
  });
  const stop = new AbortController();
  const ended = index.run(stop.signal);
  await index.listed;
  return {
    index,
    account,
    changes,
    writeKubeconfig,
    warned: () => warnings().map(({ message }) => message),
    calls: async () => {
      await cluster.audit.quiet();
      return cluster.audit.events({ user: account.user });
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort(new Error('stops'));
      await ended;
      credentials.close();
    },
  };
}

suite('the index of nodes on a real API server', { timeout: 20 * 60_000 }, () => {
  let cluster: Cluster;
  let fleet: Fleet;
  before(async () => {
    cluster = await startCluster({ controllers: [], scheduler: false, kubelets: false });
    fleet = await Fleet.create(cluster, { count: fleetSize, bytesPerNode: 12_000 });
  });
  after(() => cluster.stop());
  const seen = (what: string, isSo: () => unknown): Promise<void> =>
    until(() => Promise.resolve(Boolean(isSo())), { what, timeoutMs });

  test('pages are listed once, changes told, heartbeats not', async () => {
    await using it = await follow(cluster, 'pages', rights);
    const { index } = it;
    assert.equal(index.size, fleetSize);
    const [first] = index.nodes();
    assert.equal(index.byInstanceId(first?.instanceId ?? ''), first);
    assert.equal(index.byPrivateDnsName(first?.name ?? ''), first);
    const version = first?.resourceVersion;
    const beating = new AbortController();
    const beats = fleet.beat(500, beating.signal);
    await seen('heartbeats have moved the version', () => first?.resourceVersion !== version);
    beating.abort();
    await beats;
    assert.equal(it.changes.length, fleetSize);

    const waiting = index.untilReady('joins', new AbortController().signal);
    await cluster.createNode('joins');
    await seen('the new node is known', () => index.byInstanceId('i-joins'));
    const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }];
    const merge = 'application/strategic-merge-patch+json';
    await cluster.api('PATCH', `${nodePath('joins')}/status`, { status: { conditions } }, merge);
    assert.equal((await waiting)?.isReady, true);
    await cluster.api('PATCH', nodePath('joins'), { spec: { unschedulable: true } });
    await seen('the cordon is known', () => index.byName('joins')?.unschedulable);
    await cluster.api('DELETE', nodePath('joins'));
    await seen('the node has gone', () => index.byName('joins') === undefined);
    assert.equal(it.changes.at(-1), 'gone joins');
    const calls = await it.calls();
    assert.equal(calls.filter(({ verb }) => verb === 'list').length, Math.ceil(fleetSize / 250));
    assert.deepEqual(it.warned(), []);
  });

  test('a token that becomes worthless is replaced, and nothing is missed', async () => {
    await using it = await follow(cluster, 'token', rights);
    await it.account.replace();
    await it.writeKubeconfig();
    await cluster.createNode('after-token');
    await seen('the node is known', () => it.index.byInstanceId('i-after-token'));
    await cluster.api('DELETE', nodePath('after-token'));
    await seen('the node has gone', () => it.index.byInstanceId('i-after-token') === undefined);
  });

  test('without the right to watch the list is read when that is asked for', async () => {
    await using it = await follow(cluster, 'nth', rightsOfNthChart);
    await seen('the right is missed', () => it.warned().length > 0);
    await cluster.createNode('unwatched');
    assert.equal(it.index.byName('unwatched'), undefined);
    assert.equal(await it.index.refresh(new AbortController().signal), true);
    assert.equal(it.index.byInstanceId('i-unwatched')?.name, 'unwatched');
    assert.equal(it.warned().length, 1);
    await cluster.api('DELETE', nodePath('unwatched'));
  });

  test('an API server that comes back with another certificate and no memory is followed again', async () => {
    await using it = await follow(cluster, 'back', rights);
    const [lost] = it.index.nodes();
    await cluster.stopApiServer();
    await cluster.startApiServer({ newCertificate: true });
    await it.writeKubeconfig();
    await cluster.api('DELETE', nodePath(lost?.name ?? ''));
    await cluster.createNode('after-restart');
    await seen('the new node is known', () => it.index.byInstanceId('i-after-restart'));
    await seen('the lost one is not', () => it.index.byName(lost?.name ?? '') === undefined);
    assert.equal(it.index.size, fleetSize);
  });
});
