import { test } from 'node:test';
import { seededRandom } from '../e2e/seeded-random.ts';
import { FleetWorld } from './fleet/fleet-world.ts';

const seedsInAll = Number(process.env['CHAOS_SEEDS'] ?? 1);
const chaosMs = 300_000;
/** Afterwards everything works again. */
const longestRunMs = 3_600_000;
const quietSlotMs = 15_000;
const nthRetentionMs = 300_000;

/** One request to SQS in five fails, in one way or another; the others of AWS, one in twenty. */
function disturbAws({ aws, clock }: FleetWorld, random: () => number): void {
  const until = clock.now() + chaosMs;
  const effects = [
    { kind: 'answer', code: 500 },
    { kind: 'answer', code: 503 },
    { kind: 'hang' },
    { kind: 'drop-before' },
    { kind: 'drop-after' },
    { kind: 'truncate' },
    { kind: 'delay', ms: 15_000 },
  ] as const;
  for (const effect of effects) {
    aws.faults.add(effect, {
      when: ({ input }) => {
        const share = 'QueueUrl' in input ? 0.2 : 0.05;
        return clock.now() < until && random() < share / effects.length;
      },
    });
  }
}

/** It goes away for some seconds now and then, and fails in between. */
async function disturbApiServer({ api, clock }: FleetWorld, random: () => number): Promise<void> {
  const until = clock.now() + chaosMs;
  const effects = [
    { kind: 'answer', code: 500 },
    { kind: 'drop-before' },
    { kind: 'drop-after' },
    { kind: 'delay', ms: 2_000 },
  ] as const;
  for (const effect of effects) {
    api.faults.add(effect, { when: () => clock.now() < until && random() < 0.02 });
  }
  while (clock.now() < until) {
    await clock.sleep(random() * quietSlotMs * 4, api.cluster.timers.stopping);
    await api.goAway();
    await clock.sleep(random() * quietSlotMs, api.cluster.timers.stopping);
    await api.restart();
  }
}

/** Messages of which somebody else has a newer receipt. */
async function takeReceipts(
  { api, aws, clock }: FleetWorld,
  random: () => number,
  ids: readonly string[],
): Promise<void> {
  for (const id of ids) {
    await clock.sleep(random() * 5_000, api.cluster.timers.stopping);
    aws.sqs.queue.giveToAnother(id, 2_000);
  }
}

async function chaos(seed: number, retentionMs: number | undefined): Promise<string> {
  const random = seededRandom(seed);
  await using world = await FleetWorld.create({
    nodes: 40,
    random,
    longestShutdownMs: 30_000,
    // Longer than the queue keeps messages.
    held: { oneIn: 8, longestMs: 900_000 },
    env: { WORKERS: '5' },
    queue: { random, ...(retentionMs !== undefined && { retentionMs }) },
  });
  const { aws, clock, ledger, replicas } = world;
  await replicas.start();
  await replicas.start();
  world.interruptAll(60_000);
  disturbAws(world, random);
  disturbApiServer(world, random).catch(() => {});
  takeReceipts(world, random, ledger.messageIds).catch(() => {});
  const beganAt = clock.now();
  await clock.advance(chaosMs);
  while (!ledger.isDone && clock.now() - beganAt < longestRunMs) await clock.advance(1_000);
  ledger.assertNothingLostOrEarly({ mayExpire: retentionMs !== undefined });
  const received = aws.count('ReceiveMessage');
  return `seed ${seed}: ${received} receive calls, ${aws.requests.length} of AWS, done after ${(clock.now() - beganAt) / 1000} s`;
}

for (let seed = 1; seed <= seedsInAll; seed += 1) {
  // Every other queue keeps its messages for as long as NTH's documentation has it.
  const retentionMs = seed % 2 === 1 ? nthRetentionMs : undefined;
  const queue = retentionMs === undefined ? 'a queue' : 'a queue that soon drops messages';
  test(`five minutes of ${queue}, a network and an API server that fail: nothing is lost or settled early (seed ${seed})`, async (t) => {
    t.diagnostic(await chaos(seed, retentionMs));
  });
}
