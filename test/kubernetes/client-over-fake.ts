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

interface Given {
  /** As queue mode connects. @default false */
  readonly multiplexes?: boolean;
  /** What the kubeconfig names in place of the fake. */
  readonly server?: string;
}

/** The client of the API server over the fake one, in fake time. */
export async function clientOverFake({ multiplexes = false, server }: Given = {}) {
  const clock = new FakeClock();
  await using parts = new AsyncDisposableStack();
  const api = parts.use(await FakeApiServer.start({}, { clock }));
  const folder = await mkdtemp(join(tmpdir(), 'nth-client-'));
  parts.defer(() => rm(folder, { recursive: true }));
  const kubeconfigPath = join(folder, 'kubeconfig');
  const useServer = (url: string): Promise<void> =>
    writeFile(kubeconfigPath, api.kubeconfig().replace(api.url, url));
  await useServer(server ?? api.url);
  const credentials = new Credentials(
    {
      kubeconfigPath,
      serviceHost: undefined,
      servicePort: undefined,
      serviceAccountFolder: folder,
      proxyFor: () => undefined,
      certificateAuthorities: undefined,
      multiplexes,
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
    credentials,
    /** Takes effect once the credentials are read anew. */
    useServer,
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
