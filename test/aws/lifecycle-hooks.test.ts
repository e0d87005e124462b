import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AwsError } from '../../src/aws/error.ts';
import { LifecycleHooks, type LifecycleHooksOptions } from '../../src/aws/lifecycle-hooks.ts';
import { createMetrics } from '../../src/metrics.ts';
import { FakeClock } from '../fakes/clock.ts';
import { recordedLog } from '../sources/imds/recorded-log.ts';
import { awsOverFake } from './aws-over-fake.ts';

const hook = { group: 'nodes', name: 'drain', token: 't1', instanceId: 'i-0a' };
const minuteMs = 60_000;

async function hooksOverFake(options: Partial<LifecycleHooksOptions> = {}) {
  const over = await awsOverFake();
  const hooks = new LifecycleHooks(
    { completeDelaySeconds: 0, heartbeat: undefined, ...options },
    { ...over, random: () => 0.5 },
  );
  return {
    ...over,
    hooks,
    rights: () => over.records.flatMap(({ fields }) => fields['missing_right'] ?? []),
    async [Symbol.asyncDispose](): Promise<void> {
      hooks.close();
      await over[Symbol.asyncDispose]();
    },
  };
}

const beating = { heartbeat: { intervalSeconds: 60, untilSeconds: 600 } };

test('a hook is completed with CONTINUE, after the delay, and once however often it is asked for', async () => {
  await using it = await hooksOverFake({ completeDelaySeconds: 90 });
  const waiting = it.aws.autoScaling.wait(hook);
  const ends = Promise.all([it.hooks.complete(hook), it.hooks.complete({ ...hook })]);
  await it.clock.advance(89_000);
  assert.equal(waiting.state, 'waiting');
  assert.deepEqual(await it.clock.advanceWhile(ends), ['completed', 'completed']);
  assert.equal(waiting.state, 'continued');
  assert.equal(await it.hooks.complete(hook), 'completed');
  assert.equal(it.aws.requests.length, 1);
});

test('a hook that is remembered without its token is completed by its instance', async () => {
  await using it = await hooksOverFake();
  const waiting = it.aws.autoScaling.wait(hook);
  assert.equal(await it.clock.advanceWhile(it.hooks.complete({ ...hook, token: '' })), 'completed');
  assert.equal(waiting.state, 'continued');
});

test('it is tried until it succeeds, and told at first and each ten minutes', async () => {
  await using it = await hooksOverFake();
  const waiting = it.aws.autoScaling.wait(hook);
  it.aws.faults.add({ kind: 'answer', code: 500 });
  const end = it.hooks.complete(hook);
  await it.clock.advance(25 * minuteMs);
  assert.equal(waiting.state, 'waiting');
  assert.equal(it.warnings().length, 3);
  it.aws.faults.clear();
  assert.equal(await it.clock.advanceWhile(end), 'completed');
});

test('a group that waits no more is as good as one that goes on', async () => {
  await using it = await hooksOverFake();
  assert.equal(await it.clock.advanceWhile(it.hooks.complete(hook)), 'gone');
  assert.equal(it.aws.requests.length, 1);
  assert.deepEqual(it.warnings(), []);
});

test('without the right to complete hooks it is said once for all of them, and tried on', async () => {
  await using it = await hooksOverFake();
  it.aws.denied.add('CompleteLifecycleAction');
  const others = ['t1', 't2', 't3'].map((token) => {
    it.aws.autoScaling.wait({ ...hook, token });
    return it.hooks.complete({ ...hook, token });
  });
  await it.clock.advance(9 * minuteMs);
  assert.deepEqual(it.rights(), ['autoscaling:CompleteLifecycleAction']);
  it.aws.denied.clear();
  assert.deepEqual(await it.clock.advanceWhile(Promise.all(others)), ['completed', 'completed', 'completed']);
});

test('a hook that can not be completed is given up after the longest time for which a group waits', async () => {
  const clock = new FakeClock();
  const { log, records } = recordedLog();
  const denied = new AwsError('Cannot call autoscaling:CompleteLifecycleAction', { kind: 'access-denied' });
  const client = { query: () => Promise.reject(denied) };
  const hooks = new LifecycleHooks(
    { completeDelaySeconds: 0, heartbeat: undefined },
    { client, clock, log, metrics: createMetrics('test') },
  );
  const end = hooks.complete(hook);
  let hasEnded = false;
  void end.then(() => {
    hasEnded = true;
  });
  await clock.advance(47 * 60 * minuteMs);
  assert.equal(hasEnded, false);
  assert.equal(await clock.advanceWhile(end, { stepMs: minuteMs, maxMs: 90 * minuteMs }), 'gone');
  assert.ok(records.length < 300);
});

test('stopping ends the delay, and leaves the hook as it is', async () => {
  await using it = await hooksOverFake({ completeDelaySeconds: 300 });
  const waiting = it.aws.autoScaling.wait(hook);
  const stopping = new AbortController();
  const end = it.hooks.complete(hook, stopping.signal);
  await it.clock.advance(minuteMs);
  stopping.abort();
  assert.equal(await end, 'stopped');
  assert.equal(waiting.state, 'waiting');
});

