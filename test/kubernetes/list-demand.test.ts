import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListDemand } from '../../src/kubernetes/list-demand.ts';
import { FakeClock } from '../fakes/clock.ts';

test('who has given up asks for nothing any more', async () => {
  const clock = new FakeClock();
  const demand = new ListDemand({ shortestPeriodMs: 5_000 }, { clock });
  const stop = new AbortController();
  const asking = demand.next(stop.signal);
  stop.abort(new Error('enough'));
  await assert.rejects(asking, /enough/);
  let isWanted = false;
  const { signal } = new AbortController();
  const wanted = demand.wanted(signal).then(() => {
    isWanted = true;
  });
  await clock.settle();
  assert.equal(isWanted, false);
  const next = demand.next(signal);
  await clock.advanceWhile(wanted);
  demand.begin()(true);
  assert.equal(await next, true);
});
