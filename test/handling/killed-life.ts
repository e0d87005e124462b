import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { nodes } from '../fakes/api-server/resources.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { nodeName as node, startDaemon, type RunningDaemon } from '../daemon/running-daemon.ts';

const periods = {
  spot: 'NTH_SPOT_POLL_INTERVAL_MS',
  maintenance: 'NTH_MAINTENANCE_POLL_INTERVAL_MS',
  group: 'NTH_TARGET_LIFECYCLE_POLL_INTERVAL_MS',
  rebalance: 'NTH_REBALANCE_POLL_INTERVAL_MS',
};

/** What happens to a machine, whoever is there to see it. */
export interface Life {
  readonly env?: Readonly<Record<string, string>>;
  readonly signals: readonly (keyof typeof periods)[];
  readonly cluster: (api: FakeApiServer) => void;
  readonly script: readonly { readonly atMs: number; readonly happens: (machine: Machine) => unknown }[];
  /** Nobody is killed later. */
  readonly killsUntilMs: number;
  /** Long enough for the work to be done once more. */
  readonly lastsMs: number;
}

export interface Machine extends Pick<RunningDaemon, 'api' | 'clock' | 'imds'> {
  /** Every process of it ends, and it is up again after so long. */
  readonly reboot: (downMs: number) => Promise<void>;
}

/** What others have put on the node before. */
interface Theirs {
  readonly cordon: boolean;
  readonly taints: boolean;
  readonly labels: boolean;
}

/** A process that is killed in the middle of something, and the next one's start. */
interface Kill {
  /** Of which it is the end: its n-th request, before or after the server has done the work, or an instant. */
  readonly by: 'request' | 'answer' | 'poll' | 'instant';
  /** As a part of all that there are in a life that nobody disturbs. */
  readonly at: number;
  readonly downMs: number;
}

const stepMs = 1_000;
/** Somebody else writes to the node as well. */
const latecomerAtMs = 4_000;
/** A signal that is no part of a life is looked for rarely. */
const rarePollMs = '60000';
const pollMs = '2000';
const killsPerLife = Number(process.env['KILLS_PER_LIFE'] ?? 4);

const theirMarks = fc.record({ cordon: fc.boolean(), taints: fc.boolean(), labels: fc.boolean() });
const kills = fc.record({
  by: fc.constantFrom<Kill['by'][]>('request', 'answer', 'poll', 'instant'),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  downMs: fc.integer({ min: 0, max: 5_000 }),
});

/**
 * Lives the life once without a kill, for each of what others may have put on the node, and then with kills at 50 random
 * points, each time with the same end. fast-check prints the seed of one that differs.
 */
export async function survivesKills(life: Life): Promise<void> {
  const undisturbed = new Map<string, Promise<Lived>>();
  let killed = 0;
  await fc.assert(
    fc.asyncProperty(theirMarks, kills, async (theirs, kill) => {
      const key = JSON.stringify(theirs);
      const expected = undisturbed.get(key) ?? live(life, theirs);
      undisturbed.set(key, expected);
      const { end, counts } = await expected;
      const lived = await live(life, theirs, { ...kill, of: counts });
      if (lived.wasKilled) killed += 1;
      assert.deepEqual(lived.end, end);
    }),
    { numRuns: killsPerLife },
  );
  // What is random in a drain moves the last requests, which then are never made.
  // A life may be over before its kill; of fifty, few are, while of four it may be half.
  const share = killsPerLife >= 50 ? 0.8 : 0.25;
  assert.ok(killed >= share * killsPerLife, `${killed} of ${killsPerLife} were killed`);
}

interface Counts {
  readonly requests: number;
  readonly polls: number;
  readonly ms: number;
}

interface Lived {
  /** How the node is at the end. */
  readonly end: unknown;
  readonly wasKilled: boolean;
  /** What there is of each until `killsUntilMs`. */
  readonly counts: Counts;
}

