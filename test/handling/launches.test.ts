import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Launches } from '../../src/handling/launches.ts';
import type { Delivery, Outcome, Source } from '../../src/interruption/delivery.ts';
import { FakeClock } from '../fakes/clock.ts';
import { t0 } from '../interruption/interruptions.ts';
import { capturedLogger } from '../logger/captured-logger.ts';

const delivery: Delivery = {
  type: 'interruption',
  interruption: {
    kind: 'ASG_LAUNCH_LIFECYCLE',
    id: 'asg-lifecycle-term-1',
    monitor: 'SQS_MONITOR',
    description: '',
    where: { instanceId: 'i-1' },
    seenAt: t0,
    startTime: t0,
    hook: { group: 'nodes', name: 'ready', token: 't', instanceId: 'i-1' },
  },
  source: 'sqs',
  handle: undefined,
};

/** What is lent within five minutes for launches whose nodes may join. */
async function lentFor(launches: number, dryRun = false): Promise<number> {
  const clock = new FakeClock();
  const { logger } = capturedLogger();
  const hooks = { complete: () => Promise.resolve() };
  const untilReady = () => Promise.resolve(true);
  const it = new Launches({ dryRun }, { clock, hooks, logger, onReady: () => {}, untilReady });
  const intake = new AbortController();
  let lent = 0;
  const pull = async (): Promise<void> => {
    for await (const _ of it.deliveries(intake.signal)) lent += 1;
  };
  const pulling = pull();
  for (let n = 0; n < launches; n += 1) {
    it.expect({ ...delivery, interruption: { ...delivery.interruption, id: `launch-${n}` } });
  }
  await clock.advance(300_000);
  intake.abort();
  await pulling;
  return lent;
}

function follow(options: {
  readonly dryRun?: boolean;
  readonly untilReady: (node: string, signal: AbortSignal) => Promise<boolean>;
}) {
  const ends: (Outcome | 'released')[] = [];
  const source: Source = {
    name: 'sqs',
    deliveries: () => {
      throw new Error('nobody pulls');
    },
    settle: (_item, outcome) => Promise.resolve(void ends.push(outcome)),
    release: () => Promise.resolve(void ends.push('released')),
  };
  const { logger } = capturedLogger();
  const told: string[] = [];
  const onReady = (node: string): void => void told.push(node);
  const hooks = { complete: () => Promise.reject(new Error('it is the source that completes them')) };
  const clock = new FakeClock();
  const launches = new Launches(
    { dryRun: options.dryRun ?? false },
    { ...options, clock, hooks, logger, onReady },
  );
  const intake = new AbortController();
  return { ends, intake, told, followed: launches.follow('node-1', delivery, source, intake.signal) };
}

test('a launch is settled once its node is ready, and not before', async () => {
  const ready = Promise.withResolvers<boolean>();
  const { ends, followed, told } = follow({ untilReady: () => ready.promise });
  await Promise.resolve();
  assert.deepEqual([ends, told], [[], []]);
  ready.resolve(true);
  await followed;
  assert.deepEqual([ends, told], [['ready'], ['node-1']]);
});

test('a launch that is waited for when the daemon stops is released', async () => {
  const untilReady = (_node: string, signal: AbortSignal): Promise<boolean> =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  const { ends, followed, intake } = follow({ untilReady });
  intake.abort(new Error('SIGTERM'));
  await followed;
  assert.deepEqual(ends, ['released']);
});

test('a launch whose node is gone is released', async () => {
  const { ends, followed } = follow({ untilReady: () => Promise.resolve(false) });
  await followed;
  assert.deepEqual(ends, ['released']);
});

test('an error of our own releases the launch, and is told', async () => {
  const { ends, followed } = follow({ untilReady: () => Promise.reject(new Error('broken')) });
  await assert.rejects(followed, /broken/);
  assert.deepEqual(ends, ['released']);
});

test('in a dry run nobody waits, and nothing is completed', async () => {
  const { ends, followed } = follow({
    dryRun: true,
    untilReady: () => Promise.reject(new Error('nobody waits')),
  });
  await followed;
  assert.deepEqual(ends, ['dry-run']);
});

test('so many launches are known without their messages, and no more', async () => {
  assert.equal(await lentFor(2_100), 2_000);
});

test('in a dry run none is', async () => {
  assert.equal(await lentFor(1, true), 0);
});
