import { test } from 'node:test';
import { seededRandom } from '../e2e/seeded-random.ts';
import { nthRules } from '../fakes/api-server/access.ts';
import { FleetWorld } from './fleet/fleet-world.ts';

const seedsInAll = Number(process.env['CHAOS_SEEDS'] ?? 1);
const chaosMs = 300_000;
/** Afterwards everything works again. */
const longestRunMs = 3_600_000;
const quietSlotMs = 15_000;
const nthRetentionMs = 300_000;
const endsInChaos = 6;
/** Of the daemon's own pods, as Kubernetes has it by default. */
const graceMs = 30_000;

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

/** Replicas are killed, and up again soon, or replaced in order. */
async function endReplicas({ api, clock, replicas }: FleetWorld, random: () => number): Promise<void> {
  for (let ends = 0; ends < endsInChaos; ends += 1) {
    await clock.sleep((random() * 2 * chaosMs) / endsInChaos, api.cluster.timers.stopping);
    const { userAgents } = replicas;
    const victim = userAgents[Math.floor(random() * userAgents.length)];
    if (victim === undefined) continue;
    if (random() < 0.5) replicas.kill(victim, random() * 10_000);
    else await replicas.replace(victim, graceMs);
  }
}

interface Kind {
  readonly what: string;
  /** Of the queue. @default days */
  readonly retentionMs?: number;
  /** Of AWS and of Kubernetes. @default all that the documentation names */
  readonly hasNthRights?: true;
  /** Some maintenance is called off; a queue that drops messages would tell nobody. */
  readonly callsOff?: true;
}

const kinds: readonly Kind[] = [
  { what: 'a queue that soon drops messages', retentionMs: nthRetentionMs },
  { what: 'a queue, and maintenance that is called off', callsOff: true },
  { what: "a queue that soon drops messages, NTH's rights", retentionMs: nthRetentionMs, hasNthRights: true },
];

async function chaos(seed: number, { retentionMs, hasNthRights, callsOff }: Kind): Promise<string> {
  const random = seededRandom(seed);
  await using world = await FleetWorld.create({
    nodes: seedsInAll > 1 ? 40 : 20,
    random,
    longestShutdownMs: 30_000,
    // Longer than the queue keeps messages.
    held: { oneIn: 8, longestMs: 600_000 },
    env: { WORKERS: '5' },
    queue: { random, ...(retentionMs !== undefined && { retentionMs }) },
  });
  const { api, aws, clock, ledger, replicas } = world;
  if (hasNthRights) {
    aws.denied.add('ChangeMessageVisibilityBatch').add('RecordLifecycleActionHeartbeat');
    api.access.grant(api.adminToken, { name: 'nth', rules: nthRules });
  }
  await replicas.start();
  await replicas.start();
  world.interruptAll(60_000);
  for (const more of [1, 2]) {
    world.launch(100 + more);
    if (callsOff) world.callOff(200 + more);
  }
  disturbAws(world, random);
  const disturbances = [
    disturbApiServer(world, random),
    takeReceipts(world, random, ledger.messageIds),
    endReplicas(world, random),
  ];
  for (const disturbance of disturbances) disturbance.catch(() => {});
  const beganAt = clock.now();
  const elapsedMs = (): number => clock.now() - beganAt;
  while (elapsedMs() < chaosMs || (!ledger.isDone && elapsedMs() < longestRunMs)) {
    await clock.advance(1_000);
    await replicas.startDue();
  }
  ledger.assertNothingLostOrEarly({ mayExpire: retentionMs !== undefined });
  const received = aws.count('ReceiveMessage');
  return `${received} receive calls, ${aws.requests.length} of AWS, ${api.requests.length} of Kubernetes, done after ${elapsedMs() / 1000} s`;
}

for (let seed = 1; seed <= seedsInAll; seed += 1) {
  const kind = kinds[(seed - 1) % kinds.length] as Kind;
  test(`five minutes of chaos (${kind.what}): nothing is lost or settled early (seed ${seed})`, async (t) => {
    t.diagnostic(await chaos(seed, kind));
  });
}
