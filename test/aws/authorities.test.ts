import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { authority, serverCredentials } from '../fakes/api-server/certificates.ts';
import { awsOverFake } from './aws-over-fake.ts';

/** EC2 behind a certificate of an authority that nobody knows. */
async function privateEc2() {
  const server = createServer(serverCredentials('first'), (_, response) => {
    response.end('<DescribeInstancesResponse><requestId>1</requestId></DescribeInstancesResponse>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    ca: authority('first'),
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose](): Promise<void> {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

for (const isKnown of [true, false]) {
  test(`an authority that is ${isKnown ? '' : 'not '}given is ${isKnown ? '' : 'not '}trusted`, async () => {
    await using ec2 = await privateEc2();
    await using it = await awsOverFake({
      endpoint: ec2.url,
      tries: 1,
      certificateAuthorities: isKnown ? ec2.ca : undefined,
    });
    const call = it.clock.advanceWhile(
      it.client.query({
        service: 'ec2',
        action: 'DescribeInstances',
        parameters: {},
        signal: new AbortController().signal,
      }),
    );
    if (isKnown) assert.deepEqual(await call, { requestId: '1' });
    else await assert.rejects(call, /certificate/);
  });
}
