import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { portOf, rarePolls, startDaemonBy, type RunningDaemon } from '../../daemon/running-daemon.ts';
import type { FakeApiServer } from '../../fakes/api-server.ts';
import { FakeClock } from '../../fakes/clock.ts';

const minuteMs = 60_000;
const scrapeMs = 30_000;

interface Life {
  readonly node: string;
  readonly cluster: (api: FakeApiServer, node: string) => void;
  /** What happens, by the minute at which it does. */
  readonly story: Readonly<Record<number, (daemon: RunningDaemon) => unknown>>;
}

function pods(count: number, shutdownMs: number) {
  return (api: FakeApiServer, node: string): void => {
    api.addNode({ name: node });
    for (let index = 0; index < count; index += 1) {
      const owner = 'ReplicaSet/web';
      api.addPod({
        name: `web-${index}`,
        node,
        owner,
        shutdownMs: shutdownMs + index * 500,
        graceSeconds: 60,
      });
    }
  };
}

/** Pods that a budget does not let go, besides those that leave. */
function heldPods(api: FakeApiServer, node: string): void {
  pods(6, 4_000)(api, node);
  api.addBudget({ name: 'cart', matchLabels: { app: 'cart' }, minAvailable: 2 });
  for (const name of ['cart-0', 'cart-1']) {
    api.addPod({ name, node, owner: 'ReplicaSet/cart', labels: { app: 'cart' }, shutdownMs: 3_000 });
  }
}

/** An afternoon of five nodes. */
const lives: readonly Life[] = [
  {
    node: 'node-a',
    cluster: pods(14, 3_000),
    story: { 35: ({ imds }) => imds.interrupt() },
  },
  {
    node: 'node-b',
    cluster: heldPods,
    story: { 60: ({ imds }) => imds.recommendRebalance(), 72: ({ imds }) => imds.interrupt() },
  },
  {
    node: 'node-c',
    cluster: pods(9, 20_000),
    story: {
      20: ({ imds }) =>
        imds.set('events/maintenance/scheduled', [
          {
            EventId: 'instance-event-1',
            Code: 'system-reboot',
            Description: 'reboot',
            NotBefore: 'soon',
            State: 'active',
          },
        ]),
      95: ({ imds }) =>
        imds.set('events/maintenance/scheduled', [
          {
            EventId: 'instance-event-1',
            Code: 'system-reboot',
            Description: 'reboot',
            NotBefore: 'soon',
            State: 'canceled',
          },
        ]),
    },
  },
  {
    node: 'node-d',
    cluster: pods(4, 2_000),
    story: {
      30: ({ imds }) => {
        imds.skewMs = 4_000;
      },
      100: ({ imds }) => imds.goAway(),
      112: ({ imds }) => imds.restart(),
    },
  },
  {
    node: 'node-e',
    // One of them ignores its SIGTERM, with more time than the notice has.
    cluster: (api, node) => {
      pods(10, 6_000)(api, node);
      api.addPod({
        name: 'deaf',
        node,
        owner: 'StatefulSet/deaf',
        graceSeconds: 300,
        shutdownMs: 300_000,
        finalizers: ['tests/held'],
      });
    },
    story: { 80: ({ imds }) => imds.interrupt() },
  },
];

const lastMinute = 120;

/**
 * What Prometheus would have scraped from the daemons of these nodes: the daemon as it is, over fakes of AWS and
 * Kubernetes, in two hours of fake time that end now.
 * @returns samples in the OpenMetrics format, with their times
 */
export async function scrapedHistory(endsAtMs: number): Promise<string> {
  const samples: string[] = [];
  for (const life of lives) samples.push(...(await scrapedLife(life, endsAtMs - lastMinute * minuteMs)));
  return `${samples.join('\n')}\n# EOF\n`;
}

async function scrapedLife({ node, cluster, story }: Life, startsAtMs: number): Promise<string[]> {
  const samples: string[] = [];
  const clock = new FakeClock(startsAtMs);
  await using daemon = await startDaemonBy(clock, {
    env: {
      ...rarePolls,
      NODE_NAME: node,
      ENABLE_REBALANCE_DRAINING: 'true',
      NODE_TERMINATION_GRACE_PERIOD: '120',
    },
    cluster: (api) => cluster(api, node),
  });
  for (let elapsedMs = 0; elapsedMs <= lastMinute * minuteMs; elapsedMs += scrapeMs) {
    if (elapsedMs % minuteMs === 0) await story[elapsedMs / minuteMs]?.(daemon);
    const scraped = await scrape(portOf(daemon, '/metrics'));
    for (const line of scraped.split('\n')) {
      const labelled = labelledSample(
        line,
        `namespace="kube-system",pod="nth-${node}",instance="${node}:9092"`,
      );
      if (labelled !== undefined) samples.push(`${labelled} ${clock.now() / 1000}`);
    }
    await clock.advance(scrapeMs);
  }
  return samples;
}

/** As Prometheus labels it; undefined for what is no sample, and for what the process of this test would tell of itself. */
function labelledSample(line: string, labels: string): string | undefined {
  if (line === '' || line.startsWith('#') || /^(?:process|nodejs)_/.test(line)) return undefined;
  const [sample = ''] = line.split(' # ');
  return sample.includes('{') ? sample.replace('{', `{${labels},`) : sample.replace(' ', `{${labels}} `);
}

function scrape(port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const headers = { accept: 'application/openmetrics-text;version=1.0.0' };
  request({ port, path: '/metrics', headers, agent: false }, (response) => resolve(text(response)))
    .once('error', reject)
    .end();
  return promise;
}
