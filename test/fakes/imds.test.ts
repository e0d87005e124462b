import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { FakeClock } from './clock.ts';
import { FakeImds, type FakeImdsOptions } from './imds.ts';

const tokenPath = '/latest/api/token';
const ttlHeader = 'X-aws-ec2-metadata-token-ttl-seconds';
const spotPath = '/latest/meta-data/spot/instance-action';

async function started(options: FakeImdsOptions = {}) {
  const clock = new FakeClock();
  const imds = await FakeImds.start(options, { clock });
  const agent = new Agent({ keepAlive: true });
  const ask = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const sent = request(`${imds.url}${path}`, { agent, headers, method });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return { code: response.statusCode, headers: response.headers, body: await text(response) };
  };
  const askToken = async (ttlSeconds: string) => ask(tokenPath, { [ttlHeader]: ttlSeconds }, 'PUT');
  return {
    clock,
    imds,
    ask,
    askToken,
    [Symbol.asyncDispose]: async () => {
      agent.destroy();
      await imds.stop();
    },
  };
}

test('a token opens the documents until it expires', async () => {
  await using fake = await started({ allowsVersion1: false });
  const { clock, ask, askToken } = fake;
  assert.equal((await ask('/latest/meta-data/instance-id')).code, 401);
  const { code, body: token, headers } = await askToken('60');
  assert.equal(code, 200);
  assert.equal(headers[ttlHeader.toLowerCase()], '60');
  const withToken = async () => ask('/latest/meta-data/instance-id', { 'X-aws-ec2-metadata-token': token });
  assert.deepEqual([(await withToken()).code, (await withToken()).body], [200, 'i-0123456789abcdef0']);
  await clock.advance(59_000);
  assert.equal((await withToken()).code, 200);
  await clock.advance(1000);
  const expired = await withToken();
  assert.equal(expired.code, 401);
  assert.match(expired.body, /401 - Unauthorized/);
});

test('a wrong token is refused even where none is needed', async () => {
  await using fake = await started();
  const path = '/latest/meta-data/instance-id';
  assert.equal((await fake.ask(path)).code, 200);
  assert.equal((await fake.ask(path, { 'X-aws-ec2-metadata-token': 'wrong' })).code, 401);
  const { body: token } = await fake.askToken('21600');
  fake.imds.tokens.forget();
  assert.equal((await fake.ask(path, { 'X-aws-ec2-metadata-token': token })).code, 401);
});

test('a token needs a lifetime of 1 to 21600 seconds, and no proxy', async () => {
  await using fake = await started();
  for (const ttl of ['0', '21601', 'x', '1.5', '']) assert.equal((await fake.askToken(ttl)).code, 400, ttl);
  assert.equal((await fake.ask(tokenPath, {}, 'PUT')).code, 400);
  assert.equal((await fake.ask(tokenPath)).code, 405);
  const forwarded = { [ttlHeader]: '60', 'X-Forwarded-For': '10.0.0.1' };
  assert.equal((await fake.ask(tokenPath, forwarded, 'PUT')).code, 403);
});

test('documents come and go; what is not there is a page of XML with 404', async () => {
  await using fake = await started();
  const { imds, ask, clock } = fake;
  const missing = await ask(spotPath);
  assert.equal(missing.code, 404);
  assert.equal(missing.headers['content-type'], 'text/html');
  assert.match(missing.body, /^<\?xml .*404 - Not Found/s);
  imds.interrupt('stop', 90_500);
  const time = new Date(clock.now() + 90_000).toISOString().replace('.000', '');
  assert.deepEqual(JSON.parse((await ask(spotPath)).body), { action: 'stop', time });
  imds.clear('spot/instance-action');
  assert.equal((await ask(spotPath)).code, 404);
  imds.recommendRebalance();
  assert.match((await ask('/latest/meta-data/events/recommendations/rebalance')).body, /noticeTime/);
  imds.set('spot/instance-action', '<html>not for you</html>');
  assert.equal((await ask(spotPath)).body, '<html>not for you</html>');
  imds.set('spot/instance-action', 'x'.repeat(2_000_000));
  assert.equal((await ask(spotPath)).body.length, 2_000_000);
  assert.deepEqual(JSON.parse((await ask('/latest/meta-data/events/maintenance/scheduled')).body), []);
});

