import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ImdsIdentity } from '../../../src/sources/imds/identity.ts';
import { clientOverFake } from './client-over-fake.ts';

const whole = {
  accountId: '123456789012',
  instanceId: 'i-0123456789abcdef0',
  instanceLifeCycle: 'spot',
  instanceType: 'm6i.large',
  publicHostname: 'ec2-203-0-113-25.eu-central-1.compute.amazonaws.com',
  publicIp: '203.0.113.25',
  localHostname: 'ip-10-0-1-23.eu-central-1.compute.internal',
  localIp: '10.0.1.23',
  availabilityZone: 'eu-central-1a',
  region: 'eu-central-1',
};
const documentPath = '/latest/dynamic/instance-identity/document';

test('nothing is asked before somebody wants to know', async () => {
  await using it = await clientOverFake();
  const identity = new ImdsIdentity(it);
  await it.clock.advance(60_000);
  assert.equal(it.imds.requests.length, 0);
  assert.equal(identity.known.instanceId, '');
});

test('what is known as a whole is not asked for again', async () => {
  await using it = await clientOverFake();
  const identity = new ImdsIdentity(it);
  assert.deepEqual(await it.clock.advanceWhile(identity.read()), whole);
  const requests = it.imds.requests.length;
  assert.ok(requests <= 6, `a token, the document and four parts, not ${requests}`);
  await it.clock.advance(86_400_000);
  assert.deepEqual(await it.clock.advanceWhile(identity.read()), whole);
  assert.deepEqual(identity.known, whole);
  assert.equal(it.imds.requests.length, requests);
  assert.equal(it.records.length, 1);
});

test('callers at the same time share the requests', async () => {
  await using it = await clientOverFake();
  const identity = new ImdsIdentity(it);
  await it.clock.advanceWhile(Promise.all([identity.read(), identity.instanceId(), identity.read()]));
  assert.ok(it.imds.requests.length <= 6);
});

test('the id alone takes one request', async () => {
  await using it = await clientOverFake();
  const identity = new ImdsIdentity(it);
  assert.equal(await it.clock.advanceWhile(identity.instanceId()), whole.instanceId);
  assert.deepEqual(it.paths(), ['PUT /latest/api/token', `GET ${documentPath}`]);
});

test('what an instance rightly lacks is empty, and counts as known', async () => {
  await using it = await clientOverFake();
  it.imds.clear('public-hostname');
  it.imds.set('public-ipv4', '');
  const identity = new ImdsIdentity(it);
  const known = await it.clock.advanceWhile(identity.read());
  assert.deepEqual(known, { ...whole, publicHostname: '', publicIp: '' });
  const requests = it.imds.requests.length;
  await it.clock.advance(3_600_000);
  await it.clock.advanceWhile(identity.read());
  assert.equal(it.imds.requests.length, requests);
});

test('without the document the parts are read one by one, and the account stays empty', async () => {
  await using it = await clientOverFake();
  it.imds.clear(documentPath);
  const identity = new ImdsIdentity(it);
  assert.deepEqual(await it.clock.advanceWhile(identity.read()), { ...whole, accountId: '' });
});

test('the region of a local zone is the one that its name begins with', async () => {
  await using it = await clientOverFake();
  it.imds.clear(documentPath);
  it.imds.set('placement/availability-zone', 'us-west-2-lax-1a');
  const identity = new ImdsIdentity(it);
  assert.equal((await it.clock.advanceWhile(identity.read())).region, 'us-west-2');
});

test('a service that is away leaves everything empty, and is asked again half a minute later', async () => {
  await using it = await clientOverFake();
  it.imds.faults.add({ kind: 'drop-before' });
  const identity = new ImdsIdentity(it);
  for (let calls = 0; calls < 10; calls += 1) {
    const known = await it.clock.advanceWhile(identity.read());
    assert.ok(Object.values(known).every((value) => value === ''));
    assert.equal(await it.clock.advanceWhile(identity.instanceId()), '');
  }
  assert.ok(it.imds.requests.length <= 2, `${it.imds.requests.length} requests`);
  it.imds.faults.clear();
  await it.clock.advance(30_000);
  assert.deepEqual(await it.clock.advanceWhile(identity.read()), whole);
});

test('a part that could not be read is read later, the others are kept', async () => {
  await using it = await clientOverFake();
  it.imds.faults.add(
    { kind: 'answer', code: 500 },
    { when: ({ path }) => path.endsWith('life-cycle'), times: 1 },
  );
  const identity = new ImdsIdentity(it);
  assert.deepEqual(await it.clock.advanceWhile(identity.read()), { ...whole, instanceLifeCycle: '' });
  await it.clock.advance(30_000);
  const requests = it.imds.requests.length;
  assert.deepEqual(await it.clock.advanceWhile(identity.read()), whole);
  assert.equal(it.imds.requests.length, requests + 1);
});

test("a proxy's page is not an id", async () => {
  await using it = await clientOverFake();
  it.imds.set(documentPath, '<html>log in</html>');
  it.imds.set('instance-id', '<html>log in</html>');
  const identity = new ImdsIdentity(it);
  assert.equal(await it.clock.advanceWhile(identity.instanceId()), '');
});
