import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cancellation, Delivery } from '../../../src/interruption/delivery.ts';
import { readMessage } from '../../../src/sources/sqs/parsers.ts';
import { FakeAws } from '../../fakes/aws.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { healthEvent, spotWarning, terminateAction } from './messages.ts';
import { runningSource } from './running-source.ts';

type Replica = Awaited<ReturnType<typeof runningSource>>;

/** The same numbers for the same seed (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function idOf(item: Delivery | Cancellation): string {
  return item.type === 'interruption' ? item.interruption.id : item.interruptionId;
}

/** Works for what one replica is lent, for up to a minute each, with or without success. */
function work(replica: Replica, random: () => number, doneAt: Map<string, number>): void {
  const underWay = new Set<string>();
  let taken = 0;
  const workFor = async (item: Delivery | Cancellation): Promise<void> => {
    await replica.clock.sleep(random() * 60_000);
    underWay.delete(idOf(item));
    if (random() < 0.2) {
      await replica.source.release(item);
      return;
    }
    if (!doneAt.has(idOf(item))) doneAt.set(idOf(item), replica.clock.now());
    await replica.source.settle(item, 'drained');
  };
  const takeMore = async (): Promise<void> => {
    for (;;) {
      for (; taken < replica.delivered.length; taken += 1) {
        const item = replica.delivered[taken] as Delivery | Cancellation;
        assert.ok(!underWay.has(idOf(item)), 'delivered again while it is worked for');
        underWay.add(idOf(item));
        void workFor(item);
      }
      await replica.clock.sleep(100);
    }
  };
  replica.start();
  void takeMore();
}

async function harshRun(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const clock = new FakeClock();
  await using aws = await FakeAws.start({ random }, { clock });
  const faults = [
    { kind: 'answer', code: 503 },
    { kind: 'drop-before' },
    { kind: 'drop-after' },
    { kind: 'truncate' },
    { kind: 'delay', ms: 15_000 },
  ] as const;
  for (const effect of faults) aws.faults.add(effect, { when: () => random() < 0.04 });
  // By message: the interruptions of which the work has to be done before it may be deleted.
  const asked = new Map<string, readonly string[]>();
  const send = (body: object): void => {
    const id = aws.sqs.queue.send(body, { delayMs: random() * 30_000 });
    const reading = readMessage(JSON.stringify(body), id, { seenAt: clock.now(), toLocal: (at) => at });
    assert.ok(reading.type === 'signals');
    asked.set(
      id,
      reading.signals.map((it) => (it.type === 'interruption' ? it.interruption.id : it.interruptionId)),
    );
  };
  for (let index = 0; index < 20; index += 1) send(spotWarning(`i-a${index}`));
  for (let index = 0; index < 10; index += 1) {
    aws.autoScaling.wait({ group: 'nodes', name: 'drain', token: `t${index}`, instanceId: `i-b${index}` });
    send(terminateAction(`i-b${index}`, `t${index}`));
  }
  for (let index = 0; index < 5; index += 1) {
    const eventArn = `arn:aws:health:eu-central-1::event/EC2/${index}`;
    send(healthEvent([`i-c${index}`, `i-d${index}`, `i-e${index}`], { eventArn }));
  }
  const doneAt = new Map<string, number>();
  const options = { clock, aws };
  await using first = await runningSource(options);
  await using second = await runningSource(options);
  work(first, random, doneAt);
  work(second, random, doneAt);
  await clock.advance(45_000);
  first.source.close();
  await using third = await runningSource(options);
  work(third, random, doneAt);
  await clock.advanceUntil(() => aws.sqs.queue.size === 0, { stepMs: 1000, maxMs: 3_600_000 });

  assert.equal(aws.sqs.queue.deleted.length, asked.size);
  for (const { id, at } of aws.sqs.queue.deleted) {
    for (const interruptionId of asked.get(id) ?? []) {
      assert.ok((doneAt.get(interruptionId) ?? Infinity) <= at, 'deleted before its work was done');
    }
  }
  assert.ok(aws.autoScaling.hooks.every(({ state }) => state === 'continued'));
}

for (const seed of [1, 2]) {
  test(`nothing is lost or settled early, however harsh queue and network are (seed ${seed})`, async () => {
    await harshRun(seed);
  });
}
