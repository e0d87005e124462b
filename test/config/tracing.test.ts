import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configOf, loaded, loadWith } from './load-with.ts';

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

test('no traces without an endpoint', async () => {
  assert.equal((await configOf({ env: { OTEL_SERVICE_NAME: 'nth' } })).tracing, undefined);
});

test('an endpoint is all that traces need', async () => {
  assert.deepEqual((await configOf({ env: endpoint })).tracing, {
    url: 'http://collector:4318/v1/traces',
    headers: {},
    timeoutMs: 10_000,
    resourceAttributes: { 'service.name': 'aws-node-termination-handler' },
    sampledShare: 1,
  });
});

test('the path is added to the general endpoint, not to that of traces', async () => {
  const urlOf = async (env: Record<string, string>) => (await configOf({ env })).tracing?.url;
  assert.equal(
    await urlOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://o.example/otlp/' }),
    'https://o.example/otlp/v1/traces',
  );
  assert.equal(
    await urlOf({ ...endpoint, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://t:1/in' }),
    'http://t:1/in',
  );
});

test('what is said of traces wins over what is said of everything', async () => {
  const { tracing } = await configOf({
    env: {
      ...endpoint,
      OTEL_EXPORTER_OTLP_HEADERS: 'a=1',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'b=%32, c = 3=3',
      OTEL_EXPORTER_OTLP_TIMEOUT: '5000',
      OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '700',
    },
  });
  assert.deepEqual(tracing?.headers, { b: '2', c: '3=3' });
  assert.equal(tracing.timeoutMs, 700);
});

test("a service's name is the variable for it, else that among the attributes, else ours", async () => {
  const nameOf = async (env: Record<string, string>) =>
    (await configOf({ env: { ...endpoint, ...env } })).tracing?.resourceAttributes['service.name'];
  const attributes = { OTEL_RESOURCE_ATTRIBUTES: 'service.name=from-attributes,team=a%2Cb' };
  assert.equal(await nameOf(attributes), 'from-attributes');
  assert.equal(await nameOf({ ...attributes, OTEL_SERVICE_NAME: 'named' }), 'named');
});

for (const [sampler, arg, share] of [
  ['always_on', '', 1],
  ['parentbased_always_on', '0.1', 1],
  ['traceidratio', '0.25', 0.25],
  ['parentbased_traceidratio', '0.5', 0.5],
  ['traceidratio', '', 1],
] as const) {
  test(`sampler ${sampler} "${arg}" traces ${share} of all`, async () => {
    const env = { ...endpoint, OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: arg };
    const { config, warnings } = await loaded({ env });
    assert.equal(config.tracing?.sampledShare, share);
    assert.deepEqual(warnings, []);
  });
}

for (const env of [
  { OTEL_SDK_DISABLED: 'TRUE' },
  { OTEL_TRACES_EXPORTER: 'none' },
  { OTEL_TRACES_SAMPLER: 'parentbased_always_off' },
  { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' },
]) {
  test(`no traces with ${JSON.stringify(env)}`, async () => {
    assert.equal((await configOf({ env: { ...endpoint, ...env } })).tracing, undefined);
  });
}

test("what can't be used is told and passed over, and only where traces are sent", async () => {
  const wrong = {
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_TRACES_SAMPLER: 'jaeger_remote',
    OTEL_TRACES_SAMPLER_ARG: 'half',
    OTEL_RESOURCE_ATTRIBUTES: 'team=a,oops,b=%zz',
    OTEL_SDK_DISABLED: 'maybe',
  };
  const { config, warnings } = await loaded({ env: { ...endpoint, ...wrong } });
  assert.deepEqual(config.tracing?.resourceAttributes, {
    'service.name': 'aws-node-termination-handler',
    team: 'a',
  });
  assert.deepEqual(warnings, [
    'Sending traces as http/json, not as "grpc" (environment OTEL_EXPORTER_OTLP_PROTOCOL)',
    'Tracing every interruption: expected always_on, always_off, traceidratio, not "jaeger_remote" (environment OTEL_TRACES_SAMPLER)',
    'Tracing every interruption: expected a share from 0 to 1 (environment OTEL_TRACES_SAMPLER_ARG)',
    'Passing over 2 of otel-resource-attributes: expected key=value,key=value (environment OTEL_RESOURCE_ATTRIBUTES)',
  ]);
  assert.deepEqual((await loaded({ env: wrong })).warnings, []);
});

test('an endpoint that is no URL of HTTP is refused', async () => {
  const result = await loadWith({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317' } });
  assert.equal(result.type, 'problems');
});

test('secrets in headers are not printed', async () => {
  const { effective } = await loaded({
    env: { ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20hunter2' },
  });
  assert.doesNotMatch(JSON.stringify(effective), /hunter2/u);
});