test('heartbeats keep a hook open far longer than its own timeout, through the delay, until it is completed', async () => {
  await using it = await hooksOverFake({
    completeDelaySeconds: 120,
    heartbeat: { intervalSeconds: 60, untilSeconds: 3600 },
  });
  const waiting = it.aws.autoScaling.wait(hook, { timeoutMs: 90_000 });
  it.hooks.keepOpen(hook);
  it.hooks.keepOpen(hook);
  await it.clock.advance(59_000);
  assert.equal(waiting.heartbeats.length, 0);
  await it.clock.advance(10 * minuteMs);
  assert.equal(waiting.heartbeats.length, 10);
  assert.equal(await it.clock.advanceWhile(it.hooks.complete(hook)), 'completed');
  const beats = waiting.heartbeats.length;
  assert.ok(beats >= 12);
  await it.clock.advance(10 * minuteMs);
  assert.equal(it.aws.count('RecordLifecycleActionHeartbeat'), beats);
});

test('heartbeats end after their time, and say so', async () => {
  await using it = await hooksOverFake(beating);
  const waiting = it.aws.autoScaling.wait(hook);
  it.hooks.keepOpen(hook);
  await it.clock.advance(60 * minuteMs);
  assert.equal(waiting.heartbeats.length, 9);
  assert.equal(it.records.at(-1)?.message, 'Heartbeat deadline exceeded, stopping heartbeat');
});

test('heartbeats for a hook that is gone end; other errors are told, and the next one is sent', async () => {
  await using it = await hooksOverFake(beating);
  const waiting = it.aws.autoScaling.wait(hook, { timeoutMs: 300_000 });
  it.aws.faults.add({ kind: 'answer', code: 500 }, { times: 3 });
  it.hooks.keepOpen(hook);
  await it.clock.advance(130_000);
  assert.equal(waiting.heartbeats.length, 1);
  assert.equal(it.warnings().length, 1);
  waiting.state = 'abandoned';
  await it.clock.advance(10 * minuteMs);
  assert.equal(it.warnings().length, 2);
  assert.equal(it.warnings()[1]?.fields['next'], 'no more heartbeats are sent');
  it.hooks.keepOpen(hook);
  await it.clock.advance(10 * minuteMs);
  assert.equal(it.warnings().length, 2);
});

test('since when a hook is known to wait no more is told by its heartbeats, or else by its completion', async () => {
  await using it = await hooksOverFake(beating);
  const [beats, others] = [hook, { ...hook, token: 't2' }];
  const beganAt = it.clock.now();
  it.hooks.keepOpen(beats);
  await it.clock.advance(10_000);
  assert.deepEqual([it.hooks.goneSince(beats), it.hooks.goneSince(others)], [undefined, undefined]);
  await it.clock.advanceWhile(it.hooks.complete(others));
  await it.clock.advance(110_000);
  await it.clock.advanceWhile(it.hooks.complete(beats));
  const seconds = [others, beats].map((which) => ((it.hooks.goneSince(which) ?? 0) - beganAt) / 1000);
  assert.deepEqual(seconds.map(Math.round), [10, 60]);
});

test('a hook that was completed here is not known to wait no more by itself', async () => {
  await using it = await hooksOverFake();
  it.aws.autoScaling.wait(hook);
  assert.equal(await it.clock.advanceWhile(it.hooks.complete(hook)), 'completed');
  assert.equal(it.hooks.goneSince(hook), undefined);
});

test('without the right to send heartbeats it is said once', async () => {
  await using it = await hooksOverFake(beating);
  it.aws.denied.add('RecordLifecycleActionHeartbeat');
  for (const token of ['t1', 't2', 't3']) it.hooks.keepOpen({ ...hook, token });
  await it.clock.advance(10 * minuteMs);
  assert.deepEqual(it.rights(), ['autoscaling:RecordLifecycleActionHeartbeat']);
  assert.equal(it.aws.requests.length, 3);
});

test('a hook that rests is kept open for some minutes more, and on when it is worked for again', async () => {
  await using it = await hooksOverFake({ heartbeat: { intervalSeconds: 30, untilSeconds: 7200 } });
  const waiting = it.aws.autoScaling.wait(hook, { timeoutMs: 60_000 });
  it.hooks.keepOpen(hook);
  await it.clock.advance(5 * minuteMs);
  it.hooks.rest(hook);
  await it.clock.advance(4 * minuteMs);
  it.hooks.keepOpen(hook);
  await it.clock.advance(10 * minuteMs);
  assert.equal(waiting.heartbeats.length, 38);
  it.hooks.rest(hook);
  await it.clock.advance(20 * minuteMs);
  assert.equal(waiting.heartbeats.length, 47);
});

test('a hook that another process kept open has its first heartbeat soon', async () => {
  await using it = await hooksOverFake({ heartbeat: { intervalSeconds: 600, untilSeconds: 7200 } });
  const waiting = it.aws.autoScaling.wait(hook);
  it.hooks.keepOpen(hook, { isResumed: true });
  await it.clock.advance(11_000);
  assert.equal(waiting.heartbeats.length, 1);
  await it.clock.advance(10 * minuteMs);
  assert.equal(waiting.heartbeats.length, 2);
});
