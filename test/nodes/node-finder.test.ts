import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Found } from '../../src/nodes/found.ts';
import { nthRules } from '../fakes/api-server/access.ts';
import { addNode, instanceId } from '../kubernetes/running-index.ts';
import { findingNodes, tag } from './over-fakes.ts';

const tags = { [tag]: '' };

/** In one word, or with the node's name. */
function short(found: Found): string {
  return found.found === 'node' ? found.node.name : 'why' in found ? found.why : found.found;
}

function dnsName(number: number): string {
  return `ip-10-0-0-${number}.ec2.internal`;
}

test('a node that is known to be tagged is found without a call', async () => {
  await using it = await findingNodes({}, (api) => void addNode(api, 1));
  it.ec2.put({ instanceId: instanceId(1), tags });
  await it.readTags();
  const [calls, lists] = [it.requests.length, it.api.requests.length];
  assert.equal(short(await it.find(instanceId(1))), dnsName(1));
  assert.equal(it.finder.findKnown({ instanceId: instanceId(1) })?.name, dnsName(1));
  assert.equal(short(await it.find({ providerId: `aws:///us-east-1a/${instanceId(1)}` })), dnsName(1));
  assert.deepEqual([it.requests.length, it.api.requests.length], [calls, lists]);
  assert.equal(await it.sample('nth_node_lookups_total{found="node"}'), 2);
});

test('a node without a provider id is known as well, once its tags were read', async () => {
  await using it = await findingNodes({}, (api) => void api.addNode({ name: dnsName(1), providerId: '' }));
  it.ec2.put({ instanceId: instanceId(1), privateDnsName: dnsName(1), tags });
  assert.equal(short(await it.find(instanceId(1))), dnsName(1));
  await it.readTags();
  assert.equal(it.finder.findKnown({ instanceId: instanceId(1) })?.name, dnsName(1));
});

test('where tags are not checked, the index alone answers', async () => {
  await using it = await findingNodes({ managedTag: undefined }, (api) => void addNode(api, 1));
  assert.equal(short(await it.find(instanceId(1))), dnsName(1));
  assert.equal(it.requests.length, 0);
});

test('a node whose tags are not known is asked about once', async () => {
  await using it = await findingNodes({}, (api) => void addNode(api, 1));
  it.ec2.put({ instanceId: instanceId(1), tags });
  const both = await Promise.all([it.find(instanceId(1)), it.find(instanceId(1))]);
  assert.deepEqual(both.map(short), [dnsName(1), dnsName(1)]);
  assert.equal(it.requests.length, 1);
  assert.equal(short(await it.find(instanceId(1))), dnsName(1));
  assert.equal(it.requests.length, 1);
});

test('that an instance is not tagged is asked of EC2 each time, for its messages are deleted', async () => {
  await using it = await findingNodes({}, (api) => void addNode(api, 1));
  it.ec2.put({ instanceId: instanceId(1) });
  await it.readTags();
  assert.equal(short(await it.find(instanceId(1))), 'not-managed');
  it.ec2.put({ instanceId: instanceId(1), tags });
  assert.equal(short(await it.find(instanceId(1))), dnsName(1));
});

test('what becomes of an instance that is no node, by what EC2 says', async () => {
  await using it = await findingNodes();
  const put = (number: number, more: object) => it.ec2.put({ instanceId: instanceId(number), tags, ...more });
  put(1, { state: 'terminated', privateDnsName: null });
  put(2, { state: 'running', privateDnsName: null });
  put(3, { state: 'pending', privateDnsName: null });
  put(4, { tags: {} });
  put(5, {});
  put(6, { state: 'terminated', tags: {} });
  const found = new Map<number, string>();
  for (const number of [1, 2, 3, 4, 5, 6, 7]) found.set(number, short(await it.find(instanceId(number))));
  assert.deepEqual(
    [...found.values()],
    [
      'not-running',
      'no-dns-name',
      'no-dns-name',
      'not-managed',
      'not-in-cluster',
      'not-managed',
      'instance-gone',
    ],
  );
  assert.equal(short(await it.find('no instance')), 'instance-gone');
  assert.equal(short(await it.find({})), 'no-location');
  assert.equal(short(await it.find({ nodeName: 'nobody' })), 'not-in-cluster');
});

