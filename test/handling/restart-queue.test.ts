import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../e2e/seeded-random.ts';
import { FleetWorld } from './fleet/fleet-world.ts';

const nodesPerLife = 20;
const mostKillsPerLife = 10;
const killsInAll = Number(process.env['KILLS_PER_LIFE'] ?? 5);
const longestLifeMs = 3_600_000;

/**
 * Kills a replica at its n-th request from now on, before or after the server has done the work, or at an instant,
 * whichever comes first; then the next.
 */
function reap(
  { api, aws, clock, replicas, ledger }: FleetWorld,
  random: () => number,
  mostKills: number,
): { kills: number } {
  const reaper = { kills: 0 };
  let killAtMs = 0;
  let left = 0;
  let by = 0;
  const plan = (): void => {
    by = random();
    left = Math.floor(random() * 60);
    killAtMs = clock.now() + 1_000 + random() * 14_000;
  };
  const kill = (victim: string): void => {
    replicas.kill(victim, random() * 4_000);
    reaper.kills += 1;
    plan();
  };
  const isVictim = ({ userAgent }: { readonly userAgent: string }): boolean => {
    if (reaper.kills >= mostKills || !replicas.isRunning(userAgent) || ledger.inFlight === 0) return false;
    left -= 1;
    if (left >= 0) return false;
    kill(userAgent);
    return true;
  };
  for (const { faults } of [api, aws]) {
    faults.add({ kind: 'drop-before' }, { when: (request) => by < 0.5 && isVictim(request) });
    faults.add({ kind: 'drop-after' }, { when: (request) => by >= 0.5 && isVictim(request) });
  }
  const watch = async (): Promise<void> => {
    while (reaper.kills < mostKills) {
      await clock.sleep(100, api.cluster.timers.stopping);
      const [victim] = replicas.userAgents;
      if (clock.now() >= killAtMs && ledger.inFlight > 0 && victim !== undefined) kill(victim);
    }
  };
  plan();
  watch().catch(() => {});
  return reaper;
}

async function live(seed: number, replicaCount: number, mostKills: number): Promise<number> {
  const random = seededRandom(seed);
  await using world = await FleetWorld.create({
    nodes: nodesPerLife,
    random,
    longestShutdownMs: 25_000,
    held: { oneIn: 7, longestMs: 300_000 },
    queue: { random },
  });
  const { clock, ledger, replicas } = world;
  for (let count = 0; count < replicaCount; count += 1) await replicas.start();
  world.interruptAll(4_000);
  const reaper = reap(world, random, mostKills);
  const endsAt = clock.now() + longestLifeMs;
  while (!ledger.isDone && clock.now() < endsAt) {
    await clock.advance(500);
    await replicas.startDue();
  }
  ledger.assertNothingLostOrEarly();
  return reaper.kills;
}

for (const replicaCount of [1, 2]) {
  test(`killed at any point with ${nodesPerLife} nodes in hand, ${replicaCount} replica(s) drain all, and settle nothing early`, async (t) => {
    let kills = 0;
    for (let seed = 1; kills < killsInAll; seed += 1) {
      const killed = await live(
        seed * 10 + replicaCount,
        replicaCount,
        Math.min(mostKillsPerLife, killsInAll),
      );
      assert.ok(killed > 0, 'somebody was killed');
      kills += killed;
    }
    t.diagnostic(`${kills} kills`);
  });
}
