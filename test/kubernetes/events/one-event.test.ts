import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instanceAnnotations, nodeAnnotations } from '../../../src/kubernetes/event-annotations.ts';
import { eventsOverFake, nodeName } from './events-over-fake.ts';

test('an event about a node has its UID, who tells, and the annotations, in namespace default', async () => {
  await using it = await eventsOverFake();
  it.emit();
  await it.clock.advance(0);
  const [event, ...others] = it.shown();
  assert.deepEqual(others, []);
  assert.ok(event);
  assert.equal(event.metadata.namespace, 'default');
  assert.match(event.metadata.name, /^node-a\.[0-9a-f]{16}$/);
  assert.deepEqual(event.metadata.annotations, { region: 'eu-central-1' });
  const { uid } = it.api.node(nodeName).metadata;
  assert.deepEqual(event.involvedObject, { apiVersion: 'v1', kind: 'Node', name: nodeName, uid });
  assert.deepEqual(event.source, { component: 'aws-node-termination-handler', host: 'the-host' });
  assert.deepEqual([event.type, event.reason, event.count], ['Normal', 'Cordon', 1]);
  assert.equal(event.firstTimestamp, '2030-01-01T00:00:00Z');
});

test('an event about a pod or a budget is in its namespace', async () => {
  await using it = await eventsOverFake();
  it.api.addPod({ name: 'web-0', namespace: 'shop', node: nodeName });
  for (const kind of ['Pod', 'PodDisruptionBudget'] as const) {
    const about = { kind, namespace: 'shop', name: 'web-0', uid: 'u' };
    it.emit({ about, isWarning: true, annotations: { app: 'web' } });
  }
  await it.clock.advance(0);
  assert.deepEqual(
    it
      .shown()
      .map(({ metadata, involvedObject, type }) => [
        metadata.namespace,
        metadata.annotations,
        involvedObject['apiVersion'],
        type,
      ]),
    [
      ['shop', { app: 'web' }, 'v1', 'Warning'],
      ['shop', { app: 'web' }, 'policy/v1', 'Warning'],
    ],
  );
  assert.ok(!it.calls().some((call) => call.includes('nodes')), 'the Node is not read for them');
});

test('a node is read once for all its events, and again after ten minutes', async () => {
  await using it = await eventsOverFake();
  const reads = () => it.calls().filter((call) => call === 'get nodes 200').length;
  for (const reason of ['SpotInterruption', 'PreDrain', 'CordonAndDrain']) it.emit({ reason });
  await it.clock.advance(0);
  assert.equal(reads(), 1);
  it.emit({ reason: 'Uncordon' });
  await it.clock.advance(600_000);
  assert.equal(reads(), 1);
  it.emit({ reason: 'Later' });
  await it.clock.advance(0);
  assert.equal(reads(), 2);
});

test('a node that is not there is told of all the same', async () => {
  await using it = await eventsOverFake({ withoutNode: true });
  it.emit();
  await it.clock.advance(0);
  assert.deepEqual(
    it.shown().map(({ involvedObject }) => involvedObject),
    [{ apiVersion: 'v1', kind: 'Node', name: nodeName }],
  );
});

test('in IMDS mode the annotations are those of the instance, and the own ones win', () => {
  const instance = {
    accountId: '1',
    availabilityZone: '2',
    instanceId: '3',
    instanceLifeCycle: '4',
    instanceType: '5',
    localHostname: '6',
    localIp: '7',
    publicHostname: '',
    publicIp: '9',
    region: '10',
  };
  assert.deepEqual(instanceAnnotations(instance, { team: 'blue', region: 'mine' }), {
    'account-id': '1',
    'availability-zone': '2',
    'instance-id': '3',
    'instance-life-cycle': '4',
    'instance-type': '5',
    'local-hostname': '6',
    'local-ipv4': '7',
    'public-hostname': '',
    'public-ipv4': '9',
    region: 'mine',
    team: 'blue',
  });
});

test('in queue mode they are read from the Node, and the own ones win over addresses only', () => {
  const node = {
    metadata: {
      name: nodeName,
      labels: {
        'topology.kubernetes.io/zone': 'eu-central-1a',
        'topology.kubernetes.io/region': 'eu-central-1',
        'node.kubernetes.io/instance-type': 'm5.large',
      },
    },
    spec: { providerID: 'aws:///eu-central-1a/i-0123' },
    status: {
      addresses: [
        { type: 'InternalIP', address: '10.0.0.1' },
        { type: 'InternalIP', address: 'fd00::1' },
        { type: 'ExternalIP', address: '1.2.3.4' },
        { type: 'Hostname', address: 'x' },
      ],
    },
  };
  assert.deepEqual(nodeAnnotations(node, { 'public-ipv4': 'mine', region: 'not mine', team: 'blue' }), {
    'availability-zone': 'eu-central-1a',
    'instance-id': 'i-0123',
    'instance-type': 'm5.large',
    'local-hostname': nodeName,
    'local-ipv4': '10.0.0.1',
    'public-ipv4': 'mine',
    region: 'eu-central-1',
    team: 'blue',
  });
  assert.deepEqual(nodeAnnotations(undefined, { team: 'blue' }), { team: 'blue' });
});