test('an instance that EC2 does not show yet is asked for once more', async () => {
  await using it = await findingNodes({}, (api) => void addNode(api, 1));
  const finding = it.finder.find({ instanceId: instanceId(1) }, new AbortController().signal);
  await it.clock.advance(1_000);
  it.ec2.put({ instanceId: instanceId(1), tags });
  assert.equal(short(await it.clock.advanceWhile(finding)), dnsName(1));
  assert.equal(it.requests.length, 2);
});

test('a node that has the name of an instance but names another one is not meant', async () => {
  await using it = await findingNodes({}, (api) => {
    api.addNode({ name: dnsName(1), providerId: `aws:///us-east-1a/${instanceId(9)}` });
  });
  it.ec2.put({ instanceId: instanceId(1), privateDnsName: dnsName(1), tags });
  await it.readTags();
  assert.equal(short(await it.find(instanceId(1))), 'not-in-cluster');
});

test('with use-provider-id names do not count, and the id has to be as usual', async () => {
  await using it = await findingNodes({ useProviderId: true }, (api) => {
    addNode(api, 1);
    api.addNode({ name: dnsName(2), providerId: '' });
    api.addNode({ name: dnsName(3), providerId: `aws:////${instanceId(3)}` });
  });
  for (const number of [1, 2, 3]) {
    it.ec2.put({ instanceId: instanceId(number), privateDnsName: dnsName(number), tags });
  }
  const expected = [dnsName(1), 'not-in-cluster', 'not-in-cluster'];
  for (const round of ['asked', 'known']) {
    const found = await Promise.all([1, 2, 3].map((number) => it.find(instanceId(number))));
    assert.deepEqual(found.map(short), expected, round);
    await it.readTags();
  }
});

test('a node that is not found is left unless the option says otherwise, and its machine can join no more', async () => {
  for (const settlesNotFound of [false, true]) {
    await using it = await findingNodes({ settlesNotFound });
    const launchedAt = it.clock.now() - 60_000;
    it.ec2.put({ instanceId: instanceId(1), tags });
    it.ec2.put({ instanceId: instanceId(2), tags, launchedAt });
    it.ec2.put({ instanceId: instanceId(3), tags, launchedAt, state: 'shutting-down' });
    const found = await Promise.all([1, 2, 3].map((number) => it.find(instanceId(number))));
    assert.deepEqual(
      found.map((one) => one.found === 'not-in-cluster' && one.isSettled),
      [settlesNotFound, false, settlesNotFound],
    );
    await it.clock.advance(600_000);
    const later = await it.find(instanceId(2));
    assert.equal(later.found === 'not-in-cluster' && later.isSettled, settlesNotFound);
  }
});

test('a node that joins later is found', async () => {
  await using it = await findingNodes();
  it.ec2.put({ instanceId: instanceId(1), tags, launchedAt: it.clock.now() });
  assert.equal(short(await it.find(instanceId(1))), 'not-in-cluster');
  assert.equal(await it.sample('nth_instances_not_in_cluster'), 1);
  addNode(it.api, 1);
  await it.clock.settle();
  assert.equal(short(await it.find(instanceId(1))), dnsName(1));
  assert.equal(await it.sample('nth_instances_not_in_cluster'), 0);
});

for (const [whose, keptMs, launchedMsAgo] of [
  ['that is not in the cluster', 60_000, 3_600_000],
  ['that may be about to join it', 20_000, 60_000],
] as const) {
  test(`an instance ${whose} is looked for in the index alone for ${keptMs / 1000} s`, async () => {
    await using it = await findingNodes();
    const [first, second] = [instanceId(1), instanceId(2)];
    const launchedAt = it.clock.now() - launchedMsAgo;
    for (const id of [first, second]) it.ec2.put({ instanceId: id, tags, launchedAt });
    for (const id of [first, second]) assert.equal(short(await it.find(id)), 'not-in-cluster');
    const asked = it.requests.length;
    await it.clock.advance(keptMs - 1_000);
    assert.equal(short(await it.find(first)), 'not-in-cluster');
    addNode(it.api, 2);
    await it.clock.settle();
    assert.equal(short(await it.find(second)), dnsName(2));
    assert.equal(it.requests.length, asked);
    await it.clock.advance(1_000);
    assert.equal(short(await it.find(first)), 'not-in-cluster');
    assert.equal(it.requests.length, asked + 1);
  });
}

