import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instanceOfNode } from '../src/kubernetes/described-instance.ts';
import { webhookProblem } from '../src/webhook-part.ts';
import { configOf } from './config/load-with.ts';
import { FakeClock } from './fakes/clock.ts';

async function problemOf(env: Record<string, string>, file?: string): Promise<string | undefined> {
  const { webhook } = await configOf({ env: { WEBHOOK_URL: 'https://hooks.example/hunter2', ...env } });
  const readFile = () =>
    file === undefined ? Promise.reject(new Error('ENOENT: no such file')) : Promise.resolve(file);
  return webhookProblem({ webhook, environment: { CLUSTER: 'blue' } }, { clock: new FakeClock(), readFile });
}

test('a bad template refuses to start, with its place', async () => {
  assert.equal(await problemOf({}), undefined);
  assert.equal(await problemOf({ WEBHOOK_TEMPLATE: '{{ env "CLUSTER" }}' }), undefined);
  const cases: readonly (readonly [template: string, problem: string])[] = [
    ['{{ .Nope }}', "line 1, column 4: can't evaluate field Nope in type webhook.combinedDrainData"],
    [
      'a\n b {{ if false }}{{ .Nope }}{{ end }}',
      "line 2, column 21: can't evaluate field Nope in type webhook.combinedDrainData",
    ],
    ['{{ range .Pods }}{{ .Name }}{{ end }}', "line 1, column 21: can't evaluate field Name in type string"],
    ['{{ nope }}', 'line 1, column 4: function "nope" not defined'],
    [
      '{{ .Kind | genPrivateKey }}',
      'line 1, column 12: function "genPrivateKey" is not supported: keys and passwords are not made in a notification',
    ],
    ['{{ if .Kind }}', 'line 1, column 15: unexpected EOF: an {{end}} is missing'],
    ['{{ .StartTime.Format }}', 'line 1, column 4: wrong number of args for Format: want 1 got 0'],
    // As with NTH, which runs it without data.
    ['{{ index .Pods 0 }}', 'line 1, column 4: error calling index: reflect: slice index out of range'],
  ];
  for (const [template, problem] of cases) {
    assert.equal(await problemOf({ WEBHOOK_TEMPLATE: template }), `Cannot use webhook-template: ${problem}`);
  }
});

test('so does a file that is bad, or not there', async () => {
  const env = { WEBHOOK_TEMPLATE_FILE: '/config/t' };
  assert.equal(await problemOf(env, '{{ .Kind }}'), undefined);
  assert.match((await problemOf(env, '{{')) ?? '', /^Cannot use webhook-template-file "\/config\/t": line 1/);
  assert.match((await problemOf(env)) ?? '', /^Cannot use webhook-template-file "\/config\/t": ENOENT/);
});

test('in queue mode the Node tells of its instance', () => {
  const instance = instanceOfNode({
    metadata: {
      name: 'ip-10-0-1-23.eu-central-1.compute.internal',
      labels: {
        'topology.kubernetes.io/region': 'eu-central-1',
        'topology.kubernetes.io/zone': 'eu-central-1a',
        'node.kubernetes.io/instance-type': 'm7g.large',
        'eks.amazonaws.com/capacityType': 'ON_DEMAND',
      },
    },
    spec: { providerID: 'aws:///eu-central-1a/i-0123456789abcdef0' },
    status: {
      addresses: [
        { type: 'InternalIP', address: '10.0.1.23' },
        { type: 'InternalDNS', address: 'ip-10-0-1-23.eu-central-1.compute.internal' },
        { type: 'ExternalIP', address: '203.0.113.25' },
      ],
    },
  });
  assert.deepEqual(instance, {
    accountId: '',
    instanceId: 'i-0123456789abcdef0',
    instanceLifeCycle: 'on-demand',
    instanceType: 'm7g.large',
    publicHostname: '',
    publicIp: '203.0.113.25',
    localHostname: 'ip-10-0-1-23.eu-central-1.compute.internal',
    localIp: '10.0.1.23',
    availabilityZone: 'eu-central-1a',
    region: 'eu-central-1',
  });
});
