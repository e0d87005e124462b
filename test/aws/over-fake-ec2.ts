import { createAws } from '../../src/aws/aws.ts';
import { Instances } from '../../src/aws/instances.ts';
import { ClockSkew } from '../../src/clock-skew.ts';
import type { Clock } from '../../src/clock.ts';
import { createMetrics } from '../../src/metrics.ts';
import { FakeEc2 } from '../fakes/ec2.ts';
import { recordedLog } from '../sources/imds/recorded-log.ts';

/** Instances as the fake EC2 has them. */
export async function overFakeEc2(clock: Clock) {
  const ec2 = await FakeEc2.start({ clock });
  const metrics = createMetrics('test');
  const skew = new ClockSkew({ against: 'aws' }, { log: recordedLog().log, metrics });
  const credentials = {
    current: () => Promise.resolve({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }),
    refused: () => {},
  };
  const aws = createAws(
    { region: 'eu-central-1', endpoint: ec2.url, userAgent: 'test', proxyFor: () => undefined },
    { clock, metrics, skew, credentials },
  );
  return {
    ec2,
    instances: new Instances({ clock, client: aws.client }),
    async [Symbol.asyncDispose]() {
      aws.close();
      await ec2.stop();
    },
  };
}
