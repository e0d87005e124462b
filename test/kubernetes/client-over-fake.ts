import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClockSkew } from '../../src/clock-skew.ts';
import { ApiClient } from '../../src/kubernetes/api-client.ts';
import { Credentials } from '../../src/kubernetes/credentials.ts';
import { RequestLanes } from '../../src/kubernetes/request-lanes.ts';
import { createMetrics } from '../../src/metrics.ts';
import { FakeApiServer } from '../fakes/api-server.ts';
import { FakeClock } from '../fakes/clock.ts';
import { recordedLog } from '../sources/imds/recorded-log.ts';

/** The client of the API server over the fake one, in fake time. */
export async function clientOverFake() {
  const clock = new FakeClock();
  await using parts = new AsyncDisposableStack();
  const api = parts.use(await FakeApiServer.start({}, { clock }));
  const folder = await mkdtemp(join(tmpdir(), 'nth-client-'));
  parts.defer(() => rm(folder, { recursive: true }));
  const kubeconfigPath = join(folder, 'kubeconfig');
  await writeFile(kubeconfigPath, api.kubeconfig());
  const credentials = new Credentials(
    {
      kubeconfigPath,
      serviceHost: undefined,
      servicePort: undefined,
      serviceAccountFolder: folder,
      proxyFor: () => undefined,
      certificateAuthorities: undefined,
    },
    { clock },
  );
  parts.defer(() => credentials.close());
  const metrics = createMetrics('test');
  const lanes = new RequestLanes({ concurrency: 5, qps: undefined, burst: undefined }, { clock });
  const { log: logger, records, warnings } = recordedLog();
  const skew = new ClockSkew({ against: 'kubernetes' }, { log: logger, metrics });
  const client = new ApiClient({ userAgent: 'test' }, { clock, credentials, lanes, metrics, skew });
  const kept = parts.move();
  return {
    clock,
    api,
    client,
    logger,
    records,
    warnings,
    metrics,
    /** The value of a sample, by its name with its labels. */
    sample: async (name: string): Promise<number | undefined> => {
      const lines = (await metrics.registry.metrics()).split('\n');
      const line = lines.find((it) => it.startsWith(`${name} `));
      return line === undefined ? undefined : Number(line.slice(name.length + 1));
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
