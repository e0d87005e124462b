import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { drainedText, evictions, nodeName, requestsOf, startDaemon, untilDrained } from './running-daemon.ts';

const node = nodeName;

/** Pods of every kind: `leaves-` and `stays-` say what is to become of each. */
function pods(api: FakeApiServer): void {
  api.addNode({ name: node });
  api.addPod({ name: 'leaves-web', node, owner: 'ReplicaSet/web' });
  api.addPod({ name: 'leaves-db', node, owner: 'StatefulSet/db', graceSeconds: 60 });
  api.addPod({ name: 'leaves-bare', node });
  api.addPod({ name: 'leaves-pending', node, owner: 'ReplicaSet/web', phase: 'Pending' });
  api.addPod({ name: 'leaves-scratch', node, owner: 'ReplicaSet/web', emptyDir: true });
  api.addPod({ name: 'leaves-finished', node, owner: 'Job/report', phase: 'Succeeded' });
  api.addPod({ name: 'leaves-orphan', node, owner: 'DaemonSet/gone', ownerGone: true });
  api.addPod({ name: 'stays-agent', node, owner: 'DaemonSet/agent' });
  api.addPod({ name: 'stays-etcd', node, namespace: 'kube-system', mirror: true });
  api.addPod({ name: 'nth-x7k2p', node, namespace: 'kube-system', owner: 'DaemonSet/nth' });
  api.addPod({ name: 'nth-x7k2p', node, namespace: 'shop' });
  api.addPod({ name: 'elsewhere', node: 'node-b', owner: 'ReplicaSet/web' });
}

test('marks the node in one write, then evicts every pod that leaves, by UID', async () => {
  await using daemon = await startDaemon({
    cluster: pods,
    env: { TAINT_NODE: 'true', EXCLUDE_FROM_LOAD_BALANCERS: 'true' },
  });
  const { api, clock, imds } = daemon;
  const uids = new Map(api.pods().map(({ metadata }) => [metadata.name, metadata.uid]));
  await clock.advance(30_000);
  assert.equal(api.requests.length, 0, 'no API call while idle');
  imds.interrupt();
  await untilDrained(daemon);

  const [get, patch, list] = api.requests;
  assert.deepEqual(
    [get, patch, list].map((request) => `${request?.verb} ${request?.resource} ${request?.code}`),
    ['get nodes 200', 'patch nodes 200', 'list pods 200'],
  );
  assert.equal(
    requestsOf(api, 'patch', 'nodes').length,
    2,
    'one mark, and at the end that the node is drained',
  );
  const { spec, metadata } = api.node(node);
  assert.equal(spec.unschedulable, true);
  assert.ok(spec.taints?.some(({ key }) => key === 'aws-node-termination-handler/spot-itn'));
  assert.equal(
    metadata.labels?.['node.kubernetes.io/exclude-from-external-load-balancers'],
    'aws-node-termination-handler',
  );
  const state = JSON.parse(metadata.annotations?.['aws-node-termination-handler/state'] ?? '') as object;
  assert.equal((state as { phase: string }).phase, 'drained');
  assert.deepEqual((state as { ours: object }).ours, {
    cordon: true,
    taints: ['aws-node-termination-handler/spot-itn'],
    labels: ['node.kubernetes.io/exclude-from-external-load-balancers'],
  });

  const left = api.pods(node).map((pod) => `${pod.metadata.namespace}/${pod.metadata.name}`);
  assert.deepEqual(left.toSorted(), [
    'default/stays-agent',
    'kube-system/nth-x7k2p',
    'kube-system/stays-etcd',
  ]);
  assert.ok(api.pod('elsewhere'));
  for (const { name, namespace, body } of evictions(api)) {
    const eviction = JSON.parse(body) as { apiVersion: string; deleteOptions: object };
    assert.equal(eviction.apiVersion, 'policy/v1');
    if (namespace === 'default') {
      assert.deepEqual(eviction.deleteOptions, { preconditions: { uid: uids.get(name) } });
    }
  }
  assert.equal(evictions(api).length, 8);
});

test('tells the drain in metrics and in two of the log texts that people alert on', async () => {
  await using daemon = await startDaemon({ cluster: pods });
  daemon.imds.interrupt();
  await untilDrained(daemon);
  const [asked] = daemon.said('Requesting instance drain');
  assert.equal(asked?.level, 'info');
  assert.equal(asked['node'], node);
  assert.equal(asked['kind'], 'SPOT_ITN');
  const [drained] = daemon.said(drainedText);
  assert.deepEqual(drained?.['pods'], { evicted: 8, stays: 3 });
  assert.deepEqual(
    daemon.log.filter(({ level }) => level !== 'info'),
    [],
  );
  const metrics = await daemon.metrics();
  assert.equal(metrics.get('actions_total{node_action="cordon-and-drain",node_status="success"}'), 1);
  assert.equal(metrics.get('actions_total{node_action="pre-drain",node_status="success"}'), 1);
  assert.equal(metrics.get('actions_total{node_action="cordon-and-drain",node_status="error"}'), 0);
  assert.equal(metrics.get('nth_interruptions_total{kind="SPOT_ITN",source="imds"}'), 1);
  assert.equal(metrics.get('nth_pods_total{outcome="evicted"}'), 8);
  assert.equal(metrics.get('nth_notice_to_drained_seconds_count'), 1);
  assert.equal(metrics.get('nth_workflows{phase="settling"}'), 0);
});

