import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scheduledPath, spotPath } from './fixtures.ts';
import { sourceOverDocuments } from './source-over-documents.ts';
import { sourceOverFake } from './source-over-fake.ts';

const problem = 'There was a problem monitoring for events';
const hourMs = 3_600_000;

async function valueOf(
  metric: { get(): Promise<{ values: { value: number; labels: object }[] }> },
  label?: string,
) {
  const { values } = await metric.get();
  return values
    .filter(({ labels }) => label === undefined || Object.values(labels).includes(label))
    .reduce((sum, { value }) => sum + value, 0);
}

test('a service that is away for two hours: few lines, no crowd of requests, loops that live', async () => {
  await using it = sourceOverDocuments();
  it.start();
  await it.clock.advance(5000);
  assert.deepEqual(it.health.notReadyReasons(), []);
  it.imds.fail('', 'no route to host');
  const before = it.imds.requests;
  await it.clock.advance(2 * hourMs);

  const lines = it.warnings();
  assert.ok(lines.length >= 11 && lines.length <= 13, `${lines.length} lines`);
  assert.ok(lines.every(({ message }) => message === problem));
  const perSecond = (it.imds.requests - before) / (2 * 3600);
  assert.ok(perSecond <= 1.5, `${perSecond} requests a second`);
  assert.deepEqual(it.health.notReadyReasons(), ['metadata service: no route to host']);
  assert.deepEqual(it.health.stuckLoops(), []);
  assert.ok((await valueOf(it.metrics.eventErrors, 'SPOT_ITN_MONITOR')) >= 3500);
  assert.ok((await valueOf(it.metrics.sourceErrors, 'imds')) >= 3500);
});

test('a service that is back after a minute: a notice is seen right away, and one line tells', async () => {
  await using it = await sourceOverFake();
  it.start();
  await it.clock.advance(5000);
  it.imds.faults.add({ kind: 'answer', code: 503 });
  await it.clock.advance(60_000);
  assert.match(it.health.notReadyReasons().join(), /^metadata service: Cannot get .* status 503$/);
  it.imds.faults.clear();
  it.imds.interrupt();
  await it.clock.advanceUntil(() => it.delivered.length === 1, { maxMs: 2500 });
  await it.clock.advance(30_000);
  assert.deepEqual(it.health.notReadyReasons(), []);
  assert.deepEqual(
    it.records.slice(-2).map(({ message }) => message),
    [problem, 'Monitoring for events works again'],
  );
  const lastSuccess = await valueOf(it.metrics.sourceLastSuccess, 'imds');
  assert.ok(it.clock.now() / 1000 - lastSuccess <= 2);
});

test('a service that is not there at the start: not ready, no exit, and taken up when it comes', async () => {
  await using it = await sourceOverFake();
  await it.imds.goAway();
  assert.deepEqual(it.health.notReadyReasons(), ['metadata service: has not answered yet']);
  it.start();
  await it.clock.advance(60_000);
  assert.match(it.health.notReadyReasons().join(), /ECONNREFUSED/);
  assert.equal(it.warnings().length, 1);
  await it.imds.restart();
  await it.clock.advance(40_000);
  assert.deepEqual(it.health.notReadyReasons(), []);
});

test('one path that fails is told, and the others go on', async () => {
  await using it = await sourceOverFake();
  it.imds.faults.add({ kind: 'answer', code: 500 }, { when: ({ path }) => path === scheduledPath });
  it.start();
  await it.clock.advance(60_000);
  assert.equal(it.warnings().length, 1);
  assert.equal(it.warnings()[0]?.fields['monitor_type'], 'SCHEDULED_EVENT_MONITOR');
  const polls = it.imds.requests.filter(({ path }) => path === spotPath).length;
  assert.equal(polls, 61);
  assert.match(it.health.notReadyReasons().join(), /maintenance\/scheduled/);
});

test('a path that fails every other time is one outage', async () => {
  await using it = await sourceOverFake({ periodsMs: { 'spot-instance-action': 1000 } });
  it.start();
  let polls = 0;
  it.imds.faults.add(
    { kind: 'answer', code: 403 },
    { when: ({ path }) => path === spotPath && polls++ % 2 === 0 },
  );
  await it.clock.advance(500_000);
  assert.equal(it.warnings().length, 1);
  assert.equal(it.records.length, 2);
});

test('a single failure is covered by another try', async () => {
  await using it = await sourceOverFake();
  it.start();
  for (let second = 0; second < 60; second += 1) {
    it.imds.faults.add({ kind: 'drop-before' }, { times: 1 });
    await it.clock.advance(1000);
  }
  assert.deepEqual(it.warnings(), []);
});

test('a document that is unreadable is told once, counted each time, and polled on', async () => {
  await using it = await sourceOverFake({ periodsMs: { 'spot-instance-action': 1000 } });
  it.imds.set(spotPath, `<html>${'x'.repeat(5000)}</html>`);
  it.start();
  await it.clock.advance(100_000);
  assert.equal(it.warnings().length, 1);
  assert.ok(String(it.warnings()[0]?.fields['body']).length <= 200);
  assert.ok((await valueOf(it.metrics.sourceIgnored, 'imds')) >= 100);
  it.imds.interrupt();
  await it.clock.advance(1000);
  assert.equal(it.delivered.length, 1);
});

test('a page that differs each time fills neither the log nor the memory', async () => {
  await using it = sourceOverDocuments({ periodsMs: { 'spot-instance-action': 1000 } });
  it.start();
  for (let page = 0; page < 590; page += 1) {
    it.imds.set(spotPath, `<html>${page}</html>`);
    await it.clock.advance(1000);
  }
  assert.equal(it.warnings().length, 10);
});