test('trouble is scripted by path and number', async () => {
  await using fake = await started();
  const { imds, ask, clock } = fake;
  const when = ({ path }: { path: string }) => path === tokenPath;
  imds.faults.add({ kind: 'answer', code: 403 }, { when, times: 1 });
  assert.equal((await fake.askToken('60')).code, 403);
  assert.equal((await fake.askToken('60')).code, 200);
  const end = imds.faults.add({ kind: 'answer', code: 500, body: 'sorry' });
  assert.deepEqual([(await ask('/x')).code, (await ask('/y')).body], [500, 'sorry']);
  end();
  for (const kind of ['drop-before', 'drop-after', 'truncate'] as const) {
    imds.faults.add({ kind }, { times: 1 });
    await assert.rejects(ask('/latest/meta-data/instance-id'), { code: 'ECONNRESET' }, kind);
  }
  imds.faults.add({ kind: 'delay', ms: 5000 }, { times: 1 });
  const since = clock.now();
  assert.equal((await clock.advanceWhile(ask('/latest/meta-data/instance-id'))).code, 200);
  assert.ok(clock.now() - since >= 5000);
  imds.faults.add({ kind: 'hang' }, { times: 1 });
  let answered = false;
  const hanging = ask('/latest/meta-data/instance-id').then(() => {
    answered = true;
  });
  await clock.advance(3_600_000);
  assert.equal(answered, false);
  imds.dropConnections();
  await assert.rejects(hanging, { code: 'ECONNRESET' });
});

test('requests and connections are counted', async () => {
  await using fake = await started();
  const { imds, ask, clock } = fake;
  await ask('/latest/meta-data/instance-id');
  await clock.advance(1000);
  await ask(spotPath, { 'X-aws-ec2-metadata-token': 'wrong' });
  assert.deepEqual(
    imds.requests.map(({ at, ...entry }) => ({ ...entry, ago: clock.now() - at })),
    [
      { method: 'GET', path: '/latest/meta-data/instance-id', hasToken: false, code: 200, ago: 1000 },
      { method: 'GET', path: spotPath, hasToken: true, code: 401, ago: 0 },
    ],
  );
  assert.deepEqual([imds.connections, imds.openConnections], [1, 1]);
});

test('a service that closes connections gets a new one for each request', async () => {
  await using fake = await started({ closesConnections: true });
  await fake.ask('/latest/meta-data/instance-id');
  await fake.ask('/latest/meta-data/instance-id');
  assert.equal(fake.imds.connections, 2);
});

test('the date is the clock with a skew', async () => {
  await using fake = await started();
  fake.imds.skewMs = -90_000;
  const { headers } = await fake.ask('/latest/meta-data/instance-id');
  assert.equal(Date.parse(headers.date ?? ''), fake.clock.now() - 90_000);
});

test('the service goes away and comes back on its port', async () => {
  await using fake = await started();
  const { imds, ask } = fake;
  const { url } = imds;
  await ask('/latest/meta-data/instance-id');
  await imds.goAway();
  await fake.clock.settle();
  await assert.rejects(ask('/latest/meta-data/instance-id'), { code: 'ECONNREFUSED' });
  await imds.restart();
  assert.equal(imds.url, url);
  assert.equal((await ask('/latest/meta-data/instance-id')).code, 200);
});

test('it listens on IPv6 too', async () => {
  await using fake = await started({ host: '::1' });
  assert.match(fake.imds.url, /^http:\/\/\[::1\]:\d+$/);
  assert.equal((await fake.ask('/latest/meta-data/instance-id')).code, 200);
});
