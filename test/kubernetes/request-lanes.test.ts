import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Urgency } from '../../src/kubernetes/cluster.ts';
import { RequestLanes, type RequestLanesOptions } from '../../src/kubernetes/request-lanes.ts';
import { FakeClock } from '../fakes/clock.ts';

function lanes(given: Partial<RequestLanesOptions> = {}) {
  const clock = new FakeClock();
  const options = { concurrency: 1, qps: undefined, burst: undefined, ...given };
  const started: string[] = [];
  const finish = new Map<string, () => void>();
  const subject = new RequestLanes(options, { clock });
  const ask = (name: string, urgency: Urgency, signal = new AbortController().signal) =>
    subject.run(urgency, signal, async () => {
      started.push(name);
      await new Promise<void>((resolve) => {
        finish.set(name, resolve);
      });
    });
  const done = async (name: string) => {
    finish.get(name)?.();
    await clock.settle();
  };
  return { clock, subject, ask, done, started };
}

test('the earliest deadline goes first, and first come first served within one', async () => {
  const { clock, ask, done, started } = lanes();
  const all = [ask('running', 50), ask('late', 30), ask('early', 10), ask('early too', 10), ask('later', 40)];
  await clock.settle();
  for (const name of ['running', 'early', 'early too', 'late', 'later']) await done(name);
  await Promise.all(all);
  assert.deepEqual(started, ['running', 'early', 'early too', 'late', 'later']);
});

test('last calls go before drains, and have as many places', async () => {
  const { clock, ask, done, started } = lanes();
  const all = [ask('drain', 10), ask('second drain', 10), ask('call', { lastCall: 30 })];
  all.push(ask('later call', { lastCall: 50 }), ask('earlier call', { lastCall: 40 }));
  await clock.settle();
  assert.deepEqual(started, ['drain', 'call']);
  await done('call');
  assert.equal(started.at(-1), 'earlier call');
  for (const name of ['earlier call', 'later call', 'drain', 'second drain']) await done(name);
  await Promise.all(all);
});

test('what hangs for 5 s has its place taken by what is more urgent, and by nothing else', async () => {
  const { clock, ask, done, started } = lanes({ concurrency: 2 });
  const all = [ask('hangs', 30), ask('hangs too', 30), ask('as urgent', 30), ask('later', 40)];
  await clock.advance(4_000);
  all.push(...['first', 'second', 'third'].map((name) => ask(name, 10)));
  await clock.advance(999);
  assert.deepEqual(started, ['hangs', 'hangs too']);
  await clock.advance(1);
  assert.deepEqual(started.slice(2), ['first', 'second']);
  await done('first');
  assert.deepEqual(started.slice(2), ['first', 'second', 'third']);
  for (const name of ['second', 'third']) await done(name);
  assert.equal(started.length, 5);
  for (const name of ['hangs', 'hangs too', 'as urgent', 'later']) await done(name);
  await Promise.all(all);
});

test('a mark never waits for drains', async () => {
  const { clock, ask, started } = lanes();
  void ask('drain', 10);
  void ask('waiting drain', 10);
  void ask('mark', 'mark');
  await clock.settle();
  assert.deepEqual(started, ['drain', 'mark']);
});

test('no drain starts while marks wait, but for marks that hang', async () => {
  const { clock, ask, done, started } = lanes();
  for (let mark = 1; mark <= 12; mark += 1) void ask(`mark ${mark}`, 'mark');
  void ask('drain', 10);
  void ask('second drain', 10);
  await clock.advance(400);
  await done('mark 1');
  await clock.advance(400);
  assert.deepEqual(started.at(-1), 'mark 11');
  await done('mark 2');
  assert.deepEqual(started.slice(-2), ['mark 12', 'drain']);
});

test('marks that hang hold no drain up', async () => {
  const { clock, ask, started } = lanes();
  for (let mark = 1; mark <= 12; mark += 1) void ask(`mark ${mark}`, 'mark');
  void ask('drain', 10);
  await clock.advance(499);
  assert.equal(started.includes('drain'), false);
  await clock.advance(1);
  assert.equal(started.at(-1), 'drain');
});

test('a request that is aborted while it waits never starts, and the next has its place', async () => {
  const { clock, ask, done, started } = lanes();
  const controller = new AbortController();
  void ask('running', 10);
  const aborted = ask('aborted', 10, controller.signal);
  void ask('next', 20);
  controller.abort(new Error('the pod is gone'));
  await assert.rejects(aborted, /the pod is gone/);
  await done('running');
  await clock.settle();
  assert.deepEqual(started, ['running', 'next']);
});

