import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientOverFake } from './client-over-fake.ts';

const idPath = '/latest/meta-data/instance-id';
const isTokenRequest = ({ method }: { method: string }): boolean => method === 'PUT';

for (const code of [403, 404, 405]) {
  test(`IMDSv1 is used where the token endpoint answers ${code}, with one warning`, async () => {
    await using it = await clientOverFake();
    it.imds.faults.add({ kind: 'answer', code }, { when: isTokenRequest });
    for (let polls = 0; polls < 100; polls += 1) {
      assert.equal(await it.clock.advanceWhile(it.client.get(idPath)), 'i-0123456789abcdef0');
      await it.clock.advance(60_000);
    }
    assert.equal(it.warnings().length, 1);
    assert.match(it.warnings()[0]?.message ?? '', /IMDSv1/);
    const tokenRequests = it.imds.requests.filter(isTokenRequest).length;
    assert.ok(tokenRequests <= 3, `IMDSv2 is looked for each hour, not ${tokenRequests} times`);
  });
}

for (const code of [400, 401, 429, 500, 503]) {
  test(`a token endpoint that answers ${code} is trouble, not IMDSv1`, async () => {
    await using it = await clientOverFake({}, { tries: 2 });
    it.imds.faults.add({ kind: 'answer', code }, { when: isTokenRequest });
    await assert.rejects(it.clock.advanceWhile(it.client.get(idPath)), { code: 'token', statusCode: code });
    assert.ok(it.imds.requests.every(isTokenRequest));
  });
}

test('a token endpoint that does not answer is trouble, not IMDSv1, and the error names the hop limit', async () => {
  await using it = await clientOverFake({}, { tries: 1 });
  it.imds.faults.add({ kind: 'hang' }, { when: isTokenRequest });
  await assert.rejects(it.clock.advanceWhile(it.client.get(idPath)), /no answer within 2000 ms .*hop limit/);
  assert.ok(it.imds.requests.every(isTokenRequest));
  assert.deepEqual(it.warnings(), []);
});

test('IMDSv2 is taken up again once the service has it, or asks for it', async () => {
  await using it = await clientOverFake({ allowsVersion1: false });
  it.imds.faults.add({ kind: 'answer', code: 404 }, { when: isTokenRequest, times: 1 });
  assert.equal(await it.clock.advanceWhile(it.client.get(idPath)), 'i-0123456789abcdef0');
  assert.deepEqual(
    it.imds.requests.map(({ method, code }) => `${method} ${code}`),
    ['PUT 404', 'GET 401', 'PUT 200', 'GET 200'],
  );
});
