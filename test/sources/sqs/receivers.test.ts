import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Health } from '../../../src/health.ts';
import { createMetrics } from '../../../src/metrics.ts';
import { Outage } from '../../../src/sources/sqs/outage.ts';
import type { ReceivedMessage } from '../../../src/sources/sqs/queue.ts';
import { Receivers } from '../../../src/sources/sqs/receivers.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { recordedLog } from '../imds/recorded-log.ts';

const message: ReceivedMessage = {
  id: 'm',
  receiptHandle: 'r',
  body: '{}',
  receiveCount: 1,
  sentAt: undefined,
};

test('room that another receiver has asked for, and not needed, is used at once', async () => {
  const clock = new FakeClock();
  const health = new Health(clock);
  const modules = { clock, health, metrics: createMetrics('test'), log: recordedLog().log };
  let held = 0;
  const askedAt: number[] = [];
  const queue = {
    async receive({ waitSeconds }: { readonly waitSeconds: number }, signal: AbortSignal) {
      askedAt.push(clock.now());
      // The second is that of the one called for help: it comes away with nothing.
      const isFull = askedAt.length === 1 || askedAt.length === 3;
      if (!isFull) await clock.sleep(waitSeconds * 1000, signal);
      return isFull ? Array.from({ length: 10 }, () => message) : [];
    },
  };
  const receivers = new Receivers(
    { visibilitySeconds: 20 },
    {
      ...modules,
      queue,
      outage: new Outage({ ...modules, condition: health.condition('queue', 'has not answered yet') }),
      room: () => 30 - held,
      take: (messages) => {
        held += messages.length;
      },
    },
  );
  const stop = new AbortController();
  const running = receivers.run(stop.signal);
  await clock.advance(1_500);
  assert.equal(held, 20);
  assert.equal(askedAt.length, 4);
  stop.abort(new Error('enough'));
  await clock.advanceWhile(running);
});
