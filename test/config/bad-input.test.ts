import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { problemsOf } from './load-with.ts';

const kubernetesName =
  'a Kubernetes name: at most 253 of the characters a-z, 0-9, "-" and ".", a letter or digit at both ends';
const headers = 'a JSON object of header names and texts, such as {"Content-type":"application/json"}';
const httpUrl = 'a URL that starts with http:// or https://';
const probesPath =
  'a path that starts with "/", such as "/healthz", and holds only letters, digits and -._~!$&\'()+,;=@/';
const policyKinds =
  'kinds among SPOT_ITN, SCHEDULED_EVENT, REBALANCE_RECOMMENDATION, ASG_LIFECYCLE, STATE_CHANGE, not "ASG_LAUNCH_LIFECYCLE"';
const proxy = 'an HTTP proxy such as http://host:port';

/** Option, value, what is expected. */
const refused: readonly (readonly [string, string, string])[] = [
  ['dry-run', 'maybe', 'true or false'],
  ['dry-run', '', 'true or false'],
  ['metadata-tries', 'three', 'a whole number from 0 to 100'],
  ['metadata-tries', '', 'a whole number from 0 to 100'],
  ['metadata-tries', '1.5', 'a whole number from 0 to 100'],
  ['metadata-tries', '1e2', 'a whole number from 0 to 100'],
  ['metadata-tries', '0x10', 'a whole number from 0 to 100'],
  ['metadata-tries', ' 3', 'a whole number from 0 to 100'],
  ['metadata-tries', '-1', 'a whole number from 0 to 100'],
  ['metadata-tries', '99999999999999999999', 'a whole number from 0 to 100'],
  ['pod-termination-grace-period', '30s', 'a whole number of at most 32 bits'],
  ['pod-termination-grace-period', '2147483648', 'a whole number of at most 32 bits'],
  ['node-termination-grace-period', '-1', 'a whole number from 0 to 2147483647'],
  ['log-format-version', 'one', 'a whole number of at most 32 bits'],
  ['spot-poll-interval-ms', '0', 'a whole number from 10 to 60000'],
  ['kube-api-concurrency', '0', 'a whole number from 1 to 1000'],
  ['workers', '0', 'a whole number from 1 to 100000'],
  ['sqs-msg-visibility-timeout-sec', '0', 'a whole number from 1 to 119'],
  ['sqs-msg-visibility-timeout-sec', '120', 'a whole number from 1 to 119'],
  ['heartbeat-interval', '29', 'a whole number from 30 to 3600, or -1 for none'],
  ['heartbeat-interval', '3601', 'a whole number from 30 to 3600, or -1 for none'],
  ['heartbeat-until', '59', 'a whole number from 60 to 172800, or -1 for none'],
  ['heartbeat-until', '172801', 'a whole number from 60 to 172800, or -1 for none'],
  ['prometheus-server-port', '65536', 'a port from 0 to 65535'],
  ['probes-server-port', '-1', 'a port from 0 to 65535'],
  ['probes-server-port', 'http', 'a port from 0 to 65535'],
  [
    'prometheus-server-port',
    'tcp://10.0.0.1:80',
    'a port from 0 to 65535 (a Service of that name sets this variable: put enableServiceLinks: false into the pod)',
  ],
  ['kubernetes-service-port', '65536', 'a port from 0 to 65535'],
  ['kubernetes-service-port', 'https', 'a port from 0 to 65535'],
  ['node-name', 'Node_1', kubernetesName],
  ['node-name', '../../pods', kubernetesName],
  ['node-name', 'a'.repeat(254), kubernetesName],
  ['pod-name', '-a', kubernetesName],
  ['pod-namespace', 'a b', kubernetesName],
  ['metadata-url', '169.254.169.254', httpUrl],
  ['metadata-url', 'ftp://169.254.169.254', httpUrl],
  ['metadata-url', 'http://', httpUrl],
  ['queue-url', 'my-queue', httpUrl],
  ['aws-endpoint', 'localhost:4566', httpUrl],
  ['webhook-url', 'hooks', httpUrl],
  ['webhook-events', 'done,gone', 'some of received, done, failed, separated by commas'],
  ['webhook-proxy', 'socks5://p:1', proxy],
  ['webhook-proxy', 'p:port', proxy],
  ['webhook-headers', 'A: b', headers],
  ['webhook-headers', '["A"]', headers],
  ['webhook-headers', 'null', headers],
  ['webhook-headers', '{"A":1}', headers],
  ['webhook-headers', '{"A b":"c"}', headers],
  ['webhook-headers', String.raw`{"A":"b\r\nC: d"}`, headers],
  ['kubernetes-events-extra-annotations', 'a', 'annotations as key=value,key=value'],
  ['kubernetes-events-extra-annotations', 'a=b,=c', 'annotations as key=value,key=value'],
  ['kubernetes-events-extra-annotations', 'a b=c', 'annotations as key=value,key=value'],
  ...['', 'healthz', '/a b', '/a?b', '/a#b', '/a%20b', '/:id', '/*', '/gr\u00FCn'].map(
    (path) => ['probes-server-endpoint', path, probesPath] as const,
  ),
  ['interruption-policy', '{"ASG_LAUNCH_LIFECYCLE":{"response":"ignore"}}', policyKinds],
  ['log-level', 'trace', 'debug, info or error'],
  ['log-level', '', 'debug, info or error'],
];

