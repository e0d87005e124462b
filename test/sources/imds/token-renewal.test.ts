import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientOverFake } from './client-over-fake.ts';

const tokenRequest = 'PUT /latest/api/token';
const idPath = '/latest/meta-data/instance-id';
const idRequest = `GET ${idPath}`;
const hourMs = 3_600_000;

test('one token serves all requests for as long as it is good', async () => {
  await using it = await clientOverFake();
  for (let hour = 0; hour < 5; hour += 1) {
    assert.equal(await it.clock.advanceWhile(it.client.get(idPath)), 'i-0123456789abcdef0');
    await it.clock.advance(hourMs);
  }
  assert.equal(it.imds.tokens.issued, 1);
  assert.ok(it.imds.requests.every(({ method, hasToken }) => method === 'PUT' || hasToken));
});

test('a token is renewed before it expires', async () => {
  await using it = await clientOverFake();
  await it.clock.advanceWhile(it.client.get(idPath));
  await it.clock.advance(6 * hourMs - 30_000);
  await it.clock.advanceWhile(it.client.get(idPath));
  assert.equal(it.imds.tokens.issued, 2);
  assert.ok(it.imds.requests.every(({ code }) => code === 200));
});

test('a token whose renewal fails is used until its own end', async () => {
  await using it = await clientOverFake();
  await it.clock.advanceWhile(it.client.get(idPath));
  await it.clock.advance(6 * hourMs - 30_000);
  it.imds.faults.add({ kind: 'answer', code: 500 }, { when: ({ method }) => method === 'PUT' });
  for (let polls = 0; polls < 5; polls += 1) {
    assert.equal(await it.clock.advanceWhile(it.client.get(idPath)), 'i-0123456789abcdef0');
    await it.clock.advance(1000);
  }
  const renewals = it.paths().filter((path) => path === tokenRequest).length - 1;
  assert.equal(renewals, 1, 'a failed renewal is not tried at every request');
  it.imds.faults.clear();
  await it.clock.advance(5000);
  await it.clock.advanceWhile(it.client.get(idPath));
  assert.equal(it.imds.tokens.issued, 2);
});

test('requests that start together share one call for the token', async () => {
  await using it = await clientOverFake();
  it.imds.faults.add({ kind: 'delay', ms: 500 }, { when: ({ method }) => method === 'PUT' });
  const together = Promise.all(Array.from({ length: 5 }, () => it.client.get(idPath)));
  await it.clock.advanceWhile(together);
  assert.equal(it.imds.tokens.issued, 1);
});

test('a 401 gets one new token and one more try', async () => {
  await using it = await clientOverFake();
  await it.clock.advanceWhile(it.client.get(idPath));
  it.imds.tokens.forget();
  assert.equal(await it.clock.advanceWhile(it.client.get(idPath)), 'i-0123456789abcdef0');
  assert.deepEqual(it.paths().slice(2), [idRequest, tokenRequest, idRequest]);
});

test('requests that get a 401 together renew the token once', async () => {
  await using it = await clientOverFake();
  await it.clock.advanceWhile(it.client.get(idPath));
  it.imds.tokens.forget();
  it.imds.faults.add({ kind: 'delay', ms: 100 }, { when: ({ method }) => method === 'PUT' });
  await it.clock.advanceWhile(Promise.all([it.client.get(idPath), it.client.get(idPath)]));
  assert.equal(it.imds.tokens.issued, 2);
});

test('a 401 to the new token too is an error, without further tries', async () => {
  await using it = await clientOverFake();
  it.imds.faults.add({ kind: 'answer', code: 401 }, { when: ({ method }) => method === 'GET' });
  await assert.rejects(it.clock.advanceWhile(it.client.get(idPath)), { code: 'status', statusCode: 401 });
  assert.deepEqual(it.paths(), [tokenRequest, idRequest, tokenRequest, idRequest]);
});

test('the last hour of a short-lived token is not taken for the last minute of a long one', async () => {
  await using it = await clientOverFake();
  it.imds.faults.add(
    {
      kind: 'answer',
      code: 200,
      body: 'short-lived',
      headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '10' },
    },
    { when: ({ method }) => method === 'PUT' },
  );
  it.imds.faults.add({ kind: 'answer', code: 200, body: 'i-1' }, { when: ({ method }) => method === 'GET' });
  for (let second = 0; second < 7; second += 1) {
    await it.clock.advanceWhile(it.client.get(idPath));
    await it.clock.advance(1000);
  }
  assert.equal(it.paths().filter((path) => path === tokenRequest).length, 1);
  await it.clock.advance(1000);
  await it.clock.advanceWhile(it.client.get(idPath));
  assert.equal(it.paths().filter((path) => path === tokenRequest).length, 2);
});

test('a page in place of a token is an error that does not repeat it', async () => {
  await using it = await clientOverFake({}, { tries: 1 });
  it.imds.faults.add(
    { kind: 'answer', code: 200, body: '<html>log in</html>\n<p>' },
    { when: ({ method }) => method === 'PUT' },
  );
  await assert.rejects(it.clock.advanceWhile(it.client.get(idPath)), (error: Error) => {
    assert.match(error.message, /^Cannot use the IMDSv2 token/);
    assert.doesNotMatch(error.message, /log in/);
    return true;
  });
});

test('one caller that gives up does not take the token away from another', async () => {
  await using it = await clientOverFake();
  it.imds.faults.add({ kind: 'delay', ms: 500 }, { when: ({ method }) => method === 'PUT' });
  const impatient = new AbortController();
  const first = assert.rejects(it.client.get(idPath, { signal: impatient.signal }), /enough/);
  const second = it.client.get(idPath);
  await it.clock.advance(100);
  impatient.abort(new Error('enough'));
  await first;
  assert.equal(await it.clock.advanceWhile(second), 'i-0123456789abcdef0');
  assert.equal(it.imds.tokens.issued, 1);
});
