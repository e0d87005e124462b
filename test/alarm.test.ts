import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Alarm } from '../src/alarm.ts';
import { FakeClock } from './fakes/clock.ts';

function ringing() {
  const clock = new FakeClock();
  const start = clock.now();
  const rings: number[] = [];
  const alarm = new Alarm(clock, () => rings.push(clock.now() - start));
  return { clock, rings, alarm, at: (ms: number) => alarm.set(start + ms) };
}

test('it rings once, at its instant', async () => {
  const { clock, rings, at } = ringing();
  at(1_000);
  await clock.advance(5_000);
  assert.deepEqual(rings, [1_000]);
  assert.equal(clock.pendingSleeps, 0);
});

test('moved earlier or later, even at every event, it rings at the last instant that was set', async () => {
  const { clock, rings, at } = ringing();
  at(1_000);
  at(500);
  await clock.advance(400);
  for (let ms = 900; ms < 1_000; ms += 1) at(ms);
  await clock.advance(5_000);
  assert.deepEqual(rings, [999]);
});

test('moving it later leaves one sleep under way, however often', () => {
  const { clock, at } = ringing();
  for (let ms = 1_000; ms < 1_100; ms += 1) at(ms);
  assert.equal(clock.pendingSleeps, 1);
});

test('an instant that is past rings at once; it can be set anew by what it rings for', async () => {
  const clock = new FakeClock();
  let rings = 0;
  const alarm: Alarm = new Alarm(clock, () => {
    rings += 1;
    if (rings < 3) alarm.set(clock.now() - 10);
  });
  alarm.set(clock.now());
  await clock.settle();
  assert.equal(rings, 3);
});

test('stopped, or set to never, it does not ring', async () => {
  const { clock, rings, alarm, at } = ringing();
  at(1_000);
  alarm.stop();
  at(2_000);
  at(Infinity);
  await clock.advance(5_000);
  assert.deepEqual(rings, []);
  at(1_000_000);
  alarm.stop();
  await clock.settle();
  assert.equal(clock.pendingSleeps, 0);
});
