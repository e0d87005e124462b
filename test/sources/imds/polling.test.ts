import assert from 'node:assert/strict';
import { test } from 'node:test';
import { historyPath, rebalancePath, scheduledPath, spotPath, targetStatePath } from './fixtures.ts';
import { sourceOverFake } from './source-over-fake.ts';

test('each path is polled at its own pace, three requests a second in all', async () => {
  await using it = await sourceOverFake();
  it.start();
  await it.clock.advance(60_000);
  const count = (path: string): number => it.imds.requests.filter((request) => request.path === path).length;
  assert.deepEqual(
    [spotPath, targetStatePath, rebalancePath, scheduledPath, historyPath].map(count),
    [61, 61, 31, 7, 7],
  );
  assert.ok(it.imds.requests.length <= 180);
});

test('only what is enabled is polled, and told to be', async () => {
  await using it = await sourceOverFake({ periodsMs: { 'spot-instance-action': 1000 } });
  it.start();
  await it.clock.advance(30_000);
  assert.deepEqual(new Set(it.paths()), new Set(['PUT /latest/api/token', `GET ${spotPath}`]));
  assert.deepEqual(it.records, [
    { level: 'info', message: 'Started monitoring for events', fields: { monitor_type: 'SPOT_ITN_MONITOR' } },
  ]);
});

test('a slow answer delays its own poll, and polls do not pile up', async () => {
  await using it = await sourceOverFake();
  it.imds.faults.add({ kind: 'delay', ms: 1900 }, { when: ({ path }) => path === targetStatePath });
  it.start();
  await it.clock.advance(60_000);
  const at = (path: string): number[] =>
    it.imds.requests.filter((request) => request.path === path).map((it) => it.at);
  assert.ok(at(targetStatePath).length <= 32);
  assert.equal(at(spotPath).length, 61);
  assert.ok(it.imds.openConnections <= 2);
});

test('a path that hangs does not keep a notice back', async () => {
  await using it = await sourceOverFake();
  it.imds.faults.add({ kind: 'hang' }, { when: ({ path }) => path.includes('/events/') });
  it.start();
  await it.clock.advance(20_000);
  it.imds.interrupt();
  await it.clock.advanceUntil(() => it.delivered.length === 1, { maxMs: 3000 });
});

test('the loops are watched, and no longer once they have ended', async () => {
  await using it = await sourceOverFake();
  it.start();
  await it.clock.advance(120_000);
  assert.deepEqual(it.health.stuckLoops(), []);
  it.stopping.abort();
  await it.clock.advance(3_600_000);
  assert.deepEqual(it.health.stuckLoops(), []);
  assert.equal(it.clock.pendingSleeps, 0);
});

test('deliveries end when intake is aborted, in the middle of a request too', async () => {
  await using it = await sourceOverFake();
  it.imds.faults.add({ kind: 'hang' });
  const deliveries = it.source.deliveries(it.stopping.signal);
  const next = deliveries.next();
  await it.clock.advance(500);
  it.stopping.abort();
  assert.equal((await next).done, true);
  assert.deepEqual(it.warnings(), []);
});

test('deadlines follow the clock of AWS', async () => {
  await using it = await sourceOverFake();
  it.imds.skewMs = 30_000;
  it.start();
  await it.clock.advance(60_000);
  it.imds.interrupt('terminate', 150_000);
  await it.clock.advance(1000);
  const [notice] = it.interruptions();
  assert.ok(notice?.kind === 'SPOT_ITN');
  assert.ok(Math.abs(notice.deadline - (notice.startTime - 30_000)) < 700);
  assert.equal(it.warnings().length, 1);
});

test('a notice is delivered within the poll interval, with all that is known of the instance', async () => {
  await using it = await sourceOverFake();
  it.start();
  await it.clock.advance(5500);
  assert.deepEqual(it.delivered, []);
  it.imds.interrupt();
  await it.clock.advance(1000);
  const [notice] = it.interruptions();
  assert.ok(notice?.kind === 'SPOT_ITN');
  assert.equal(notice.deadline, notice.startTime);
  assert.deepEqual(notice.where, { nodeName: 'node-1', instanceId: 'i-0123456789abcdef0' });
});

test('an identity that can not be had does not keep a notice back', async () => {
  await using it = await sourceOverFake();
  it.start();
  await it.clock.advance(5000);
  it.imds.faults.add({ kind: 'hang' }, { when: ({ path }) => /identity|instance-id/.test(path) });
  it.imds.interrupt();
  await it.clock.advanceUntil(() => it.delivered.length === 1, { maxMs: 1700 });
  assert.deepEqual(it.interruptions()[0]?.where, { nodeName: 'node-1' });
});
