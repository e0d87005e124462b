import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spotWarning } from './messages.ts';
import { runningSource } from './running-source.ts';

test('an idle queue is asked once in 20 seconds, by one receiver', async () => {
  await using it = await runningSource();
  it.start();
  await it.clock.advance(2000);
  const before = it.aws.count('ReceiveMessage');
  await it.clock.advance(600_000);
  assert.equal(it.aws.count('ReceiveMessage') - before, 30);
  assert.deepEqual(it.health.notReadyReasons(), []);
  assert.deepEqual(it.health.stuckLoops(), []);
  assert.equal(it.aws.connections, 1);
});

test('a message that comes is delivered at once', async () => {
  await using it = await runningSource();
  it.start();
  await it.clock.advance(7000);
  const sentAt = it.clock.now();
  it.queue.send(spotWarning('i-0a'));
  await it.clock.settle();
  assert.equal(it.delivered.length, 1);
  assert.equal(it.clock.now(), sentAt);
});

test('many messages are received by several, and soon by one again', async () => {
  await using it = await runningSource();
  for (let index = 0; index < 500; index += 1) it.queue.send(spotWarning(`i-${index}`));
  it.start();
  await it.clock.settle();
  assert.equal(it.delivered.length, 500);
  assert.equal(new Set(it.interruptions().map(({ where }) => where.instanceId)).size, 500);
  await it.settleAll();
  await it.clock.advance(2000);
  const before = it.aws.count('ReceiveMessage');
  await it.clock.advance(200_000);
  assert.ok(it.aws.count('ReceiveMessage') - before <= 11);
});

test('no more messages are received than are to be held, and more as soon as there is room', async () => {
  await using it = await runningSource({ source: { mostHeld: 25 } });
  for (let index = 0; index < 60; index += 1) it.queue.send(spotWarning(`i-${index}`));
  it.start();
  await it.clock.advance(120_000);
  assert.equal(it.delivered.length, 25);
  assert.equal(await it.valueOf('nth_queue_messages_held'), 25);
  assert.deepEqual(it.health.stuckLoops(), []);
  await it.settleAll();
  await it.untilDelivered(50, 1000);
  await it.settleAll();
  await it.untilDelivered(60, 1000);
  await it.settleAll();
  assert.equal(it.queue.size, 0);
});

test('a message that is held and comes again is no second delivery', async () => {
  await using it = await runningSource();
  it.aws.denied.add('ChangeMessageVisibilityBatch');
  it.queue.send(spotWarning('i-0a'));
  it.start();
  await it.clock.advance(119_000);
  assert.equal(it.delivered.length, 1);
  assert.equal(await it.valueOf('nth_queue_messages_total', { event: 'redelivered' }), 5);
  await it.settleAll();
  assert.equal(it.queue.size, 0);
});

test('what is released comes again, later each time', async () => {
  await using it = await runningSource();
  it.queue.send(spotWarning('i-0a'));
  it.start();
  const waits: number[] = [];
  for (let time = 1; time <= 6; time += 1) {
    const from = it.clock.now();
    await it.untilDelivered(time, 120_000);
    waits.push(Math.round((it.clock.now() - from) / 1000));
    await it.clock.advanceWhile(it.source.release(it.delivered[time - 1] as never));
  }
  assert.deepEqual(waits, [0, 5, 10, 20, 40, 60]);
});

test('what may be for another cluster is there for it at once, and never turns into a loop', async () => {
  await using it = await runningSource();
  it.queue.send(spotWarning('i-0a'));
  it.start();
  await it.untilDelivered(1);
  const from = it.clock.now();
  for (let time = 1; time <= 12; time += 1) {
    await it.untilDelivered(time, 60_000);
    await it.clock.advanceWhile(it.source.release(it.delivered[time - 1] as never, 'not-ours'));
    if (time === 1) assert.ok(it.clock.now() - from <= 100);
  }
  const seconds = (it.clock.now() - from) / 1000;
  assert.ok(seconds > 70 && seconds < 130, `${seconds} s`);
});

test('a message that is sent to a queue of our own kind twice is two deliveries of one interruption', async () => {
  await using it = await runningSource();
  const message = spotWarning('i-0a');
  it.queue.send(message);
  it.queue.send(message);
  it.start();
  await it.untilDelivered(2);
  const [one, other] = it.interruptions();
  assert.equal(one?.id, other?.id);
});

test('the instances of a capacity block that expires are looked up, until that succeeds', async () => {
  let asked = 0;
  await using it = await runningSource({
    instancesOfReservation: (id) => {
      asked += 1;
      assert.equal(id, 'cr-0123');
      return asked === 1 ? Promise.reject(new Error('no')) : Promise.resolve(['i-0a', 'i-0b']);
    },
  });
  it.queue.send({
    ...spotWarning(''),
    'detail-type': 'Capacity Block Reservation Expiration Warning',
    detail: { 'capacity-reservation-id': 'cr-0123', 'end-date': '2030-01-01T00:40:00Z' },
  });
  it.start();
  await it.untilDelivered(2);
  assert.equal(it.warnings().length, 1);
  assert.equal(new Set(it.interruptions().map(({ id }) => id)).size, 2);
  for (const interruption of it.interruptions()) {
    assert.ok(interruption.kind === 'SPOT_ITN');
    assert.equal(interruption.deadline, Date.parse('2030-01-01T00:10:00Z'));
  }
  await it.settleAll();
  assert.equal(it.queue.size, 0);
});

test('a capacity block without instances is settled', async () => {
  await using it = await runningSource();
  it.queue.send({
    ...spotWarning(''),
    'detail-type': 'Capacity Block Expiration Warning',
    detail: { 'capacity-reservation-id': 'cr-0123' },
  });
  it.start();
  await it.clock.advance(1000);
  assert.equal(it.queue.size, 0);
  assert.equal(it.delivered.length, 0);
});
