import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AwsError } from '../../src/aws/error.ts';
import { readInstances } from '../../src/aws/read-instances.ts';
import { FakeClock } from '../fakes/clock.ts';
import { overFakeEc2 } from './over-fake-ec2.ts';

const { signal } = new AbortController();
const clock = new FakeClock();

function id(number: number): string {
  return `i-${number.toString(16).padStart(17, '0')}`;
}

test('an instance is told by its own elements, not by those of its network interfaces', async () => {
  await using it = await overFakeEc2(clock);
  it.ec2.put({
    instanceId: id(1),
    state: 'stopping',
    privateDnsName: 'ip-10-0-0-1.ec2.internal',
    zone: 'eu-central-1b',
    type: 'c7g.large',
    launchedAt: Date.UTC(2029, 11, 31),
    capacityReservationId: 'cr-1',
    tags: { Name: 'a <b> & "c"', empty: '' },
  });
  it.ec2.put({ instanceId: id(2), state: 'terminated', privateDnsName: null });
  const both = Promise.all([it.instances.describe(id(1), signal), it.instances.describe(id(2), signal)]);
  const [first, second] = await clock.advanceWhile(both);
  assert.deepEqual(first, {
    instanceId: id(1),
    state: 'stopping',
    privateDnsName: 'ip-10-0-0-1.ec2.internal',
    availabilityZone: 'eu-central-1b',
    instanceType: 'c7g.large',
    launchedAt: Date.UTC(2029, 11, 31),
    capacityReservationId: 'cr-1',
    tags: new Map([
      ['Name', 'a <b> & "c"'],
      ['empty', ''],
    ]),
  });
  assert.deepEqual([second?.privateDnsName, second?.state], [undefined, 'terminated']);
  assert.equal(second?.capacityReservationId, undefined);
});

test('all that is asked for within 50 ms is one call for 200 instances', async () => {
  await using it = await overFakeEc2(clock);
  for (let number = 0; number < 450; number += 2) it.ec2.put({ instanceId: id(number) });
  const asking = Array.from({ length: 450 }, (_, number) => it.instances.describe(id(number), signal));
  await clock.advance(49);
  assert.equal(it.requests.length, 0);
  asking.push(it.instances.describe(id(0), signal), it.instances.describe(id(1), signal));
  const found = await clock.advanceWhile(Promise.all(asking));
  assert.equal(it.requests.length, 3);
  assert.deepEqual(
    found.slice(-3).map((instance) => instance?.instanceId),
    [undefined, id(0), undefined],
  );
  assert.ok(found.slice(0, 450).every((instance, number) => (instance === undefined) === (number % 2 === 1)));
  await clock.advanceWhile(it.instances.describe(id(0), signal));
  assert.equal(it.requests.length, 4);
});

test('what can be no id is not asked for', async () => {
  await using it = await overFakeEc2(clock);
  it.ec2.put({ instanceId: id(1) });
  for (const none of ['i-*', 'i-?', '', 'mi-1', 'i-1 or 1', `i-${'1'.repeat(200)}`]) {
    assert.equal(await it.instances.describe(none, signal), undefined);
  }
  assert.equal(it.requests.length, 0);
});

test('who no longer waits is not asked for, and spoils nothing for the others', async () => {
  await using it = await overFakeEc2(clock);
  it.ec2.put({ instanceId: id(1) });
  const stop = new AbortController();
  const leaves = it.instances.describe(id(1), stop.signal);
  const leavesToo = it.instances.describe(id(2), stop.signal);
  const stays = it.instances.describe(id(1), signal);
  stop.abort(new Error('enough'));
  await assert.rejects(leaves, /enough/);
  await assert.rejects(leavesToo, /enough/);
  assert.equal((await clock.advanceWhile(stays))?.instanceId, id(1));
  const [request] = it.requests;
  assert.equal(request?.parameters.get('Filter.1.Value.1'), id(1));
  assert.equal(request.parameters.get('Filter.1.Value.2'), null);
});