test('after pushback nothing starts until its time has passed, marks included', async () => {
  const { clock, subject, ask, done, started } = lanes();
  subject.pause(5_000);
  void ask('drain', 10);
  void ask('mark', 'mark');
  await clock.advance(4_999);
  assert.deepEqual(started, []);
  await clock.advance(1);
  await done('mark');
  assert.deepEqual(started, ['mark', 'drain']);
});

test('after pushback one request alone tells whether it is over', async () => {
  const { clock, subject, ask, done, started } = lanes({ concurrency: 10 });
  void ask('from before', 1);
  await clock.settle();
  subject.pause(1_000);
  for (let index = 0; index < 5; index += 1) void ask(`request ${index}`, 10);
  await clock.advance(1_000);
  assert.deepEqual(started, ['from before', 'request 0']);
  // What was sent before the pause tells nothing.
  await done('from before');
  assert.equal(started.length, 2);
  subject.pause(1_000);
  await done('request 0');
  await clock.advance(999);
  assert.equal(started.length, 2);
  await clock.advance(1);
  assert.deepEqual(started.slice(2), ['request 1']);
  await done('request 1');
  assert.equal(started.length, 6);
});

test('a request after pushback that the server holds up holds up the others for a second', async () => {
  const { clock, subject, ask, started } = lanes({ concurrency: 10 });
  subject.pause(1_000);
  for (let index = 0; index < 5; index += 1) void ask(`request ${index}`, 10);
  await clock.advance(1_999);
  assert.equal(started.length, 1);
  await clock.advance(1);
  assert.equal(started.length, 5);
});

test('with qps and burst, the burst goes at once and the rest at that rate', async () => {
  const { clock, ask, started } = lanes({ concurrency: 100, qps: 5, burst: 10 });
  for (let index = 0; index < 20; index += 1) void ask(`request ${index}`, 10);
  await clock.settle();
  assert.equal(started.length, 10);
  await clock.advance(1_000);
  assert.equal(started.length, 15);
  await clock.advance(1_000);
  assert.equal(started.length, 20);
});

test('a request that fails gives its place back', async () => {
  const { clock, subject, ask, started } = lanes();
  const failing = subject.run(1, new AbortController().signal, () => Promise.reject(new Error('refused')));
  void ask('next', 2);
  await assert.rejects(failing, /refused/);
  await clock.settle();
  assert.deepEqual(started, ['next']);
});

test('what is in the background starts only while nothing else waits, two at a time', async () => {
  const { clock, ask, done, started } = lanes();
  void ask('drain', 10);
  void ask('waiting drain', 10);
  for (const name of ['told', 'told too', 'told last']) void ask(name, 'background');
  await clock.settle();
  assert.deepEqual(started, ['drain']);
  await done('drain');
  assert.deepEqual(started, ['drain', 'waiting drain', 'told', 'told too']);
  await done('told');
  assert.deepEqual(started.at(-1), 'told last');
});

test('what is in the background leaves half of the burst to what is urgent', async () => {
  const { clock, ask, done, started } = lanes({ concurrency: 10, qps: 1, burst: 4 });
  for (const name of ['told 1', 'told 2', 'told 3']) {
    void ask(name, 'background').then(() => {});
    await clock.settle();
    if (started.includes(name)) await done(name);
  }
  assert.deepEqual(started, ['told 1', 'told 2']);
  for (const name of ['drain 1', 'drain 2']) void ask(name, 10);
  await clock.settle();
  assert.deepEqual(started.slice(2), ['drain 1', 'drain 2']);
  await clock.advance(2_000);
  assert.ok(!started.includes('told 3'));
  await clock.advance(1_000);
  assert.ok(started.includes('told 3'));
});

test('what waits in the background for the rate delays no mark', async () => {
  const { clock, ask, done, started } = lanes({ qps: 1, burst: 20 });
  for (let mark = 1; mark <= 20; mark += 1) {
    void ask(`mark ${mark}`, 'mark');
    await clock.settle();
    await done(`mark ${mark}`);
  }
  void ask('background', 'background');
  void ask('last mark', 'mark');
  await clock.advance(1_000);
  assert.equal(started.at(-1), 'last mark');
});
