import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodProgress } from '../../src/drain/pod-progress.ts';
import type { WorkflowNews } from '../../src/handling/workflow-observer.ts';
import { Tracing, type TracingOptions } from '../../src/tracing/tracing.ts';
import { FakeClock } from '../fakes/clock.ts';
import { OtlpReceiver } from '../fakes/otlp-receiver.ts';
import { summary } from '../handling/workflow-summaries.ts';
import { maintenance, rebalance, spot, t0 } from '../interruption/interruptions.ts';
import { capturedLogger } from '../logger/captured-logger.ts';

async function startTracing(given: Partial<TracingOptions> = {}) {
  await using parts = new AsyncDisposableStack();
  const receiver = parts.use(await OtlpReceiver.start());
  const clock = new FakeClock();
  const { logger, stdout, stderr } = capturedLogger();
  const tracing = new Tracing(
    {
      version: '1.2.3',
      url: `${receiver.url}/v1/traces`,
      headers: {},
      timeoutMs: 10_000,
      resourceAttributes: { 'service.name': 'nth' },
      sampledShare: 1,
      ...given,
    },
    { clock, logger },
  );
  const kept = parts.move();
  return {
    tracing,
    receiver,
    clock,
    stdout,
    stderr,
    tell: (news: WorkflowNews, id = 1) => tracing.observe(news, summary(id), clock.now()),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function pod(given: Partial<PodProgress>): PodProgress {
  return {
    namespace: 'shop',
    name: 'cart-0',
    uid: 'a',
    owner: undefined,
    labels: {},
    tier: 'ordinary',
    state: 'asking',
    because: 'its ReplicaSet will replace it',
    budgets: [],
    askBy: undefined,
    askedAt: undefined,
    askedBy: undefined,
    clampedToSeconds: undefined,
    killedAt: undefined,
    goneAt: undefined,
    refusals: 0,
    lastRefusal: undefined,
    ...given,
  };
}

const received: WorkflowNews = { type: 'received', interruption: spot(), source: 'imds' };

/** What EventBridge said, three seconds before it reached us. */
const queued = { monitor: 'SQS_MONITOR', startTime: t0 - 3000 } as const;

for (const [kind, interruption, beganAt] of [
  ['a queue message begins with the time of its event', spot(queued), t0 - 3000],
  ['a recommendation begins with its notice', rebalance({ startTime: t0 - 5000 }), t0 - 5000],
  ['a notice of IMDS, which names the end, begins when it is seen', spot({ startTime: t0 + 120_000 }), t0],
  [
    'maintenance, which names its start, begins when it is seen',
    maintenance({ ...queued, startTime: t0 - 9000 }),
    t0,
  ],
  [
    'an event of the future, by a clock that is wrong, begins when it is seen',
    spot({ ...queued, startTime: t0 + 500 }),
    t0,
  ],
] as const) {
  test(`the trace of ${kind}`, async () => {
    await using running = await startTracing();
    running.tell({ type: 'received', interruption, source: 'sqs' });
    running.tell({ type: 'ended', outcome: 'drained' });
    await running.tracing.close();
    const [root] = running.receiver.named('node interruption');
    assert.equal(root?.startMs, beganAt);
    const [receive] = running.receiver.named('receive');
    assert.deepEqual([receive?.startMs, receive?.endMs], [beganAt, t0]);
  });
}

test('a pod that is left behind, and one that somebody else removed', async () => {
  await using running = await startTracing();
  const { clock, receiver, tell } = running;
  tell(received);
  tell({ type: 'drain-began' });
  tell({ type: 'pods', pods: [pod({}), pod({ uid: 'b', name: 'web-0', state: 'terminating' })] });
  await clock.advance(500);
  tell({ type: 'pods', pods: [pod({ state: 'refused', refusals: 1, lastRefusal: 'budget' })] });
  tell({ type: 'pods', pods: [pod({ uid: 'b', name: 'web-0', state: 'gone', goneAt: t0 + 400 })] });
  tell({ type: 'ended', outcome: undefined });
  await running.tracing.close();

  const [evict, ...others] = receiver.named('evict pod');
  assert.equal(others.length, 0);
  assert.equal(evict?.isError, true);
  assert.deepEqual([evict.startMs, evict.endMs], [t0, t0 + 500]);
  assert.equal(evict.attributes['nth.last_refusal'], 'budget');
  const [gone] = receiver.named('pod shuts down');
  assert.equal(gone?.attributes['nth.asked_by'], 'somebody else');
  assert.equal(gone.endMs, t0 + 400);
  assert.equal(receiver.named('node interruption')[0]?.isError, true);
});

test('what is under way when the daemon ends is sent as far as it has come', async () => {
  await using running = await startTracing();
  running.tell(received);
  running.tell({ type: 'drain-began' });
  await running.clock.advance(1000);
  await running.tracing.close();
  assert.deepEqual(running.receiver.spans.map(({ name, isError }) => `${name} ${isError}`).sort(), [
    'drain false',
    'node interruption true',
    'receive false',
  ]);
});

test('the share of interruptions that is asked for is traced, and the others have no id', async () => {
  await using running = await startTracing({ sampledShare: 0.25 });
  const ids = Array.from({ length: 400 }, (_, id) => id + 1);
  const traced = ids.filter((id) => running.tracing.traceIdOf(id) !== undefined);
  assert.ok(traced.length > 50 && traced.length < 150, `${traced.length} of 400`);
  for (const id of ids) {
    running.tell(received, id);
    running.tell({ type: 'ended', outcome: 'drained' }, id);
  }
  const expected = new Set(traced.map((id) => `node-${id}`));
  await running.tracing.close();
  const sent = running.receiver
    .named('node interruption')
    .map(({ attributes }) => attributes['k8s.node.name']);
  assert.deepEqual(new Set(sent), expected);
});

test('the id that log lines have is the id of the trace', async () => {
  await using running = await startTracing();
  const traceId = running.tracing.traceIdOf(1);
  running.tell(received);
  running.tell({ type: 'ended', outcome: 'drained' });
  await running.tracing.close();
  assert.deepEqual([...new Set(running.receiver.spans.map((span) => span.traceId))], [traceId]);
});

test('a receiver that refuses is told once, and its return as well', async () => {
  await using running = await startTracing();
  const { clock, receiver, stderr, stdout } = running;
  receiver.mood = 'refuses';
  const span = async (id: number): Promise<void> => {
    running.tell(received, id);
    running.tell({ type: 'ended', outcome: 'drained' }, id);
    await clock.advance(1000);
  };
  await span(1);
  await span(2);
  assert.equal(stderr.length, 1);
  assert.match(stderr[0] ?? '', /WRN Cannot send traces, going on without them error=".*"/u);
  receiver.mood = 'takes';
  await span(3);
  assert.equal(receiver.named('node interruption').length, 1);
  assert.match(stdout.join(''), /INF Traces are received again spans_lost=6\n/u);
});

test('a receiver that does not answer costs a bounded number of spans, and the end two seconds', async () => {
  await using running = await startTracing({ timeoutMs: 100 });
  const { clock, receiver, stderr } = running;
  receiver.mood = 'hangs';
  for (let id = 1; id <= 2000; id += 1) {
    running.tell(received, id);
    running.tell({ type: 'ended', outcome: 'drained' }, id);
  }
  assert.match(stderr.join(''), /more than 4096 spans wait to be sent/u);
  const before = clock.now();
  await clock.advanceWhile(running.tracing.close());
  assert.ok(clock.now() - before <= 2000);
});
