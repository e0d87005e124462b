import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OtlpReceiver } from '../fakes/otlp-receiver.ts';
import { TestCluster } from './test-cluster.ts';

const PODS = 10;

const shared = TestCluster.forThisFile();

test('a drain is one trace with all its spans, and its status page tells of it', async (t) => {
  await using receiver = await OtlpReceiver.start();
  const node = await shared.node(t, { name: 'traced' });
  await node.runPods({ count: PODS, endsAfterSeconds: 1 });
  const metadata = await node.startMetadata();
  const daemon = await node.startDaemon({
    metadata,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, NTH_ENABLE_STATUS_PAGE: 'true', JSON_LOGGING: 'true' },
  });
  const line = JSON.parse(await daemon.says('Node successfully cordoned and drained')) as {
    trace_id: string;
  };
  const page = await daemon.probe('/status');
  assert.equal(page.status, 200);
  assert.match(page.body, new RegExp(`${PODS} evicted`, 'u'));
  assert.deepEqual(await daemon.stop(), { code: 0, signal: null });

  const counts: Record<string, number> = {};
  for (const path of receiver.tree) counts[path] = (counts[path] ?? 0) + 1;
  assert.deepEqual(counts, {
    'node interruption': 1,
    'node interruption > receive': 1,
    'node interruption > mark node': 1,
    'node interruption > drain': 1,
    'node interruption > drain > evict pod': PODS,
    'node interruption > drain > pod shuts down': PODS,
    'node interruption > settle': 1,
  });
  assert.deepEqual([...new Set(receiver.spans.map(({ traceId }) => traceId))], [line.trace_id]);
  const [root] = receiver.named('node interruption');
  assert.equal(root?.attributes['k8s.node.name'], node.name);
  assert.equal(root.attributes['nth.outcome'], 'drained');
  for (const span of receiver.spans) {
    assert.ok(span.startMs >= root.startMs && span.endMs <= root.endMs, `${span.name} is within its trace`);
    assert.equal(span.isError, false);
  }
});