const secret = new Set(['webhook-url', 'webhook-proxy', 'webhook-headers']);

describe('a value that an option can not have', () => {
  for (const [option, value, expected] of refused) {
    it(`is refused: --${option}=${JSON.stringify(value).slice(0, 40)}`, async () => {
      const printed = JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}...` : value);
      const shown = secret.has(option) ? 'the value given' : printed;
      assert.deepEqual(await problemsOf({ argv: [`--${option}=${value}`] }), [
        `Cannot set ${option} to ${shown} (flag --${option}): expected ${expected}`,
      ]);
    });
  }

  it('is told with the variable or the file that it came from', async () => {
    assert.deepEqual(
      await problemsOf({ env: { METADATA_TRIES: 'x', http_proxy: '::' }, file: 'workers: [1, 2]' }),
      [
        'Cannot set metadata-tries to "x" (environment METADATA_TRIES): expected a whole number from 0 to 100',
        'Cannot set workers to "[1,2]" (file "/etc/nth.yaml"): expected a whole number from 1 to 100000',
        'Cannot set http-proxy to the value given (environment http_proxy): expected an HTTP proxy such as http://host:port',
      ],
    );
  });
});

it('reports every problem of every source at once, each once', async () => {
  const problems = await problemsOf({
    argv: ['--log-level=loud', '--frob', 'extra'],
    env: { NODE_NAME: 'N', PROBES_SERVER_PORT: 'x' },
    file: 'podName: a\nworkers: many\n',
  });
  assert.deepEqual(
    problems.map((line) => line.split(/ to | \(|:/u)[0]),
    [
      'Unknown flag "--frob"',
      'Unknown option "podName"',
      'Cannot set node-name',
      'Cannot set workers',
      'Cannot set log-level',
      'Cannot set probes-server-port',
    ],
  );
});

describe('the name of the node', () => {
  const without = (argv: readonly string[] = []) =>
    loadConfig(argv, {}, () => Promise.reject(new Error('no such file')));

  it('is required', async () => {
    assert.deepEqual(await without(), {
      type: 'problems',
      webhook: undefined,
      problems: ['Cannot start without node-name: expected flag --node-name or environment NODE_NAME'],
    });
  });

  it('is not said to be missing when the file that may have it can not be read', async () => {
    assert.deepEqual(await without(['--config=/nth.json', '--workers=x']), {
      type: 'problems',
      webhook: undefined,
      problems: [
        'Cannot read configuration file "/nth.json": no such file',
        'Cannot set workers to "x" (flag --workers): expected a whole number from 1 to 100000',
      ],
    });
  });
});
