import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { optionNames } from '../../src/config/schema.ts';
import { loaded, loadWith } from './load-with.ts';

describe('the record of the effective configuration', () => {
  it('has every option but those that only print something', async () => {
    const { effective } = await loaded({});
    assert.deepEqual(
      optionNames.filter((name) => !Object.hasOwn(effective, name)),
      ['help', 'version'],
    );
  });

  it('shows values as they are used', async () => {
    const { effective } = await loaded({
      env: { LOG_LEVEL: 'ERROR', LOG_FORMAT_VERSION: '9', KUBE_API_QPS: '7' },
    });
    assert.equal(effective['log-level'], 'error');
    assert.equal(effective['log-format-version'], 2);
    assert.equal(effective['kube-api-qps'], 7);
    assert.equal(effective['kube-api-burst'], null, "NTH's default that is not used");
    assert.deepEqual(effective['webhook-headers'], { 'Content-type': 'application/json' });
  });

  it('shows no secret', async () => {
    const result = await loaded({
      env: {
        WEBHOOK_URL: 'https://hooks.example/hunter2',
        WEBHOOK_HEADERS: '{"Authorization":"Bearer hunter2"}',
        WEBHOOK_PROXY: 'http://me:hunter2@proxy:1',
        HTTP_PROXY: 'me:hunter2@proxy:2',
        HTTPS_PROXY: 'http://me:hunt@er2@proxy:3',
        AWS_ENDPOINT: 'http://me:hunter2@localhost:4566',
        INSTANCE_METADATA_URL: 'http://me:hunter2@localhost:1338/imds@x',
      },
    });
    const { effective, warnings } = result;
    assert.doesNotMatch(JSON.stringify([effective, warnings]), /hunt|er2/u);
    assert.equal(effective['webhook-url'], '(redacted)');
    assert.equal(effective['webhook-headers'], '(redacted)');
    assert.equal(effective['webhook-proxy'], 'http://(redacted)@proxy:1');
    assert.equal(effective['http-proxy'], '(redacted)@proxy:2');
    assert.equal(effective['https-proxy'], 'http://(redacted)@proxy:3');
    assert.equal(effective['metadata-url'], 'http://(redacted)@localhost:1338/imds@x');
  });
});

describe('messages about bad input', () => {
  const cases: readonly Parameters<typeof loadWith>[0][] = [
    { argv: ['--webhook-url=hunter2'] },
    { argv: ['--webhok-url=https://hunter2'] },
    { argv: ['--webhok-url', 'https://hunter2'] },
    { argv: ['--webhook-url', 'https://a', 'hunter2'] },
    { argv: ['--webhok-headers', '{A:', 'hunter2}'] },
    { argv: ['--https://me:hunter2@hooks/'] },
    { argv: ['https://me:hunter2@hooks/'] },
    { argv: ['--metadata-url=htp://me:hunter2@x'] },
    { argv: ['--metadata-url=htp://me:hunt/er2@x'] },
    { env: { HTTPS_PROXY: 'socks5://me:hunter2@x' } },
    { env: { WEBHOOK_HEADERS: '{"A": hunter2}' } },
    { file: 'webhook-headers: {A: [hunter2]}' },
    { file: 'webhok-url: hunter2' },
    { file: 'webhook-url: |hunter2' },
    { file: 'webhook-url: "hunter2' },
    { file: 'webhook-url: *hunter2' },
    { file: 'webhook-url: %hunter2\n@hunter2' },
    { file: 'webhook-headers: {A: "b" hunter2: hunter2' },
  ];
  for (const given of cases) {
    it(`show no secret: ${JSON.stringify(given)}`, async () => {
      const result = await loadWith(given);
      assert.equal(result.type, 'problems');
      assert.doesNotMatch(JSON.stringify(result), /hunt|er2/u);
    });
  }
});
