import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Health } from '../src/health.ts';
import { HeldClock } from './http/held-clock.ts';

test('a loop is stuck after 3 silent periods', () => {
  const clock = new HeldClock();
  const health = new Health(clock);
  health.loop('poll', 30_000);
  clock.advance(90_000);
  assert.deepEqual(health.stuckLoops(), []);
  clock.advance(1000);
  assert.deepEqual(health.stuckLoops(), ['poll made no step for 91 s']);
});

test('a loop with a short period is given 60 s', () => {
  const clock = new HeldClock();
  const health = new Health(clock);
  health.loop('poll', 1000);
  clock.advance(60_000);
  assert.deepEqual(health.stuckLoops(), []);
  clock.advance(1000);
  assert.deepEqual(health.stuckLoops(), ['poll made no step for 61 s']);
});

test('a loop that steps again is alive again', () => {
  const clock = new HeldClock();
  const health = new Health(clock);
  const loop = health.loop('poll', 1000);
  clock.advance(61_000);
  loop.step();
  assert.deepEqual(health.stuckLoops(), []);
});

test('a loop that ended is watched no more', () => {
  const clock = new HeldClock();
  const health = new Health(clock);
  health.loop('poll', 1000).end();
  clock.advance(3_600_000);
  assert.deepEqual(health.stuckLoops(), []);
});

test('each loop is named, also where names repeat', () => {
  const clock = new HeldClock();
  const health = new Health(clock);
  health.loop('poll', 1000);
  health.loop('poll', 1000).end();
  health.loop('watch', 1000);
  clock.advance(61_000);
  assert.deepEqual(health.stuckLoops(), ['poll made no step for 61 s', 'watch made no step for 61 s']);
});

test('conditions tell what is missing until it is there', () => {
  const health = new Health(new HeldClock());
  const metadata = health.condition('metadata service', 'not asked yet');
  health.condition('API server');
  assert.deepEqual(health.notReadyReasons(), ['metadata service: not asked yet']);
  metadata.ready();
  assert.deepEqual(health.notReadyReasons(), []);
  metadata.notReady('connect ETIMEDOUT');
  assert.deepEqual(health.notReadyReasons(), ['metadata service: connect ETIMEDOUT']);
});
