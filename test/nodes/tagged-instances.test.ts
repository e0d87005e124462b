import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addNode, instanceId } from '../kubernetes/running-index.ts';
import { findingNodes, tag } from './over-fakes.ts';

const tags = { [tag]: '' };
const counts = ['nth_tagged_instances', 'nth_tagged_nodes'];

test('tagged instances, and those of them that are nodes, are counted every 30 s', async () => {
  await using it = await findingNodes({}, (api) => {
    addNode(api, 1);
    addNode(api, 2);
    api.addNode({ name: 'fargate', providerId: 'aws:///a/b/fargate-ip-10-0-0-9' });
    api.addNode({ name: 'without', labels: { 'kubernetes.io/hostname': 'ip-10-0-0-3' }, providerId: '' });
  });
  assert.deepEqual(await Promise.all(counts.map(it.sample)), [undefined, undefined]);
  it.ec2.put({ instanceId: instanceId(1), tags });
  it.ec2.put({ instanceId: instanceId(2) });
  it.ec2.put({ instanceId: instanceId(3), privateDnsName: 'ip-10-0-0-3.ec2.internal', tags });
  it.ec2.put({ instanceId: instanceId(4), tags });
  await it.readTags();
  assert.deepEqual(await Promise.all(counts.map(it.sample)), [3, 2]);
  it.ec2.put({ instanceId: instanceId(2), tags });
  it.ec2.put({ instanceId: instanceId(1) });
  await it.clock.advance(29_000);
  assert.equal(it.tagged.nodeOf(instanceId(2)), undefined);
  await it.clock.advance(1_000);
  assert.equal(it.tagged.nodeOf(instanceId(2)), 'ip-10-0-0-2.ec2.internal');
  assert.equal(it.tagged.nodeOf(instanceId(1)), undefined, 'its tag was taken off');
  assert.deepEqual(await Promise.all(counts.map(it.sample)), [3, 2]);
  await it.clock.advance(120_000);
  assert.equal(it.requests.length, 6);
});

test('where reading takes long, it is done for half of the time', async () => {
  await using it = await findingNodes();
  it.ec2.put({ instanceId: instanceId(1), tags });
  it.fake.faults.add({ kind: 'delay', ms: 9_000 });
  await it.readTags();
  await it.clock.advance(90_000);
  assert.equal(it.requests.length, 4, 'every 30 s');
  for (let number = 0; number < 5 * 500; number += 1) it.ec2.put({ instanceId: instanceId(number), tags });
  await it.clock.advance(45_000);
  const before = it.requests.length;
  await it.clock.advance(270_000);
  assert.equal(it.requests.length - before, 3 * 5, 'every 90 s, for 45 s');
});

test('what was read holds on while EC2 is in trouble, which is told once and asked more rarely', async () => {
  await using it = await findingNodes({}, (api) => void addNode(api, 1));
  it.ec2.put({ instanceId: instanceId(1), tags });
  await it.readTags();
  it.fake.faults.add({ kind: 'answer', code: 503, body: 'no' });
  await it.clock.advance(1_800_000);
  assert.equal(it.tagged.nodeOf(instanceId(1)), 'ip-10-0-0-1.ec2.internal');
  assert.deepEqual(it.warned(), ['Cannot read which instances are tagged, trying again']);
  assert.ok(it.requests.length < 35, `${it.requests.length} calls in half an hour, each tried three times`);
  it.fake.faults.clear();
  await it.clock.advance(700_000);
  const calls = it.requests.length;
  await it.clock.advance(60_000);
  assert.equal(it.requests.length, calls + 2);
});

test('without the right nothing is asked more than every 10 minutes', async () => {
  await using it = await findingNodes();
  it.fake.denied.add('DescribeInstances');
  await it.readTags();
  await it.clock.advance(1_500_000);
  assert.equal(it.requests.length, 3);
  assert.equal(it.warned().length, 1);
});

test('it ends although the nodes were never listed', async () => {
  await using it = await findingNodes({}, (api) => {
    api.faults.add({ kind: 'answer', code: 503, body: 'no' });
  });
  await it.readTags();
  assert.equal(it.requests.length, 0);
});
