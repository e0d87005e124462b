import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AwsClient } from '../../src/aws/client.ts';
import { AwsError } from '../../src/aws/error.ts';
import { awsOverFake } from './aws-over-fake.ts';

const { signal } = new AbortController();

function describe(client: AwsClient): Promise<unknown> {
  return client.query({ service: 'ec2', action: 'DescribeInstances', parameters: {}, signal });
}

async function errorOf(work: Promise<unknown>): Promise<AwsError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof AwsError, String(error));
  return error;
}

test('calls go over one connection that is kept', async () => {
  await using it = await awsOverFake();
  for (let time = 0; time < 5; time += 1) await it.clock.advanceWhile(describe(it.client));
  assert.equal(it.aws.connections, 1);
});

for (const effect of [
  { kind: 'answer', code: 500 },
  { kind: 'answer', code: 503, body: '<html>' },
  { kind: 'drop-before' },
  { kind: 'truncate' },
  { kind: 'hang' },
] as const) {
  test(`a call that meets "${effect.kind}" is tried again`, async () => {
    await using it = await awsOverFake();
    it.aws.faults.add(effect, { times: 2 });
    await it.clock.advanceWhile(describe(it.client));
    assert.equal(it.aws.requests.length, 3);
  });
}

test('a call that is throttled is tried again later, and not for ever', async () => {
  await using it = await awsOverFake();
  const body =
    '<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Slow.</Message></Error></Errors></Response>';
  it.aws.faults.add({ kind: 'answer', code: 503, body });
  const error = await it.clock.advanceWhile(errorOf(describe(it.client)));
  assert.equal(error.kind, 'throttled');
  assert.equal(error.code, 'RequestLimitExceeded');
  assert.equal(it.aws.requests.length, 3);
});

test('a right that is missing is an error at once', async () => {
  await using it = await awsOverFake();
  it.aws.denied.add('DescribeInstances').add('ReceiveMessage');
  const query = await it.clock.advanceWhile(errorOf(describe(it.client)));
  assert.deepEqual(
    [query.kind, query.code, query.statusCode],
    ['access-denied', 'UnauthorizedOperation', 403],
  );
  assert.match(query.message, /^Cannot call ec2:DescribeInstances: UnauthorizedOperation: .*\(status 403\)$/);
  const json = await it.clock.advanceWhile(
    errorOf(it.client.json({ service: 'sqs', action: 'ReceiveMessage', input: {}, signal })),
  );
  assert.deepEqual([json.kind, json.code], ['access-denied', 'AccessDeniedException']);
  assert.equal(it.aws.requests.length, 2);
});

test('credentials that have expired are read anew, and the call is made', async () => {
  await using it = await awsOverFake();
  it.aws.expiredTokens.add('token-0');
  await it.clock.advanceWhile(describe(it.client));
  assert.equal(it.refusals(), 1);
});

test('a wrong clock is corrected by the answer that complains of it, also when it is set later', async () => {
  await using it = await awsOverFake();
  for (const skewMs of [7_200_000, -7_200_000, 0]) {
    it.aws.skewMs = skewMs;
    await it.clock.advanceWhile(describe(it.client));
    assert.ok(Math.abs(it.skew.skewMs - skewMs) <= 2000);
  }
});

test('a call that is broken off says so, and no more is asked', async () => {
  await using it = await awsOverFake();
  it.aws.faults.add({ kind: 'hang' });
  const stop = new AbortController();
  const call = it.client.query({
    service: 'ec2',
    action: 'DescribeInstances',
    parameters: {},
    signal: stop.signal,
  });
  await it.clock.settle();
  stop.abort(new Error('enough'));
  await assert.rejects(call, /enough/);
  await it.clock.advance(60_000);
  assert.equal(it.aws.requests.length, 1);
});

test('no error holds the secrets of its request', async () => {
  await using it = await awsOverFake();
  await it.aws.goAway();
  const error = await it.clock.advanceWhile(errorOf(describe(it.client)));
  assert.equal(error.kind, 'unreachable');
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    assert.doesNotMatch(JSON.stringify(Object.getOwnPropertyDescriptors(cause)), /token-|Signature|AKID/);
  }
});

test('requests to https: go through the proxy of the environment', async () => {
  const asked: string[] = [];
  await using it = await awsOverFake({
    endpoint: 'https://ec2.invalid/',
    tries: 1,
    proxyFor: (url) => {
      asked.push(url.href);
      return new URL(it.aws.url);
    },
  });
  // The fake is no proxy: that it is asked for a tunnel, and hangs up, is what is to be seen.
  const error = await it.clock.advanceWhile(errorOf(describe(it.client)));
  assert.equal(error.kind, 'unreachable');
  assert.deepEqual(asked, ['https://ec2.invalid/']);
  assert.equal(it.aws.connections, 1);
});
