import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientOverFake } from './client-over-fake.ts';

const idPath = '/latest/meta-data/instance-id';
const spotPath = '/latest/meta-data/spot/instance-action';
const isGet = ({ method }: { method: string }): boolean => method === 'GET';

test('a document that is not there is nothing', async () => {
  await using it = await clientOverFake();
  assert.equal(await it.clock.advanceWhile(it.client.get(spotPath)), undefined);
});

test('requests keep to one connection, whatever they are answered', async () => {
  await using it = await clientOverFake();
  it.imds.faults.add({ kind: 'answer', code: 500, body: 'x'.repeat(100_000) }, { when: isGet, times: 2 });
  for (let requests = 0; requests < 20; requests += 1) {
    await it.clock.advanceWhile(it.client.get(requests % 2 === 0 ? spotPath : idPath));
  }
  assert.equal(it.imds.connections, 1);
});

test('requests at the same time use two connections, of which one is kept', async () => {
  await using it = await clientOverFake();
  await it.clock.advanceWhile(it.client.get(idPath));
  await it.clock.advanceWhile(Promise.all(Array.from({ length: 8 }, () => it.client.get(idPath))));
  assert.equal(it.imds.connections, 2);
  await it.clock.settle();
  assert.equal(it.imds.openConnections, 1);
});

test('a request is tried as often as it was asked for', async () => {
  await using it = await clientOverFake({}, { tries: 4 });
  it.imds.faults.add({ kind: 'drop-before' }, { when: isGet });
  await assert.rejects(it.clock.advanceWhile(it.client.get(idPath)), { code: 'unreachable' });
  assert.equal(it.imds.requests.filter(isGet).length, 4);
  it.imds.faults.clear();
  it.imds.faults.add({ kind: 'answer', code: 503 }, { when: isGet, times: 3 });
  assert.equal(await it.clock.advanceWhile(it.client.get(idPath)), 'i-0123456789abcdef0');
});

test('an answer that says no is not asked for again', async () => {
  await using it = await clientOverFake();
  it.imds.faults.add({ kind: 'answer', code: 403 }, { when: isGet });
  await assert.rejects(it.clock.advanceWhile(it.client.get(idPath)), { code: 'status', statusCode: 403 });
  assert.equal(it.imds.requests.filter(isGet).length, 1);
});

test('a redirect is not followed: it leads away from the metadata service', async () => {
  await using it = await clientOverFake();
  it.imds.faults.add(
    { kind: 'answer', code: 302, headers: { location: `${it.imds.url}${idPath}` } },
    { when: isGet },
  );
  await assert.rejects(it.clock.advanceWhile(it.client.get(spotPath)), { code: 'status', statusCode: 302 });
});

test('an answer that does not come, or not to its end, is given up after the limit', async () => {
  await using it = await clientOverFake({}, { tries: 1, responseTimeoutMs: 2000 });
  await it.clock.advanceWhile(it.client.get(idPath));
  it.imds.faults.add({ kind: 'hang' }, { when: isGet });
  const began = it.clock.now();
  await assert.rejects(it.clock.advanceWhile(it.client.get(idPath)), { code: 'timeout' });
  assert.ok(it.clock.now() - began <= 2100);
  assert.equal(it.clock.pendingSleeps, 0);
});

test('a body that is cut off is an error', async () => {
  await using it = await clientOverFake({}, { tries: 1 });
  it.imds.faults.add({ kind: 'truncate' }, { when: isGet });
  await assert.rejects(it.clock.advanceWhile(it.client.get(idPath)), { code: 'unreachable' });
});

test('a body of 256 KiB is read, a larger one is refused without being kept', async () => {
  await using it = await clientOverFake();
  it.imds.set(idPath, 'x'.repeat(256 * 1024));
  assert.equal((await it.clock.advanceWhile(it.client.get(idPath)))?.length, 256 * 1024);
  it.imds.set(idPath, 'x'.repeat(256 * 1024 + 1));
  await assert.rejects(it.clock.advanceWhile(it.client.get(idPath)), { code: 'too-large' });
  it.imds.set(idPath, 'x'.repeat(20_000_000));
  await assert.rejects(it.clock.advanceWhile(it.client.get(idPath)), { code: 'too-large' });
  it.imds.set(idPath, 'i-1');
  assert.equal(await it.clock.advanceWhile(it.client.get(idPath)), 'i-1');
});

test('a caller that gives up is let go at once, with its own reason', async () => {
  await using it = await clientOverFake();
  it.imds.faults.add({ kind: 'hang' }, { when: isGet });
  const stopping = new AbortController();
  const asked = assert.rejects(it.client.get(idPath, { signal: stopping.signal }), /stopping/);
  await it.clock.advance(500);
  stopping.abort(new Error('stopping'));
  await asked;
  assert.equal(it.clock.pendingSleeps, 0);
});

test('a service that is away is an error that says so, and its return is noticed', async () => {
  await using it = await clientOverFake({}, { tries: 1 });
  await it.clock.advanceWhile(it.client.get(idPath));
  await it.imds.goAway();
  await it.clock.settle();
  await assert.rejects(it.clock.advanceWhile(it.client.get(idPath)), /^ImdsError: Cannot get .*ECONNREFUSED/);
  await it.imds.restart();
  assert.equal(await it.clock.advanceWhile(it.client.get(idPath)), 'i-0123456789abcdef0');
});

test('errors never hold the token', async () => {
  await using it = await clientOverFake({}, { tries: 1 });
  await it.clock.advanceWhile(it.client.get(idPath));
  it.imds.faults.add({ kind: 'drop-before' }, { when: isGet });
  await assert.rejects(it.clock.advanceWhile(it.client.get(idPath)), (error: Error) => {
    const token = Buffer.from('token-number-1').toString('base64url').slice(0, 12);
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
      assert.ok(!JSON.stringify(cause, Object.getOwnPropertyNames(cause)).includes(token));
      assert.ok(!('options' in cause), 'the request is not held');
    }
    return true;
  });
});

test('a metadata service on IPv6, and a base URL that ends in a slash', async () => {
  await using it = await clientOverFake({ host: '::1' });
  assert.match(it.imds.url, /^http:\/\/\[::1\]:/);
  assert.equal(await it.clock.advanceWhile(it.client.get(idPath)), 'i-0123456789abcdef0');
  await using other = await clientOverFake({}, { url: `${it.imds.url}/` });
  assert.equal(await it.clock.advanceWhile(other.client.get(idPath)), 'i-0123456789abcdef0');
});

test('a hundred tries are not waited for', async () => {
  await using it = await clientOverFake({}, { tries: 100 });
  it.imds.faults.add({ kind: 'hang' });
  const began = it.clock.now();
  await assert.rejects(it.clock.advanceWhile(it.client.get(idPath)), { code: 'timeout' });
  assert.ok(it.clock.now() - began < 20_000);
});
