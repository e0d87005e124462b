// Writes what the EC2 metadata mock answers into test/fixtures/imds/ec2-metadata-mock: see the README there.
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startMetadataMock, type MetadataMockOptions } from './ec2-metadata-mock.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/imds/ec2-metadata-mock/', import.meta.url));
const METADATA = '/latest/meta-data';
const IDENTITY = '/latest/dynamic/instance-identity/document';
const TIME = '2030-01-02T03:06:05Z';
const MAINTENANCE = {
  'not-before': '2030-01-09T03:04:05Z',
  'not-after': '2030-01-09T05:04:05Z',
  'not-before-deadline': '2030-01-16T03:04:05Z',
};
const VALUES = [
  'instance-id',
  'instance-life-cycle',
  'instance-type',
  'public-hostname',
  'public-ipv4',
  'local-hostname',
  'local-ipv4',
  'placement/availability-zone',
];

/** Starts the mock, records the given files, and ends it. */
async function record(options: MetadataMockOptions, files: Record<string, string>): Promise<void> {
  const mock = await startMetadataMock(options);
  try {
    for (const [name, path] of Object.entries(files)) {
      const response = await fetch(`${mock.url}${path}`);
      await writeFile(`${FIXTURES}${name}`, Buffer.from(await response.arrayBuffer()));
    }
  } finally {
    await mock.stop();
  }
}

await mkdir(FIXTURES, { recursive: true });
for (const action of ['terminate', 'stop', 'hibernate'] as const) {
  const path = `${METADATA}/spot/instance-action`;
  await record({ command: 'spot', spot: { action, time: TIME } }, { [`spot-${action}.json`]: path });
}
const values = Object.fromEntries(
  VALUES.map((name) => [`${name.split('/').pop()}.txt`, `${METADATA}/${name}`]),
);
await record(
  { command: 'spot', delaySeconds: 3600 },
  {
    ...values,
    'instance-identity-document.json': IDENTITY,
    'not-found.txt': `${METADATA}/spot/instance-action`,
  },
);
await record({ command: 'spot', imdsv2: true }, { 'unauthorized.txt': `${METADATA}/spot/instance-action` });

const rebalance = { command: 'spot', rebalance: true, rebalanceTime: TIME } as const;
await record(rebalance, { 'rebalance.json': `${METADATA}/events/recommendations/rebalance` });

const codes = [
  'instance-stop',
  'instance-retirement',
  'instance-reboot',
  'system-reboot',
  'system-maintenance',
];
for (const state of ['active', 'completed', 'canceled']) {
  for (const code of codes) {
    const event = { ...MAINTENANCE, code, state };
    const file = `maintenance-${code}-${state}.json`;
    await record({ command: 'events', event }, { [file]: `${METADATA}/events/maintenance/scheduled` });
  }
}

const lifecycle = `${METADATA}/autoscaling/target-lifecycle-state`;
await record(
  { command: 'asglifecycle', delaySeconds: 3600 },
  { 'target-lifecycle-state-in-service.txt': lifecycle },
);
await record({ command: 'asglifecycle' }, { 'target-lifecycle-state-terminated.txt': lifecycle });
