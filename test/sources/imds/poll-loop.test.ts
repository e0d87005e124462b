import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../../src/clock.ts';
import { poll } from '../../../src/sources/imds/poll-loop.ts';

/** Plays rounds that take so long and end so, on a clock that may be set; gives the pauses in between. */
async function pausesOf(
  rounds: readonly { tookMs: number; worked: boolean }[],
  { periodMs = 1000, random = 0.5 } = {},
): Promise<number[]> {
  let nowMs = Date.parse('2030-01-01T00:00:00Z');
  const stopping = new AbortController();
  const pauses: number[] = [];
  const clock: Clock = {
    now: () => nowMs,
    startTimer: () => () => {},
    sleep: (ms) => {
      pauses.push(ms);
      nowMs += Math.max(ms, 0);
      return Promise.resolve();
    },
  };
  const left = [...rounds];
  let ended = false;
  const loop = {
    step: () => undefined,
    end: () => {
      ended = true;
    },
  };
  const round = (): Promise<boolean> => {
    const { tookMs, worked } = left.shift() ?? { tookMs: 0, worked: true };
    nowMs += tookMs;
    if (left.length === 0) stopping.abort();
    return Promise.resolve(worked);
  };
  await poll({ periodMs }, { clock, loop, random: () => random }, round, stopping.signal);
  assert.ok(ended);
  return pauses;
}

const worked = (tookMs: number) => ({ tookMs, worked: true });
const failed = (tookMs: number) => ({ tookMs, worked: false });

test('a round begins a period after the one before began', async () => {
  assert.deepEqual(await pausesOf([worked(0), worked(5), worked(400), worked(5000)]), [1000, 995, 600, 0]);
});

test('periods differ by a tenth at most, to either side', async () => {
  assert.deepEqual(await pausesOf([worked(0)], { random: 0 }), [900]);
  assert.deepEqual(
    await pausesOf([worked(0)], { random: 0.999_999 }).then(([ms]) => Math.round(ms ?? 0)),
    1100,
  );
});

test('a clock that is set back or forward makes no pause longer than a period', async () => {
  assert.deepEqual(await pausesOf([worked(-86_400_000), worked(86_400_000)]), [1000, 0]);
});

test('after a failure there are two periods, at least 2 s and at most 30 s', async () => {
  assert.deepEqual(await pausesOf([failed(0)]), [2000]);
  assert.deepEqual(await pausesOf([failed(0)], { periodMs: 100 }), [2000]);
  assert.deepEqual(await pausesOf([failed(1900)], { periodMs: 10_000 }), [20_000]);
  assert.deepEqual(await pausesOf([failed(0)], { periodMs: 60_000 }), [30_000]);
});