async function live(life: Life, theirs: Theirs, kill?: Kill & { readonly of: Counts }): Promise<Lived> {
  const folder = await mkdtemp(join(tmpdir(), 'nth-life-'));
  const uptimeFile = join(folder, 'uptime');
  await writeFile(uptimeFile, '86400.00 1.00\n');
  try {
    await using daemon = await startDaemon({
      cluster: (api) => {
        addNode(api, theirs);
        life.cluster(api);
      },
      env: {
        TAINT_NODE: 'true',
        EXCLUDE_FROM_LOAD_BALANCERS: 'true',
        UPTIME_FROM_FILE: uptimeFile,
        ...Object.fromEntries(
          Object.entries(periods).map(([signal, variable]) => [
            variable,
            life.signals.some((it) => it === signal) ? pollMs : rarePollMs,
          ]),
        ),
        ...life.env,
      },
    });
    const reaper = new Reaper(daemon);
    const machine: Machine = {
      ...daemon,
      reboot: async (downMs) => {
        reaper.kill();
        await writeFile(uptimeFile, '5.00 1.00\n');
        reaper.restartIn(downMs);
      },
    };
    if (kill) reaper.killAt(kill);
    const { api, clock, imds } = daemon;
    const script = [...life.script, { atMs: latecomerAtMs, happens: latecomer }];
    const beganAt = clock.now();
    while (clock.now() - beganAt < life.lastsMs) {
      const now = clock.now() - beganAt;
      for (const { atMs, happens } of script) if (atMs >= now && atMs < now + stepMs) await happens(machine);
      await clock.advance(stepMs);
      await reaper.restartIfDue();
    }
    assertTheirs(api, theirs);
    const until = beganAt + life.killsUntilMs;
    const isBefore = ({ at }: { readonly at: number }) => at < until;
    return {
      end: endOf(api),
      wasKilled: reaper.hasKilled,
      counts: {
        requests: api.requests.filter(isBefore).length,
        polls: imds.requests.filter(isBefore).length,
        ms: life.killsUntilMs,
      },
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Kills the daemon as SIGKILL does: nothing that it does from then on has an effect. */
class Reaper {
  readonly #daemon: RunningDaemon;
  #isDead = false;
  #hasKilled = false;
  #restartAt = Infinity;

  constructor(daemon: RunningDaemon) {
    this.#daemon = daemon;
    daemon.api.faults.add({ kind: 'drop-before' }, { when: () => this.#isDead });
    daemon.imds.faults.add({ kind: 'drop-before' }, { when: () => this.#isDead });
  }

  get hasKilled(): boolean {
    return this.#hasKilled;
  }

  /** Kills at the instant or request, and starts the next process. */
  killAt({ by, at, downMs, of }: Kill & { readonly of: Counts }): void {
    const { api, clock, imds } = this.#daemon;
    if (by === 'instant') {
      void clock.sleep(at * of.ms).then(() => this.#killFor(downMs));
      return;
    }
    let left = Math.floor(at * (by === 'poll' ? of.polls : of.requests));
    const isIt = () => {
      if (this.#isDead) return false;
      left -= 1;
      if (left !== -1) return false;
      this.#killFor(downMs);
      return true;
    };
    if (by === 'poll') imds.faults.add({ kind: 'drop-after' }, { when: isIt });
    else api.faults.add({ kind: by === 'answer' ? 'drop-after' : 'drop-before' }, { when: isIt });
  }

  kill(): void {
    this.#isDead = true;
    this.#daemon.stop();
    this.#daemon.kill();
  }

  restartIn(ms: number): void {
    this.#restartAt = this.#daemon.clock.now() + ms;
  }

  async restartIfDue(): Promise<void> {
    if (this.#daemon.clock.now() < this.#restartAt) return;
    this.#restartAt = Infinity;
    await this.#daemon.clock.advanceWhile(this.#daemon.ended);
    this.#isDead = false;
    await this.#daemon.startAgain();
  }

  #killFor(downMs: number): void {
    if (this.#isDead) return;
    this.#hasKilled = true;
    this.kill();
    this.restartIn(downMs);
  }
}

const theirTaints = [
  { key: 'example.com/gpu', effect: 'NoSchedule' },
  { key: 'aws-node-termination-handler/spot-itn', value: 'theirs', effect: 'PreferNoSchedule' },
];
const theirLabels = { team: 'shop', 'node.kubernetes.io/exclude-from-external-load-balancers': 'theirs' };
const lateTaint = { key: 'example.com/late', effect: 'NoSchedule' };

function addNode(api: FakeApiServer, theirs: Theirs): void {
  api.addNode({
    name: node,
    unschedulable: theirs.cordon,
    ...(theirs.taints && { taints: theirTaints }),
    ...(theirs.labels && { labels: theirLabels }),
  });
}

function latecomer({ api }: Machine): void {
  const { store } = api.cluster;
  const before = store.get(nodes, node);
  const { metadata, spec } = before;
  store.update(nodes, {
    ...before,
    metadata: { ...metadata, labels: { ...metadata.labels, late: 'theirs' } },
    spec: { ...spec, taints: [...(spec.taints ?? []), lateTaint] },
  });
}

function assertTheirs(api: FakeApiServer, theirs: Theirs): void {
  const { metadata, spec } = api.node(node);
  if (theirs.cordon) assert.equal(spec.unschedulable, true);
  const taints = spec.taints ?? [];
  for (const { key, ...taint } of [lateTaint, ...(theirs.taints ? theirTaints : [])]) {
    const found = taints.find((it) => it.key === key);
    assert.deepEqual({ value: undefined, ...taint }, { value: found?.value, effect: found?.effect }, key);
  }
  for (const [key, value] of Object.entries({ late: 'theirs', ...(theirs.labels && theirLabels) })) {
    assert.equal(metadata.labels?.[key], value, key);
  }
}

/** All but when it was done. */
function endOf(api: FakeApiServer) {
  const { metadata, spec } = api.node(node);
  const { 'aws-node-termination-handler/state': state, ...annotations } = metadata.annotations ?? {};
  const time = 'aws-node-termination-handler/action-time';
  return {
    cordon: spec.unschedulable === true,
    taints: (spec.taints ?? []).map(({ key, value, effect }) => `${key}=${value ?? ''}:${effect}`).toSorted(),
    labels: { ...metadata.labels, ...(metadata.labels?.[time] !== undefined && { [time]: 'some time' }) },
    annotations,
    state: state === undefined ? undefined : sorted(JSON.parse(state)),
    pods: api
      .pods()
      .map(({ metadata: { name }, spec: { nodeName } }) => `${name} on ${nodeName}`)
      .toSorted(),
  };
}

/** The order in which things came to be is no matter. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, sorted(field)]));
}
