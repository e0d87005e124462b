import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestLanes } from '../../src/kubernetes/request-lanes.ts';
import type { NodeObject } from '../../src/kubernetes/views.ts';
import type { ApiClient } from '../../src/kubernetes/api-client.ts';
import { NodeConditions } from '../../src/kubernetes/node-conditions.ts';
import { FakeClock } from '../fakes/clock.ts';
import { recordedLog } from '../sources/imds/recorded-log.ts';

/** A clock that somebody sets back. */
class WrongClock extends FakeClock {
  wrongByMs = 0;

  override now(): number {
    return super.now() + this.wrongByMs;
  }
}

async function startedAfter(
  ms: number,
  options: { qps?: number; pauseMs?: number },
): Promise<readonly string[]> {
  const clock = new WrongClock();
  clock.wrongByMs = 3_600_000;
  const { qps, pauseMs } = options;
  const lanes = new RequestLanes({ concurrency: 5, qps, burst: 1 }, { clock });
  const started: string[] = [];
  const ask = (name: string) =>
    void lanes.run(1, new AbortController().signal, () => Promise.resolve(started.push(name)));
  if (pauseMs !== undefined) lanes.pause(pauseMs);
  ask('first');
  ask('second');
  await clock.advance(10);
  clock.wrongByMs = 0;
  await clock.advance(ms);
  return started;
}

test('a clock that is set back by an hour does not make a pause one of an hour', async () => {
  assert.deepEqual(await startedAfter(5000, { pauseMs: 5000 }), ['first', 'second']);
});

test('a clock that is set back by an hour does not hold the rate up for an hour', async () => {
  assert.deepEqual(await startedAfter(5000, { qps: 1 }), ['first', 'second']);
});

test('a clock that is set back by an hour does not hold up the conditions of a node for an hour', async () => {
  const clock = new WrongClock();
  clock.wrongByMs = 3_600_000;
  const written: string[] = [];
  const node: NodeObject = { metadata: { name: 'node-1', resourceVersion: '1' } };
  const client = {
    expect: ({ verb }: { verb: string }) => {
      written.push(verb);
      return Promise.resolve(node);
    },
  } as unknown as ApiClient;
  const conditions = new NodeConditions({ clock, client, logger: recordedLog().log });
  conditions.see('node-1', node);
  conditions.set('node-1', [{ type: 'Drained', isTrue: true, reason: 'SPOT_ITN', message: '' }]);
  clock.wrongByMs = 0;
  await clock.advance(1000);
  // What was shown an hour ahead is not believed either.
  assert.deepEqual(written, ['get', 'patch']);
  await conditions.end(0);
});
