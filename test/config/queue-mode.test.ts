import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Given } from '../../src/config/layer.ts';
import type { OptionName } from '../../src/config/schema.ts';
import { Settings } from '../../src/config/settings.ts';
import { slice } from '../../src/config/slices.ts';
import { regionOfQueueUrl } from '../../src/config/urls.ts';
import { loadWith, problemsOf } from './load-with.ts';

const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/1234/q';
const on = { ENABLE_SQS_TERMINATION_DRAINING: 'true', QUEUE_URL: queueUrl };

describe('queue mode', () => {
  const cases: readonly [string, Record<string, string>, readonly string[]][] = [
    ['starts', {}, []],
    [
      'needs a queue',
      { QUEUE_URL: '' },
      [
        'Cannot start without queue-url: expected flag --queue-url or environment QUEUE_URL, ' +
          'since enable-sqs-termination-draining is true',
      ],
    ],
    [
      'needs a region when the URL has none',
      { QUEUE_URL: 'http://user:secret@localhost:4566/q' },
      [
        'Cannot start without aws-region: expected flag --aws-region or environment AWS_REGION, ' +
          'since queue-url "http://(redacted)@localhost:4566/q" has no region in it',
      ],
    ],
    [
      'takes the region from its option',
      { QUEUE_URL: 'http://localhost:4566/q', AWS_REGION: 'eu-west-1' },
      [],
    ],
    [
      "needs a region's name where AWS is asked",
      { AWS_REGION: 'Frankfurt am Main' },
      [
        'Cannot set aws-region to "Frankfurt am Main" (environment AWS_REGION): expected a region such as eu-central-1',
      ],
    ],
    [
      'needs a region and no availability zone',
      { AWS_REGION: 'eu-central-1a' },
      [
        'Cannot set aws-region to "eu-central-1a" (environment AWS_REGION): expected a region such as eu-central-1',
      ],
    ],
    [
      'takes any region where something else stands for AWS',
      { AWS_REGION: 'local', AWS_ENDPOINT: 'http://localhost:4566', QUEUE_URL: 'http://localhost:4566/q' },
      [],
    ],
    [
      'needs the URL of a queue, not of SQS',
      { QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com' },
      [
        'Cannot set queue-url to "https://sqs.eu-central-1.amazonaws.com" (environment QUEUE_URL): ' +
          "expected a queue's URL, such as https://sqs.eu-central-1.amazonaws.com/123456789012/name",
      ],
    ],
    ['takes heartbeats', { HEARTBEAT_INTERVAL: '30', HEARTBEAT_UNTIL: '60' }, []],
    [
      'needs an interval for an end of heartbeats',
      { HEARTBEAT_UNTIL: '60' },
      [
        'Cannot set heartbeat-until to "60" (environment HEARTBEAT_UNTIL): ' +
          'expected -1, since heartbeat-interval is not set',
      ],
    ],
    [
      'needs an interval that is not longer than the whole',
      { HEARTBEAT_INTERVAL: '61', HEARTBEAT_UNTIL: '60' },
      [
        'Cannot set heartbeat-interval to "61" (environment HEARTBEAT_INTERVAL): ' +
          'expected no more than heartbeat-until, which is 60',
      ],
    ],
    [
      'says of a wrong interval only that',
      { HEARTBEAT_INTERVAL: '5', HEARTBEAT_UNTIL: '60' },
      [
        'Cannot set heartbeat-interval to "5" (environment HEARTBEAT_INTERVAL): ' +
          'expected a whole number from 30 to 3600, or -1 for none',
      ],
    ],
  ];
  for (const [what, env, problems] of cases) {
    it(what, async () => {
      const loaded = await loadWith({ env: { ...on, ...env } });
      assert.deepEqual(loaded.type === 'problems' ? loaded.problems : [], problems);
    });
  }
});

it('needs the key of the tag that it checks', async () => {
  assert.deepEqual(await problemsOf({ env: on, argv: ['--managed-tag='] }), [
    'Cannot set managed-tag to "" (flag --managed-tag): expected the key of a tag, or check-tag-before-draining to be false',
  ]);
});

it('refuses heartbeats in IMDS mode', async () => {
  assert.deepEqual(await problemsOf({ env: { HEARTBEAT_INTERVAL: '30', HEARTBEAT_UNTIL: '60' } }), [
    'Cannot set heartbeat-interval to "30" (environment HEARTBEAT_INTERVAL): expected -1, since only queue mode sends heartbeats',
    'Cannot set heartbeat-until to "60" (environment HEARTBEAT_UNTIL): expected -1, since only queue mode sends heartbeats',
  ]);
});

describe('the region in the URL of a queue', () => {
  for (const [host, region] of [
    ['sqs.us-east-1.amazonaws.com', 'us-east-1'],
    ['ap-southeast-2.queue.amazonaws.com', 'ap-southeast-2'],
    ['sqs.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
    ['sqs-fips.us-gov-west-1.amazonaws.com', 'us-gov-west-1'],
    ['sqs.eu-central-1.api.aws', 'eu-central-1'],
    ['sqs.us-iso-east-1.c2s.ic.gov', 'us-iso-east-1'],
    ['vpce-0a1b2c3d-e4f5.sqs.eu-west-3.vpce.amazonaws.com', 'eu-west-3'],
    ['localhost:4566', undefined],
    ['10.0.0.1', undefined],
  ] as const) {
    it(`${host}: ${region ?? 'none'}`, () => {
      assert.equal(regionOfQueueUrl(`https://${host}/123456789012/queue`), region);
    });
  }
});

it('slices the options of the queue', () => {
  const given = (texts: Partial<Record<OptionName, string>>) =>
    new Map(
      Object.entries(texts).map(([name, text]) => [
        name as OptionName,
        { text, origin: 'test' } satisfies Given,
      ]),
    );
  const settings = new Settings(
    given({
      'enable-sqs-termination-draining': 'true',
      'queue-url': queueUrl,
      'heartbeat-interval': '30',
      'heartbeat-until': '600',
      'check-tag-before-draining': 'false',
    }),
  );
  assert.equal(slice(settings).kubernetes.concurrency, 40);
  assert.deepEqual(slice(settings).queue, {
    url: queueUrl,
    region: 'eu-west-1',
    endpoint: undefined,
    workers: 10,
    useProviderId: false,
    managedTag: 'aws-node-termination-handler/managed',
    checksManagedTag: false,
    completeLifecycleActionDelaySeconds: 0,
    deleteMessageIfNodeNotFound: false,
    heartbeat: { intervalSeconds: 30, untilSeconds: 600 },
    visibilityTimeoutSeconds: 20,
    maxMessagesHeld: 2000,
    unprocessableMessages: 'leave',
  });
});