test('nothing is settled by what EC2 said of a missed instance a while ago', async () => {
  await using it = await findingNodes({ settlesNotFound: true });
  const launchedAt = it.clock.now() - 595_000;
  for (const number of [1, 2, 3]) it.ec2.put({ instanceId: instanceId(number), tags, launchedAt });
  const findAll = async () => {
    const found: Found[] = [];
    for (const number of [1, 2, 3]) found.push(await it.find(instanceId(number)));
    return found.map((one) => (one.found === 'not-in-cluster' && one.isSettled ? 'settled' : short(one)));
  };
  const stays = ['not-in-cluster', 'not-in-cluster', 'not-in-cluster'];
  assert.deepEqual(await findAll(), stays);
  it.ec2.put({ instanceId: instanceId(1), tags: {}, launchedAt });
  it.ec2.instances.delete(instanceId(2));
  assert.deepEqual(await findAll(), stays);
  const asked = it.requests.length;
  // Its machine can join no more, which EC2 is asked about as well.
  await it.clock.advance(8_000);
  assert.deepEqual(await findAll(), ['not-managed', 'instance-gone', 'settled']);
  assert.equal(it.requests.length, asked + 4);
});

test('hundreds of missed instances that come at times of their own are asked about together', async () => {
  await using it = await findingNodes();
  const ids = Array.from({ length: 150 }, (_, number) => instanceId(number));
  for (const id of ids) it.ec2.put({ instanceId: id, tags });
  const findInTurn = async () => {
    for (const id of ids) {
      assert.equal(short(await it.find(id)), 'not-in-cluster');
      await it.clock.advance(100);
    }
  };
  await findInTurn();
  const asked = it.requests.length;
  for (let minute = 0; minute < 3; minute += 1) {
    for (let round = 0; round < 4; round += 1) await findInTurn();
  }
  assert.ok(it.requests.length - asked <= 9, `${it.requests.length - asked} calls in three minutes`);
});

test('what EC2 says of instances that were asked about along with another settles nothing by itself', async () => {
  await using it = await findingNodes();
  for (const number of [1, 2, 3]) it.ec2.put({ instanceId: instanceId(number), tags });
  assert.equal(short(await it.find(instanceId(1))), 'not-in-cluster');
  await it.clock.advance(25_000);
  for (const number of [2, 3]) assert.equal(short(await it.find(instanceId(number))), 'not-in-cluster');
  await it.clock.advance(35_000);
  it.ec2.put({ instanceId: instanceId(2), tags: {} });
  it.ec2.instances.delete(instanceId(3));
  assert.equal(short(await it.find(instanceId(1))), 'not-in-cluster');
  const asked = it.requests.length;
  assert.equal(short(await it.find(instanceId(2))), 'not-managed');
  assert.equal(short(await it.find(instanceId(3))), 'instance-gone');
  assert.equal(it.requests.length, asked + 3);
});

test("other clusters' instances are counted while messages speak of them", async () => {
  await using it = await findingNodes();
  for (const number of [1, 2, 3]) it.ec2.put({ instanceId: instanceId(number), tags });
  await Promise.all([1, 2, 3, 1].map((number) => it.find(instanceId(number))));
  assert.equal(await it.sample('nth_instances_not_in_cluster'), 3);
  assert.equal(await it.sample('nth_node_lookups_total{found="not-in-cluster"}'), 4);
  await it.clock.advance(600_000);
  await it.find(instanceId(3));
  assert.equal(await it.sample('nth_instances_not_in_cluster'), 1);
});

