import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spotWarning } from './messages.ts';
import { runningSource } from './running-source.ts';

type Source = Awaited<ReturnType<typeof runningSource>>;

const problem = 'There was a problem monitoring for events';

const troubles: readonly {
  readonly name: string;
  readonly begin: (it: Source) => unknown;
  readonly end: (it: Source) => unknown;
  readonly advice: RegExp;
}[] = [
  {
    name: 'SQS can not be reached',
    begin: (it) => it.aws.goAway(),
    end: (it) => it.aws.restart(),
    advice: /check network/,
  },
  {
    name: 'SQS answers 503',
    begin: (it) => it.aws.faults.add({ kind: 'answer', code: 503, body: '<html>busy</html>' }),
    end: (it) => it.aws.faults.clear(),
    advice: /tried again/,
  },
  {
    name: 'SQS does not answer',
    begin: (it) => it.aws.faults.add({ kind: 'hang' }),
    end: (it) => it.aws.faults.clear(),
    advice: /check network/,
  },
  {
    name: 'the right to receive is missing',
    begin: (it) => it.aws.denied.add('ReceiveMessage'),
    end: (it) => it.aws.denied.clear(),
    advice: /sqs:ReceiveMessage/,
  },
  {
    name: 'the queue is gone',
    begin: (it) => (it.sqs.isGone = true),
    end: (it) => (it.sqs.isGone = false),
    advice: /check queue-url/,
  },
];

for (const { name, begin, end, advice } of troubles) {
  test(`${name}: few lines, no crowd of requests, and on when it is over`, async () => {
    await using it = await runningSource();
    it.start();
    await it.clock.advance(30_000);
    await begin(it);
    it.aws.requests.length = 0;
    for (let minute = 0; minute < 22; minute += 1) {
      await it.clock.advance(60_000);
      assert.deepEqual(it.health.stuckLoops(), []);
    }
    assert.ok(it.warnings().length >= 2 && it.warnings().length <= 3);
    assert.ok(it.warnings().every(({ message }) => message === problem));
    assert.match(String(it.warnings()[0]?.fields['what_to_do']), advice);
    assert.match(it.health.notReadyReasons().join(), /^queue: Cannot call sqs:ReceiveMessage/);
    assert.ok(it.aws.requests.length <= 140, `${it.aws.requests.length} requests`);
    await end(it);
    it.queue.send(spotWarning('i-0a'));
    await it.untilDelivered(1, 45_000);
    await it.clock.advance(30_000);
    assert.deepEqual(it.health.notReadyReasons(), []);
    assert.equal(it.records.at(-1)?.message, 'Monitoring for events works again');
    assert.ok((await it.valueOf('events_error_total', { event_error_where: 'SQS_MONITOR' })) >= 30);
  });
}

test('credentials that have expired are renewed, and nothing is said', async () => {
  await using it = await runningSource();
  it.start();
  await it.clock.advance(30_000);
  it.aws.expiredTokens.add('token-0');
  await it.clock.advance(60_000);
  it.queue.send(spotWarning('i-0a'));
  await it.untilDelivered(1, 2000);
  assert.deepEqual(it.warnings(), []);
});

for (const skewMs of [-3_600_000, 3_600_000]) {
  test(`a clock that is an hour ${skewMs < 0 ? 'ahead' : 'behind'} is corrected by AWS's`, async () => {
    await using it = await runningSource();
    it.aws.skewMs = skewMs;
    it.queue.send(spotWarning('i-0a', new Date(it.clock.now() + skewMs).toISOString()));
    it.start();
    await it.untilDelivered(1, 10_000);
    const [interruption] = it.interruptions();
    assert.ok(interruption?.kind === 'SPOT_ITN');
    const leftMs = interruption.deadline - it.clock.now();
    assert.ok(leftMs > 112_000 && leftMs <= 120_000, `${leftMs} ms`);
    assert.deepEqual(it.health.notReadyReasons(), []);
    await it.settleAll();
    assert.equal(it.queue.size, 0);
  });
}

test('a queue that is not there at the start: not ready, and taken up when it comes', async () => {
  await using it = await runningSource();
  assert.deepEqual(it.health.notReadyReasons(), ['queue: has not answered yet']);
  it.sqs.isGone = true;
  it.start();
  await it.clock.advance(60_000);
  assert.match(it.health.notReadyReasons().join(), /QueueDoesNotExist/);
  it.sqs.isGone = false;
  await it.clock.advance(45_000);
  assert.deepEqual(it.health.notReadyReasons(), []);
});

test('a source that was ended while AWS is away ends', async () => {
  await using it = await runningSource();
  it.queue.send(spotWarning('i-0a'));
  it.start();
  await it.untilDelivered(1);
  await it.aws.goAway();
  await it.stopIntake();
  const settling = it.source.settle(it.delivered[0] as never, 'drained');
  await it.clock.advanceWhile(settling, { maxMs: 60_000 });
  assert.equal(it.queue.size, 1);
});
