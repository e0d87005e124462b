import { createAws } from '../../src/aws/aws.ts';
import { Instances } from '../../src/aws/instances.ts';
import { ClockSkew } from '../../src/clock-skew.ts';
import type { Clock } from '../../src/clock.ts';
import { createMetrics } from '../../src/metrics.ts';
import { FakeAws } from '../fakes/aws.ts';
import { recordedLog } from '../sources/imds/recorded-log.ts';

/** Instances as the fake EC2 has them. */
export async function overFakeEc2(clock: Clock) {
  const metrics = createMetrics('test');
  const skew = new ClockSkew({ against: 'aws' }, { log: recordedLog().log, metrics });
  const credentials = {
    current: () => Promise.resolve({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }),
    refused: () => {},
  };
  const fake = await FakeAws.start({}, { clock });
  const aws = createAws(
    { region: 'eu-central-1', endpoint: fake.url, userAgent: 'test', proxyFor: () => undefined },
    { clock, log: recordedLog().log, metrics, skew, credentials },
  );
  return {
    ec2: fake.ec2,
    fake,
    requests: fake.requests,
    instances: new Instances({ clock, client: aws.client }),
    async [Symbol.asyncDispose]() {
      aws.close();
      await fake.stop();
    },
  };
}