test('without a watch a new node is found by a list, which others are not worth', async () => {
  await using it = await findingNodes({}, (api) => {
    api.access.grant(api.adminToken, { name: 'nth', rules: nthRules });
  });
  const { clock } = it;
  await clock.advance(10_000);
  const lists = () => it.api.requests.filter(({ verb }) => verb === 'list').length;
  it.ec2.put({ instanceId: instanceId(1), tags, launchedAt: clock.now() });
  it.ec2.put({ instanceId: instanceId(2), tags });
  addNode(it.api, 1);
  assert.equal(short(await it.find(instanceId(2))), 'not-in-cluster');
  assert.equal(lists(), 1);
  assert.equal(short(await it.find(instanceId(1))), dnsName(1));
  assert.equal(lists(), 2);
});

for (const useProviderId of [false, true]) {
  test(`without a watch a new node is found though EC2 shows no name of its instance${useProviderId ? ', with use-provider-id' : ''}`, async () => {
    await using it = await findingNodes({ useProviderId }, (api) => {
      api.access.grant(api.adminToken, { name: 'nth', rules: nthRules });
    });
    await it.clock.advance(10_000);
    it.ec2.put({
      instanceId: instanceId(1),
      tags,
      privateDnsName: null,
      launchedAt: it.clock.now(),
    });
    assert.equal(short(await it.find(instanceId(1))), 'no-dns-name');
    assert.equal(await it.sample('nth_instances_not_in_cluster'), 0);
    addNode(it.api, 1);
    assert.equal(short(await it.find(instanceId(1))), dnsName(1));
  });
}

test('while EC2 is in trouble, what is known is acted on and the rest is left', async () => {
  await using it = await findingNodes({}, (api) => {
    addNode(api, 1);
    addNode(api, 2);
  });
  it.ec2.put({ instanceId: instanceId(1), tags });
  await it.readTags();
  it.fake.faults.add({ kind: 'answer', code: 503, body: 'no' });
  assert.equal(short(await it.find(instanceId(1))), dnsName(1));
  const left = await it.find(instanceId(2));
  assert.equal(short(left), 'aws');
  assert.match(String('error' in left && left.error), /DescribeInstances/);
  await it.clock.advance(300_000);
  assert.equal(short(await it.find(instanceId(1))), dnsName(1));
});

test('without the right to ask EC2 the index alone is believed, and it is said once', async () => {
  await using it = await findingNodes({ managedTag: undefined, settlesNotFound: true }, (api) => {
    addNode(api, 1);
  });
  it.fake.denied.add('DescribeInstances');
  assert.equal(short(await it.find(instanceId(1))), dnsName(1));
  const isSettled = async () => {
    const found = await it.find(instanceId(2));
    return found.found === 'not-in-cluster' && found.isSettled;
  };
  assert.equal(await isSettled(), false, 'it may be joining');
  await it.clock.advance(60_000);
  assert.equal(await isSettled(), true);
  it.api.addNode({ name: 'without', providerId: '' });
  await it.clock.settle();
  assert.equal(short(await it.find(instanceId(3))), 'aws', 'it may be the one without an id');
  assert.deepEqual(it.warned(), [
    'Not allowed to look up instances, nodes are found by their provider ids alone: allow ec2:DescribeInstances',
  ]);
});

test('without the right to ask EC2 nothing is done for instances whose tags are not known', async () => {
  await using it = await findingNodes({}, (api) => void addNode(api, 1));
  it.fake.denied.add('DescribeInstances');
  assert.equal(short(await it.find(instanceId(1))), 'aws');
  assert.equal(short(await it.find(instanceId(2))), 'aws');
});

test('nothing is concluded while the API server has not told the nodes', async () => {
  await using it = await findingNodes({ settlesNotFound: true }, (api) => {
    api.faults.add({ kind: 'answer', code: 503, body: 'no' });
  });
  it.ec2.put({ instanceId: instanceId(1), state: 'terminated', privateDnsName: null });
  assert.equal(short(await it.find(instanceId(1))), 'cluster');
  it.api.faults.clear();
  await it.clock.advance(10_000);
  assert.equal(short(await it.find(instanceId(1))), 'not-running');
  it.ec2.put({ instanceId: instanceId(2), tags });
  await it.api.goAway();
  await it.clock.advance(120_000);
  assert.equal(short(await it.find(instanceId(2))), 'cluster', 'the index is out of date');
});
