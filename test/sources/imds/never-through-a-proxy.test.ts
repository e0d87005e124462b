import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { systemClock } from '../../../src/clock.ts';
import { FakeImds } from '../../fakes/imds.ts';

const client = new URL('../../../src/sources/imds/client.ts', import.meta.url).href;

/** A process of its own, as Node takes proxies from the environment when it starts. */
const program = `
  import { ImdsClient } from ${JSON.stringify(client)};
  const clock = { now: () => Date.now(), sleep: () => new Promise(() => undefined), startTimer: () => () => {} };
  const skew = { observe: () => undefined };
  const client = new ImdsClient({ url: process.argv[1], tries: 1 }, { clock, log: console, skew });
  console.log(await client.get('/latest/meta-data/instance-id'));
  client.close();
`;

test('the metadata service is asked directly, whatever proxy the environment names', async () => {
  await using imds = await FakeImds.start({}, { clock: systemClock });
  const nowhere = 'http://127.0.0.1:1';
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', program, imds.url],
    {
      env: {
        NODE_USE_ENV_PROXY: '1',
        HTTP_PROXY: nowhere,
        http_proxy: nowhere,
        HTTPS_PROXY: nowhere,
        ALL_PROXY: nowhere,
      },
    },
  );
  assert.equal(stdout, 'i-0123456789abcdef0\n');
});
