// Holds the index of all nodes, with the daemon's own parts: from SIGUSR2 on, so that what it takes can be told from
// what the process takes without it. Built and run as the daemon is.
import { ClockSkew } from '../../src/clock-skew.ts';
import { systemClock as clock } from '../../src/clock.ts';
import { Health } from '../../src/health.ts';
import { ApiClient } from '../../src/kubernetes/api-client.ts';
import { Credentials } from '../../src/kubernetes/credentials.ts';
import { NodeIndex } from '../../src/kubernetes/node-index.ts';
import { RequestLanes } from '../../src/kubernetes/request-lanes.ts';
import { createLogger } from '../../src/logger.ts';
import { createMetrics } from '../../src/metrics.ts';

const [kubeconfigPath = ''] = process.argv.slice(2);
const logger = createLogger({ json: false, level: 'info', formatVersion: 2 }, { clock, ...process });
const metrics = createMetrics('bench');
const shared = { clock, logger, log: logger, metrics };
const credentials = new Credentials(
  {
    kubeconfigPath,
    serviceHost: undefined,
    servicePort: undefined,
    serviceAccountFolder: '/nowhere',
    proxyFor: () => undefined,
    certificateAuthorities: undefined,
    multiplexes: true,
  },
  shared,
);
const lanes = new RequestLanes({ concurrency: 40, qps: undefined, burst: undefined }, shared);
const skew = new ClockSkew({ against: 'kubernetes' }, shared);
const client = new ApiClient({ userAgent: 'bench' }, { ...shared, credentials, lanes, skew });
const index = new NodeIndex({ ...shared, client, condition: new Health(clock).condition('nodes') });

const stopping = new AbortController();
const wanted = Promise.withResolvers<void>();
let changes = 0;
process.once('SIGUSR2', () => wanted.resolve());
process.once('SIGTERM', () => {
  stopping.abort(new Error('SIGTERM'));
  wanted.resolve();
});
process.on('SIGHUP', () => process.stdout.write(`${index.size} nodes, ${changes} changes\n`));
index.onChange(() => {
  changes += 1;
});

async function run(): Promise<void> {
  // So that a connection and its code are there before.
  const path = '/api/v1/nodes?limit=1';
  const { signal } = stopping;
  await client.expect({ verb: 'list', resource: 'nodes', path, urgency: 'mark', signal });
  process.stdout.write('waits for SIGUSR2\n');
  await wanted.promise;
  void index.listed.then(() => process.stdout.write(`listed ${index.size} nodes\n`));
  await index.run(signal);
}

// It waits for a signal.
const alive = setInterval(() => {}, 60_000);
void run().finally(() => {
  clearInterval(alive);
  credentials.close();
});
