import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditEvent } from '../parts/audit-log.ts';
import { hasCondition, type Pod } from '../parts/objects.ts';
import { inSeconds, tellFigures } from './figures.ts';
import { assertMarkedOnce } from './marks.ts';
import type { NodeUnderTest } from './node-under-test.ts';
import { PodHistory, type PodLife } from './pod-history.ts';
import type { RunningDaemon } from './running-daemon.ts';
import { seededRandom } from './seeded-random.ts';
import { TestCluster } from './test-cluster.ts';

const NODES = 5;
const KILLS_PER_NODE = 4;
/** Of a kill, counted from the daemon's first look at the metadata service: half of them early, when most happens. */
const LATEST_MS = [500, 3_000];
/** By then the API server is through with what the last kill left behind. */
const SETTLED_MS = 500;
const ENV = { TAINT_NODE: 'true', LOG_LEVEL: 'debug' };
const ASKED = 'Pod asked to leave';
const DRAINED = 'Node successfully cordoned and drained';
/** Pods that end in a second, behind a budget of their own until the last kill: no kill comes after the drain. */
const HELD = 'held';
const PLAIN = 8;
const WEB = 4;
const DATABASES = 2;

type Moment = 'before the mark' | 'before an eviction' | 'between evictions';

const shared = TestCluster.forThisFile();

test(`killed ${NODES * KILLS_PER_NODE} times in the midst of drains, each drain ends and nothing is done twice`, async (t) => {
  const seed = Number(process.env['E2E_SEED'] ?? Date.now() % 1_000_000);
  const random = seededRandom(seed);
  console.log(`E2E_SEED=${seed} repeats these kills`);
  const nodes = await Promise.all(
    Array.from({ length: NODES }, (_, number) => shared.node(t, { name: `killed-${number}` })),
  );
  const startedMs = performance.now();
  const drains = await Promise.all(
    nodes.map(async (node) => {
      const kills = Array.from(
        { length: KILLS_PER_NODE },
        (_, kill) => (LATEST_MS[kill % 2] ?? 0) * random(),
      );
      return drainWithKills(node, kills);
    }),
  );
  const moments = Map.groupBy(
    drains.flatMap(({ killed }) => killed),
    (moment) => moment,
  );
  tellFigures(`${NODES * KILLS_PER_NODE} x kill -9`, [
    ...[...moments].map(([moment, kills]) => `${kills.length} ${moment}`),
    `${drains.reduce((sum, { unheard }) => sum + unheard, 0)} pods asked by requests that were killed`,
    `${drains.reduce((sum, { repeated }) => sum + repeated, 0)} asked again`,
    `${drains.filter(({ spent }) => spent).length} budgets spent by killed requests`,
    `all ${NODES} nodes drained after ${inSeconds(performance.now() - startedMs)}`,
    `seed ${seed}`,
  ]);
});

async function drainWithKills(node: NodeUnderTest, killsMs: readonly number[]) {
  const original = await runWorkloads(node);
  await node.createSpare();
  const history = await PodHistory.of(shared.cluster, node.name);
  const metadata = await node.startMetadata();
  const killed: Moment[] = [];
  for (const afterMs of killsMs) {
    const daemon = await node.startDaemon({ metadata, env: ENV });
    await daemon.says('Started monitoring for events');
    await sleep(afterMs);
    assert.equal(daemon.count(DRAINED), 0, 'the kill comes before the end');
    await daemon.stop('SIGKILL');
    killed.push(momentOf(daemon));
  }
  await sleep(SETTLED_MS);
  const spent = await node.workloads.giveBackSpentBudget('web');
  await node.workloads.unguard(HELD);
  const daemon = await node.startDaemon({ metadata, env: ENV });
  await daemon.says(DRAINED, 110_000);
  assert.deepEqual(await node.podsNow(), []);
  await assertMarkedOnce(node);

  const lives = await history.stop();
  assertNothingDoneTwice(node, lives, original);
  return { killed, ...countRequests(await node.calls(), original), spent };
}

/** A request whose client is killed is written down as a 504, and carried out all the same or not. */
function countRequests(calls: readonly AuditEvent[], original: readonly Pod[]) {
  const granted = calls.filter(
    ({ verb, resource, subresource, statusCode }) =>
      statusCode < 300 && resource === 'pods' && (subresource === 'eviction' || verb === 'delete'),
  );
  const heard = new Set(granted.map(({ name }) => name));
  return { unheard: original.length - heard.size, repeated: granted.length - heard.size };
}

/** Of all kinds that matter: some that are guarded and replaced, some replaced under the same name, some by nobody. */
async function runWorkloads(node: NodeUnderTest): Promise<readonly Pod[]> {
  await node.runPods({ count: PLAIN, endsAfterSeconds: 4 });
  await node.runPods({ count: 1, name: HELD, labels: { app: HELD }, endsAfterSeconds: 1 });
  await node.workloads.guard(HELD, { minAvailable: 1 });
  await node.workloads.guard('web', { maxUnavailable: 1 });
  await node.workloads.run('deployments', 'web', {
    spec: { replicas: WEB },
    readyAfterSeconds: 1,
    endsAfterSeconds: 2,
  });
  await node.workloads.run('statefulsets', 'database', {
    spec: { replicas: DATABASES, serviceName: 'database', podManagementPolicy: 'Parallel' },
    endsAfterSeconds: 2,
  });
  const all = PLAIN + 1 + WEB + DATABASES;
  const areReady = (pods: Pod[]): boolean => pods.filter((pod) => hasCondition(pod, 'Ready')).length === all;
  return node.pods(areReady, `${all} pods are Ready on ${node.name}`);
}

function momentOf(daemon: RunningDaemon): Moment {
  if (daemon.count('Node marked') === 0) return 'before the mark';
  return daemon.count(ASKED) === 0 ? 'before an eviction' : 'between evictions';
}

/** Pods of this node were asked once and are gone; those that came in their place elsewhere were never asked. */
function assertNothingDoneTwice(
  node: NodeUnderTest,
  lives: readonly PodLife[],
  original: readonly Pod[],
): void {
  const uids = new Set(original.map(({ metadata }) => metadata.uid));
  const asked = lives.filter(({ uid }) => uids.has(uid));
  assert.equal(asked.length, original.length);
  assert.deepEqual(
    asked.filter(({ isGone, deletions }) => !isGone || deletions.size !== 1),
    [],
  );
  const successors = lives.filter(({ uid }) => !uids.has(uid));
  assert.equal(successors.length, WEB + DATABASES);
  assert.deepEqual(
    successors.filter((pod) => pod.node === node.name || pod.isGone || pod.deletions.size > 0),
    [],
  );
}
