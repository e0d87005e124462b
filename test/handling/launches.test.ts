import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Launches } from '../../src/handling/launches.ts';
import type { Delivery, Outcome, Source } from '../../src/interruption/delivery.ts';
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
  const launches = new Launches({ dryRun: options.dryRun ?? false }, { ...options, logger });
  const intake = new AbortController();
  return { ends, intake, followed: launches.follow('node-1', delivery, source, intake.signal) };
}

test('a launch is settled once its node is ready, and not before', async () => {
  const ready = Promise.withResolvers<boolean>();
  const { ends, followed } = follow({ untilReady: () => ready.promise });
  await Promise.resolve();
  assert.deepEqual(ends, []);
  ready.resolve(true);
  await followed;
  assert.deepEqual(ends, ['ready']);
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
