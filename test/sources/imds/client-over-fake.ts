import { ClockSkew } from '../../../src/clock-skew.ts';
import { createMetrics } from '../../../src/metrics.ts';
import { ImdsClient, type ImdsClientOptions } from '../../../src/sources/imds/client.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeImds, type FakeImdsOptions } from '../../fakes/imds.ts';
import { recordedLog } from './recorded-log.ts';

/** A client of a fake metadata service, in fake time. */
export async function clientOverFake(
  imdsOptions: FakeImdsOptions = {},
  options: Partial<ImdsClientOptions> = {},
) {
  const clock = new FakeClock();
  const imds = await FakeImds.start(imdsOptions, { clock });
  const metrics = createMetrics('test');
  const { log, records, warnings } = recordedLog();
  const skew = new ClockSkew({ against: 'imds' }, { log, metrics });
  const client = new ImdsClient({ url: imds.url, ...options }, { clock, log, skew });
  const paths = (): string[] => imds.requests.map(({ method, path }) => `${method} ${path}`);
  return {
    clock,
    imds,
    metrics,
    log,
    records,
    warnings,
    skew,
    client,
    paths,
    async [Symbol.asyncDispose](): Promise<void> {
      client.close();
      await imds.stop();
    },
  };
}