test('does nothing more for a notice that goes on being shown', async () => {
  await using daemon = await startDaemon({ cluster: pods });
  daemon.imds.interrupt();
  await untilDrained(daemon);
  const { length } = daemon.api.requests;
  await daemon.clock.advance(60_000);
  assert.equal(daemon.api.requests.length, length);
  assert.equal(daemon.said(drainedText).length, 1);
});

test('100 pods cost no more than 106 API calls', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node });
      for (let index = 0; index < 97; index += 1)
        api.addPod({ name: `web-${index}`, node, owner: 'ReplicaSet/web' });
      for (const name of ['cni', 'proxy', 'csi']) api.addPod({ name, node, owner: `DaemonSet/${name}` });
    },
  });
  daemon.imds.interrupt();
  await untilDrained(daemon);
  assert.ok(daemon.api.requests.length <= 106, `${daemon.api.requests.length} API calls`);
  assert.equal(daemon.api.pods(node).length, 3);
});

test('a node of more pods than a page is listed page by page, anew where the list expires in between', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node });
      for (let index = 0; index < 501; index += 1) {
        api.addPod({ name: `agent-${index}`, node, owner: 'DaemonSet/agent' });
      }
      api.faults.add(
        { kind: 'answer', code: 410, body: '{"kind":"Status","code":410,"reason":"Expired"}' },
        { when: ({ path }) => path.includes('continue='), times: 1 },
      );
    },
  });
  daemon.imds.interrupt();
  await untilDrained(daemon);
  assert.equal(requestsOf(daemon.api, 'list', 'pods').length, 4);
  assert.deepEqual(daemon.said(drainedText)[0]?.['pods'], { stays: 501 });
});

test('a server that knows only policy/v1beta1 is asked in its own version, and is found out once', async () => {
  await using daemon = await startDaemon({
    apiServer: { policyVersions: ['v1beta1'] },
    cluster: (api) => {
      api.addNode({ name: node });
      for (let index = 0; index < 30; index += 1)
        api.addPod({ name: `web-${index}`, node, owner: 'ReplicaSet/web' });
    },
  });
  daemon.imds.interrupt();
  await untilDrained(daemon);
  assert.equal(daemon.api.pods(node).length, 0);
  assert.equal(daemon.api.requests.filter(({ path }) => path === '/apis/policy').length, 1);
  assert.deepEqual(daemon.said('Eviction refused, trying again'), []);
  for (const { body, code } of evictions(daemon.api)) {
    assert.equal(code, body.includes('"policy/v1beta1"') ? 201 : 400);
  }
});

test('pods that land while the node is drained leave as well', async () => {
  await using daemon = await startDaemon({
    cluster: (api) => {
      api.addNode({ name: node });
      api.addPod({ name: 'slow', node, owner: 'ReplicaSet/web', shutdownMs: 20_000 });
    },
  });
  const { api, clock, imds } = daemon;
  imds.interrupt();
  await clock.advanceUntil(() => evictions(api).length === 1);
  await clock.advance(5000);
  // It tolerates the cordon, as a pod with a wildcard toleration does.
  api.addPod({ name: 'late', node, owner: 'ReplicaSet/tolerant' });
  api.addPod({ name: 'agent', node, owner: 'DaemonSet/agent' });
  await untilDrained(daemon);
  assert.deepEqual(
    api.pods(node).map(({ metadata }) => metadata.name),
    ['agent'],
  );
  assert.equal(evictions(api, 'late').length, 1);
});

test('pod-termination-grace-period goes with every eviction', async () => {
  await using daemon = await startDaemon({ cluster: pods, env: { POD_TERMINATION_GRACE_PERIOD: '5' } });
  daemon.imds.interrupt();
  await untilDrained(daemon);
  for (const { body } of evictions(daemon.api)) {
    const { deleteOptions } = JSON.parse(body) as { deleteOptions: { gracePeriodSeconds: number } };
    assert.equal(deleteOptions.gracePeriodSeconds, 5);
  }
});

test('pods that the options keep stay, the others leave, and the drain counts as failed', async () => {
  await using daemon = await startDaemon({
    cluster: pods,
    env: { IGNORE_DAEMON_SETS: 'false', DELETE_LOCAL_DATA: 'false' },
  });
  daemon.imds.interrupt();
  await daemon.clock.advance(10_000);
  const names = daemon.api.pods(node).map(({ metadata }) => metadata.name);
  assert.deepEqual(names.toSorted(), ['leaves-scratch', 'nth-x7k2p', 'stays-agent', 'stays-etcd']);
  const [failed] = daemon.said('There was a problem while trying to cordon and drain the node');
  assert.deepEqual(failed?.['left_behind'], [
    '1 pod kept because it has data in an emptyDir volume, and delete-local-data is off (default/leaves-scratch)',
    '1 pod kept because DaemonSet "agent" would put it back, and ignore-daemon-sets is off (default/stays-agent)',
  ]);
});
