import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nthRules } from '../../fakes/api-server/access.ts';
import { eventsOverFake, nodeName } from './events-over-fake.ts';

const dropped = 'nth_kubernetes_events_dropped_total';

test('without the right to create events it says so once, with the rule to add, and leaves the server alone', async () => {
  await using it = await eventsOverFake();
  const { api, clock, emit } = it;
  const rules = nthRules.filter(({ resources }) => !resources.includes('events'));
  api.access.grant(api.adminToken, { rules });
  for (let minute = 0; minute < 30; minute += 1) {
    emit();
    emit({ reason: 'CordonAndDrain' });
    await clock.advance(60_000);
  }
  assert.deepEqual(it.shown(), []);
  assert.ok(it.calls().filter((call) => call === 'create events 403').length <= 6);
  assert.deepEqual(
    it.warnings().map(({ message }) => message),
    [
      'Not allowed to put Kubernetes events, the work goes on without: add the verbs "create" and "patch" on "events" to the ClusterRole',
    ],
  );
  assert.equal(await it.sample(dropped), 60);
  api.access.grant(api.adminToken, {});
  await clock.advance(600_000);
  emit();
  await clock.advance(0);
  assert.equal(it.shown().length, 1, 'the right may come later');
});

test('an API server that is away is told later, with its own times', async () => {
  await using it = await eventsOverFake();
  await it.api.goAway();
  it.emit();
  it.emit({ reason: 'CordonAndDrain' });
  await it.clock.advance(5_000);
  await it.api.restart();
  await it.clock.advance(60_000);
  assert.deepEqual(
    it
      .shown()
      .map(({ reason, firstTimestamp }) => `${reason} ${firstTimestamp}`)
      .sort(),
    ['Cordon 2030-01-01T00:00:00Z', 'CordonAndDrain 2030-01-01T00:00:00Z'],
  );
  assert.equal(await it.sample(dropped), 0);
});

test('what the API server never takes is dropped, told once and counted', async () => {
  await using it = await eventsOverFake();
  it.api.faults.add({ kind: 'answer', code: 500 }, { when: ({ verb }) => verb === 'create' });
  for (const reason of ['A', 'B']) it.emit({ reason });
  await it.clock.advance(600_000);
  assert.deepEqual(
    it.warnings().map(({ message }) => message),
    ['Cannot put a Kubernetes event, the work goes on without'],
  );
  assert.equal(await it.sample(dropped), 2);
  assert.ok(it.calls().length <= 20);
});

test('an object whose namespace is being deleted has no event, and others have', async () => {
  await using it = await eventsOverFake();
  it.api.terminateNamespace('shop');
  it.emit({ about: { kind: 'Pod', namespace: 'shop', name: 'web-0', uid: 'u' } });
  it.emit();
  await it.clock.advance(1_000);
  assert.deepEqual(
    it.shown().map(({ involvedObject }) => involvedObject['kind']),
    ['Node'],
  );
  assert.deepEqual(it.warnings(), []);
});

test('a queue that is full takes no more, and says how many it did not take', async () => {
  await using it = await eventsOverFake();
  it.api.faults.add({ kind: 'hang' });
  for (let pod = 0; pod < 6_000; pod += 1) {
    it.emit({ about: { kind: 'Pod', namespace: 'shop', name: `web-${pod}`, uid: `${pod}` } });
  }
  assert.equal(await it.sample(dropped), 1_000);
});

test('at the end what waits is sent, and what hangs is not waited for longer than three seconds', async () => {
  const it = await eventsOverFake();
  await using _ = it;
  it.emit();
  await it.clock.advance(0);
  it.emit();
  it.api.faults.add({ kind: 'hang' }, { when: ({ path }) => path.includes('/shop/') });
  it.emit({ about: { kind: 'Pod', namespace: 'shop', name: 'web-0', uid: 'u' } });
  const before = it.clock.now();
  it.events.end(3_000);
  await it.clock.advanceWhile(it.ended);
  assert.deepEqual(
    it.shown().map(({ count }) => count),
    [2],
    'not after its ten seconds',
  );
  assert.ok(it.clock.now() - before <= 3_000);
  assert.equal(it.api.node(nodeName).metadata.name, nodeName);
});
