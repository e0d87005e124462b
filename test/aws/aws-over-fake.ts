import { createAws, type AwsOptions } from '../../src/aws/aws.ts';
import { ClockSkew } from '../../src/clock-skew.ts';
import { createMetrics } from '../../src/metrics.ts';
import { FakeAws } from '../fakes/aws.ts';
import { FakeClock } from '../fakes/clock.ts';
import { recordedLog } from '../sources/imds/recorded-log.ts';

/** Calls of a fake AWS, in fake time. */
export async function awsOverFake(options: Partial<AwsOptions> = {}) {
  const clock = new FakeClock();
  const metrics = createMetrics('test');
  const { log, records, warnings } = recordedLog();
  const skew = new ClockSkew({ against: 'aws' }, { log, metrics });
  const aws = await FakeAws.start({}, { clock });
  let refusals = 0;
  const credentials = {
    current: () =>
      Promise.resolve({ accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: `token-${refusals}` }),
    refused: () => {
      refusals += 1;
    },
  };
  const calls = createAws(
    {
      region: 'eu-central-1',
      endpoint: aws.url,
      userAgent: 'aws-node-termination-handler/test',
      proxyFor: () => undefined,
      ...options,
    },
    { clock, log, metrics, skew, credentials },
  );
  return {
    clock,
    aws,
    skew,
    metrics,
    log,
    records,
    warnings,
    client: calls.client,
    refusals: () => refusals,
    async [Symbol.asyncDispose](): Promise<void> {
      calls.close();
      await aws.stop();
    },
  };
}