test('a call that fails is told to all who wait for it', async () => {
  await using it = await overFakeEc2(clock);
  it.fake.denied.add('DescribeInstances');
  const asking = [1, 2].map((number) => it.instances.describe(id(number), signal));
  const told = await clock.advanceWhile(Promise.allSettled(asking));
  for (const one of told) {
    assert.equal(one.status, 'rejected');
    assert.ok(one.reason instanceof AwsError);
    assert.equal(one.reason.kind, 'access-denied');
    assert.match(one.reason.message, /Cannot call ec2:DescribeInstances: UnauthorizedOperation/);
  }
  it.fake.denied.clear();
  it.fake.faults.add({ kind: 'answer', code: 200, body: '<html>a proxy</html>' });
  await assert.rejects(clock.advanceWhile(it.instances.describe(id(1), signal)), { kind: 'server' });
});

test('tagged instances come in pages, also for a key with wildcards in it', async () => {
  await using it = await overFakeEc2(clock);
  for (let number = 0; number < 600; number += 1) it.ec2.put({ instanceId: id(number), tags: { 'a*': '' } });
  it.ec2.put({ instanceId: id(1000), tags: { ab: '' } });
  it.ec2.put({ instanceId: id(599), privateDnsName: null, tags: { 'a*': '' } });
  const pages = async <T>(from: AsyncIterable<readonly T[]>): Promise<(readonly T[])[]> => {
    const read: (readonly T[])[] = [];
    for await (const page of from) read.push(page);
    return read;
  };
  const [first, second] = await clock.advanceWhile(pages(it.instances.taggedWith('a*', signal)));
  assert.deepEqual([first?.length, second?.length], [500, 100]);
  assert.deepEqual(
    second?.slice(-2).map(({ instanceId, privateDnsName }) => [instanceId, privateDnsName]),
    [
      [id(598), `ip-${id(598).slice(2)}.eu-central-1.compute.internal`],
      [id(599), undefined],
    ],
  );
  const ids = await clock.advanceWhile(pages(it.instances.idsTaggedWith('a*', signal)));
  assert.deepEqual(
    ids.flat(),
    [...(first ?? []), ...second].map(({ instanceId }) => instanceId),
  );
  assert.equal(it.requests.length, 4);
});

test('the instances of a capacity reservation are those that run in it', async () => {
  await using it = await overFakeEc2(clock);
  it.ec2.put({ instanceId: id(1), capacityReservationId: 'cr-1' });
  it.ec2.put({ instanceId: id(2), capacityReservationId: 'cr-wished' });
  it.ec2.put({ instanceId: id(3), capacityReservationId: 'cr-1', state: 'terminated' });
  assert.deepEqual(await clock.advanceWhile(it.instances.instancesOfReservation('cr-1', signal)), [id(1)]);
});

test('an answer is read whatever its order, white space and entities', () => {
  assert.deepEqual([...readInstances('<DescribeInstancesResponse/>')], []);
  const [first, second, ...others] = readInstances(`<DescribeInstancesResponse><reservationSet>
    <item><groupSet><item><groupId>sg-1</groupId></item></groupSet><instancesSet>
      <item>
        <networkInterfaceSet><item>
          <privateDnsName>ip-9</privateDnsName>
          <tagSet><item><key>not its own</key></item></tagSet>
        </item></networkInterfaceSet>
        <tagSet>
          <item>
            <key>&#x41;&#66;&quot;&unknown;</key>
            <value>&lt;&amp;lt;&apos;</value>
          </item>
          <item><key>bare</key><value/></item>
        </tagSet>
        <launchTime>never</launchTime>
        <privateDnsName>
          ip-1
        </privateDnsName>
        <instanceId>i-1</instanceId>
      </item>
      <item><instanceId>i-2</instanceId><privateDnsName/></item>
    </instancesSet></item>
    <item><instancesSet/></item>
  </reservationSet></DescribeInstancesResponse>`);
  assert.deepEqual([first?.instanceId, first?.privateDnsName, first?.launchedAt], ['i-1', 'ip-1', undefined]);
  assert.deepEqual(
    [...(first?.tags ?? [])],
    [
      ['AB"&unknown;', "<&lt;'"],
      ['bare', ''],
    ],
  );
  assert.deepEqual([second?.instanceId, second?.privateDnsName], ['i-2', undefined]);
  assert.deepEqual(others, []);
});
