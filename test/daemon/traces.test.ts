import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { OtlpReceiver, type ReceivedSpan } from '../fakes/otlp-receiver.ts';
import { ask } from '../http/running-server.ts';
import { drainedText, nodeName, portOf, startDaemon, untilDrained } from './running-daemon.ts';

/** One pod that goes when it is asked, and one that a budget holds to the last moment. */
function oneIsHeld(api: FakeApiServer): void {
  api.addNode({ name: nodeName });
  api.addPod({ name: 'web-0', node: nodeName, owner: 'ReplicaSet/web', shutdownMs: 2000 });
  const cart = { node: nodeName, owner: 'ReplicaSet/cart', labels: { app: 'cart' } };
  api.addPod({ name: 'cart-0', ...cart, shutdownMs: 3000 });
  api.addBudget({ name: 'cart', matchLabels: { app: 'cart' }, minAvailable: 1 });
}

function only(spans: readonly ReceivedSpan[]): ReceivedSpan {
  const [span, ...others] = spans;
  assert.ok(span && others.length === 0, `${spans.length} spans`);
  return span;
}

const receiverOf = (receiver: OtlpReceiver) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
  OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=blue%20team',
  OTEL_RESOURCE_ATTRIBUTES: 'k8s.cluster.name=prod,service.name=ignored',
  OTEL_SERVICE_NAME: 'nth',
});

test('a drain is one trace, whose id is in each log line of it and beside the metrics', async () => {
  await using receiver = await OtlpReceiver.start();
  await using daemon = await startDaemon({ cluster: oneIsHeld, env: receiverOf(receiver) });
  await daemon.clock.advance(30_000);
  assert.equal(receiver.requests.length, 0, 'nothing is sent while idle');
  const noticedAt = daemon.clock.now();
  const deadline = daemon.imds.interrupt();
  await daemon.clock.advanceUntil(() => receiver.named('pod shuts down').length === 1, { stepMs: 500 });
  assert.ok(daemon.clock.now() < deadline, 'what is over is sent before the machine may end');
  await untilDrained(daemon);
  await daemon.clock.advance(2000);

  const [{ path, headers } = { path: '', headers: {} }] = receiver.requests;
  assert.equal(path, '/v1/traces');
  assert.equal(headers['x-tenant'], 'blue team');
  assert.deepEqual([...receiver.tree].sort(), [
    'node interruption',
    'node interruption > drain',
    'node interruption > drain > evict pod',
    'node interruption > drain > evict pod',
    'node interruption > drain > pod shuts down',
    'node interruption > drain > pod shuts down',
    'node interruption > mark node',
    'node interruption > receive',
    'node interruption > settle',
  ]);
  const root = only(receiver.named('node interruption'));
  assert.equal(root.attributes['k8s.node.name'], nodeName);
  assert.equal(root.attributes['nth.outcome'], 'drained');
  assert.equal(root.resource['service.name'], 'nth');
  assert.equal(root.resource['k8s.cluster.name'], 'prod');
  assert.ok(root.startMs >= noticedAt && root.startMs <= noticedAt + 2000);
  assert.ok(receiver.spans.every(({ isError }) => !isError));

  const held = only(ofPod(receiver.named('evict pod'), 'cart-0'));
  assert.equal(held.attributes['nth.asked_by'], 'deletion');
  assert.ok(Number(held.attributes['nth.refusals']) > 3);
  assert.ok(held.endMs - held.startMs > 60_000, 'as long as its budget held it');
  const left = only(ofPod(receiver.named('pod shuts down'), 'cart-0'));
  assert.equal(left.startMs, held.endMs);
  assert.equal(left.endMs - left.startMs, 3000);
  assert.equal(only(ofPod(receiver.named('pod shuts down'), 'web-0')).endMs - root.startMs < 4000, true);

  for (const message of ['Node marked', 'Requesting instance drain', drainedText]) {
    assert.equal(daemon.said(message)[0]?.['trace_id'], root.traceId, message);
  }
  const metrics = await ask(portOf(daemon, '/metrics'), '/metrics', {
    headers: { accept: 'application/openmetrics-text; version=1.0.0' },
  });
  assert.match(
    metrics.body,
    new RegExp(`^nth_notice_to_mark_seconds_bucket.* # \\{trace_id="${root.traceId}"\\}`, 'mu'),
  );
});

function ofPod(spans: readonly ReceivedSpan[], pod: string): readonly ReceivedSpan[] {
  return spans.filter(({ attributes }) => attributes['k8s.pod.name'] === pod);
}

test('a receiver that does not answer holds up neither a drain nor the end of the daemon', async () => {
  await using receiver = await OtlpReceiver.start();
  receiver.mood = 'hangs';
  await using daemon = await startDaemon({
    cluster: oneIsHeld,
    env: { ...receiverOf(receiver), OTEL_EXPORTER_OTLP_TIMEOUT: '1' },
  });
  daemon.imds.interrupt();
  await untilDrained(daemon);
  assert.equal(daemon.said('Node marked').length, 1);
  daemon.stop();
  await daemon.clock.advanceWhile(daemon.ended);
});

for (const [why, env] of [
  ['no endpoint is set', { OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
  ['the SDK is disabled', { OTEL_SDK_DISABLED: 'true' }],
  ['no interruption is sampled', { OTEL_TRACES_SAMPLER: 'always_off' }],
] as const) {
  test(`sends nothing where ${why}`, async () => {
    await using receiver = await OtlpReceiver.start();
    await using daemon = await startDaemon({ env: { ...receiverOf(receiver), ...env } });
    daemon.imds.interrupt();
    await untilDrained(daemon);
    await daemon.clock.advance(2000);
    assert.equal(receiver.requests.length, 0);
    assert.ok(!('trace_id' in (daemon.said('Node marked')[0] ?? {})));
  });
}
