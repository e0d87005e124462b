import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nthRules } from '../fakes/api-server/access.ts';
import { budgets, pods, volumeAttachments } from '../fakes/api-server/resources.ts';
import type { PodSeed } from '../fakes/api-server/seeds.ts';
import type { FakeApiServer } from '../fakes/api-server.ts';
import { scheduleMaintenance } from './maintenance.ts';
import {
  drainedText,
  evictions,
  nodeName as node,
  notDrainedText,
  startDaemon,
  untilDrained,
  untilSaid,
  type Given,
  type RunningDaemon,
} from './running-daemon.ts';

/** Seconds from the notice to the machine's end, and what is kept between the end of the last pod and that. */
const noticeSeconds = 120;
const marginSeconds = 5;
/** What a request may lose to rounding, for grace periods are whole seconds. */
const roundingSeconds = 1;
const pastBudget = 'Pod deleted past its disruption budget, for the machine is about to end';

function add(api: FakeApiServer, name: string, seed: Partial<PodSeed> = {}): void {
  api.addPod({ name, node, owner: `ReplicaSet/${name}`, labels: { app: name }, ...seed });
}

/** Its budget never lets it go. */
function addHeld(api: FakeApiServer, name: string, seed: Partial<PodSeed> = {}): void {
  add(api, name, seed);
  api.addBudget({ name, matchLabels: { app: name }, minAvailable: 1 });
}

function cluster(fill: (api: FakeApiServer) => void): NonNullable<Given['cluster']> {
  return (api) => {
    api.addNode({ name: node });
    fill(api);
  };
}

/** The daemon at the instant at which it has taken the notice, and what it asked since. */
async function noticed(given: Given) {
  const daemon = await startDaemon(given);
  const { api, clock, imds } = daemon;
  imds.interrupt('terminate', noticeSeconds * 1000);
  const noticedAt = clock.now();
  const secondsOf = ({ at }: { readonly at: number }) => (at - noticedAt) / 1000;
  const deletions = (name?: string) =>
    api.requests.filter((request) => {
      const isDeletion = request.verb === 'delete' && request.resource === 'pods';
      return isDeletion && (name === undefined || request.name === name);
    });
  return {
    daemon,
    deletions,
    /** Seconds from the notice, of evictions that were granted and of deletions. */
    askedAfter: (name: string) =>
      [...evictions(api, name).filter(({ code }) => code === 201), ...deletions(name)].map(secondsOf),
    graces: (name: string) => [...evictions(api, name), ...deletions(name)].map(({ body }) => graceOf(body)),
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}

/** What a request names; undefined: the pod's own. */
function graceOf(body: string): number | undefined {
  const { deleteOptions, gracePeriodSeconds } = JSON.parse(body) as {
    deleteOptions?: { gracePeriodSeconds?: number };
    gracePeriodSeconds?: number;
  };
  return deleteOptions?.gracePeriodSeconds ?? gracePeriodSeconds;
}

function outcomes(daemon: RunningDaemon): unknown {
  return [...daemon.said(drainedText), ...daemon.said(notDrainedText)][0]?.['pods'];
}

test('evict-then-delete: a held pod is deleted at its latest instant, with its whole grace, and told', async () => {
  await using it = await noticed({
    cluster: cluster((api) => {
      add(api, 'free');
      addHeld(api, 'held', { graceSeconds: 30, shutdownMs: 29_000 });
    }),
  });
  const { daemon } = it;
  await untilDrained(daemon);
  const [askedAfter = 0] = it.askedAfter('held');
  const latest = noticeSeconds - marginSeconds - roundingSeconds - 30;
  assert.ok(askedAfter >= latest && askedAfter <= latest + 0.1, `asked after ${askedAfter} s`);
  assert.deepEqual([...new Set(it.graces('held'))], [undefined], 'its own grace');
  assert.ok((it.askedAfter('free')[0] ?? Infinity) < 2);
  assert.deepEqual(
    daemon.said(pastBudget).map(({ level, pod }) => [level, pod]),
    [['warn', 'default/held']],
  );
  assert.deepEqual(outcomes(daemon), { evicted: 1, deleted: 1 });
  assert.equal((await daemon.metrics()).get('nth_pods_total{outcome="deleted"}'), 1);
});

test('evict: a held pod is asked on with what is left of its grace, and never deleted', async () => {
  await using it = await noticed({
    cluster: cluster((api) => addHeld(api, 'held', { graceSeconds: 30 })),
    env: { NTH_DRAIN_ESCALATION: 'evict' },
  });
  const { daemon } = it;
  await untilSaid(daemon, notDrainedText);
  assert.deepEqual(it.deletions(), []);
  const graces = it.graces('held').filter((grace) => grace !== undefined);
  assert.ok(graces.length >= 5);
  assert.deepEqual(
    graces,
    graces.toSorted((a, b) => b - a),
    'less and less',
  );
  assert.ok((graces[0] ?? Infinity) <= 30 && graces.at(-1) === 1);
  assert.ok(daemon.api.pod('held'));
});

test('delete: every pod is deleted from the start', async () => {
  await using it = await noticed({
    cluster: cluster((api) => {
      add(api, 'free');
      addHeld(api, 'held');
    }),
    env: { NTH_DRAIN_ESCALATION: 'delete' },
  });
  await untilDrained(it.daemon);
  assert.deepEqual(evictions(it.daemon.api), []);
  assert.deepEqual(
    it
      .deletions()
      .map(({ name }) => name)
      .toSorted(),
    ['free', 'held'],
  );
  assert.ok((it.askedAfter('held')[0] ?? Infinity) < 2);
});

test('a pod that needs longer than the notice gives is asked first, and cut to what fits', async () => {
  await using it = await noticed({
    cluster: cluster((api) => {
      add(api, 'a-quick');
      add(api, 'long', { graceSeconds: 300, shutdownMs: 300_000 });
      addHeld(api, 'long-and-held', { graceSeconds: 300, shutdownMs: 300_000 });
    }),
  });
  const { daemon } = it;
  await untilDrained(daemon);
  const [first] = evictions(daemon.api);
  assert.match(first?.name ?? '', /^long/);
  for (const name of ['long', 'long-and-held']) {
    const grace = it.graces(name).at(-1) ?? 0;
    const [askedAfter = 0] = it.askedAfter(name);
    assert.ok(askedAfter < 2, 'at once');
    assert.equal(grace, Math.floor(noticeSeconds - marginSeconds - askedAfter));
  }
  const told = daemon.said('Grace periods are cut, for they do not fit before the deadline');
  assert.deepEqual(
    told.map(({ pods: count, longest_seconds: longest }) => [count, longest]),
    [[2, 300]],
  );
  assert.deepEqual(outcomes(daemon), { evicted: 1, clamped: 1, deleted: 1 });
  assert.ok(Number(daemon.said(drainedText)[0]?.['seconds_to_spare']) >= marginSeconds - 1);
});

test('a pod whose budget makes room before its latest instant is evicted, never deleted', async () => {
  await using it = await noticed({ cluster: cluster((api) => addHeld(api, 'held', { graceSeconds: 10 })) });
  const { api, clock } = it.daemon;
  await clock.advance(102_000);
  assert.ok(evictions(api, 'held').length > 5);
  api.addPod({ name: 'spare', node: 'node-b', owner: 'ReplicaSet/held', labels: { app: 'held' } });
  await untilDrained(it.daemon);
  assert.deepEqual(it.deletions(), []);
  assert.deepEqual(outcomes(it.daemon), { evicted: 1 });
});

const withoutEnd: Readonly<Record<string, (daemon: RunningDaemon) => void>> = {
  'a rebalance recommendation': ({ imds }) => imds.recommendRebalance(),
  'a termination by the group': ({ imds }) => imds.set('autoscaling/target-lifecycle-state', 'Terminated'),
  'maintenance before its start': ({ clock, imds }) =>
    scheduleMaintenance(imds, { notBefore: clock.now() + 100_000 }),
};
for (const [name, happens] of Object.entries(withoutEnd)) {
  for (const escalation of ['evict-then-delete', 'delete']) {
    test(`${name} is not the machine's end: with ${escalation} too, budgets are respected`, async () => {
      await using daemon = await startDaemon({
        cluster: cluster((api) => {
          add(api, 'free');
          addHeld(api, 'held');
        }),
        env: {
          NTH_DRAIN_ESCALATION: escalation,
          NTH_SCHEDULED_EVENT_TIMING: 'before-start',
          ENABLE_REBALANCE_DRAINING: 'true',
          ENABLE_ASG_LIFECYCLE_DRAINING: 'true',
        },
      });
      const { api } = daemon;
      happens(daemon);
      await untilSaid(daemon, notDrainedText);
      assert.ok(api.pod('held'));
      assert.equal(api.pod('free'), undefined);
      assert.ok(api.requests.every(({ verb }) => verb !== 'delete'));
      assert.match(String(daemon.said(notDrainedText)[0]?.['next']), /tried again/);
    });
  }
}

function addTiers(api: FakeApiServer, shutdownMs: number): void {
  const common = { shutdownMs, graceSeconds: 10 };
  add(api, 'a-critical', { ...common, priorityClassName: 'system-cluster-critical' });
  add(api, 'b-agent', { ...common, owner: 'DaemonSet/agent', ownerGone: true });
  add(api, 'c-last', { ...common, annotations: { 'aws-node-termination-handler/drain': 'last' } });
  add(api, 'd-ordinary', common);
}

test('ordinary pods go first, then the last, those of DaemonSets, and the critical ones', async () => {
  await using it = await noticed({ cluster: cluster((api) => addTiers(api, 6_000)) });
  await untilDrained(it.daemon);
  const order = ['d-ordinary', 'c-last', 'b-agent', 'a-critical'];
  assert.deepEqual(
    evictions(it.daemon.api).map(({ name }) => name),
    order,
  );
  const instants = order.map((name) => it.askedAfter(name)[0] ?? Number.NaN);
  for (const [index, instant] of instants.entries()) {
    assert.ok(index === 0 || instant - (instants[index - 1] ?? 0) > 5.9, instants.join(', '));
  }
});

test('a tier whose latest instant has come does not wait for the one before', async () => {
  await using it = await noticed({
    cluster: cluster((api) => {
      addHeld(api, 'held', { graceSeconds: 5 });
      add(api, 'critical', { graceSeconds: 60, priorityClassName: 'system-node-critical' });
    }),
  });
  await untilDrained(it.daemon);
  assert.ok(
    Math.abs((it.askedAfter('critical')[0] ?? 0) - (noticeSeconds - marginSeconds - roundingSeconds - 60)) <
      0.1,
  );
  assert.ok(
    Math.abs((it.askedAfter('held')[0] ?? 0) - (noticeSeconds - marginSeconds - roundingSeconds - 5)) < 0.1,
  );
});

test('too little time for one tier after the other: all at once', async () => {
  await using it = await noticed({
    cluster: cluster((api) => {
      add(api, 'ordinary', { graceSeconds: 70 });
      add(api, 'critical', { graceSeconds: 60, priorityClassName: 'system-node-critical' });
    }),
  });
  await untilDrained(it.daemon);
  assert.ok((it.askedAfter('critical')[0] ?? Infinity) < 2);
});

const drainAnnotation = 'aws-node-termination-handler/drain';

test('"skip" stays on a node that counts as drained', async () => {
  await using it = await noticed({
    cluster: cluster((api) => {
      add(api, 'free');
      add(api, 'skipped', { annotations: { [drainAnnotation]: 'skip' } });
    }),
  });
  await untilDrained(it.daemon);
  assert.deepEqual(
    it.daemon.api.pods(node).map(({ metadata }) => metadata.name),
    ['skipped'],
  );
  assert.equal(it.daemon.api.node(node).spec.unschedulable, true);
});

test('"wait" runs until it has finished, or until its latest instant', async () => {
  const annotations = { [drainAnnotation]: 'wait' };
  await using it = await noticed({
    cluster: cluster((api) => {
      add(api, 'endless', { owner: 'Job/endless', graceSeconds: 20, annotations });
      add(api, 'finishing', { owner: 'Job/finishing', graceSeconds: 20, annotations });
    }),
  });
  const { api, clock } = it.daemon;
  await clock.advance(60_000);
  assert.deepEqual(evictions(api), []);
  const finishing = api.pod('finishing') ?? assert.fail();
  api.cluster.store.update(pods, { ...finishing, status: { ...finishing.status, phase: 'Succeeded' } });
  await untilDrained(it.daemon);
  assert.ok((it.askedAfter('finishing')[0] ?? 0) < 61);
  const [askedAfter = 0] = it.askedAfter('endless');
  assert.ok(
    Math.abs(askedAfter - (noticeSeconds - marginSeconds - roundingSeconds - 20)) < 0.1,
    `after ${askedAfter} s`,
  );
});

test("a pod's own grace for drains beats everything else", async () => {
  await using it = await noticed({
    cluster: cluster((api) => {
      addHeld(api, 'held', {
        graceSeconds: 30,
        annotations: { 'aws-node-termination-handler/grace-period-seconds': '50' },
      });
    }),
    env: { POD_TERMINATION_GRACE_PERIOD: '10' },
  });
  await untilDrained(it.daemon);
  assert.ok(
    Math.abs((it.askedAfter('held')[0] ?? 0) - (noticeSeconds - marginSeconds - roundingSeconds - 50)) < 0.1,
  );
  assert.equal(it.graces('held').at(-1), 50);
});

for (const isHonoured of [false, true]) {
  test(`do-not-disrupt is ${isHonoured ? 'honoured while the deadline allows' : 'not honoured unless asked for'}`, async () => {
    await using it = await noticed({
      cluster: cluster((api) => {
        add(api, 'safe', { annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' } });
        add(api, 'calm', { annotations: { 'karpenter.sh/do-not-disrupt': 'true' } });
      }),
      env: { NTH_HONOR_DO_NOT_DISRUPT: String(isHonoured) },
    });
    await untilDrained(it.daemon);
    const expected = isHonoured ? noticeSeconds - marginSeconds - roundingSeconds - 30 : 1;
    for (const name of ['safe', 'calm']) {
      assert.ok(Math.abs((it.askedAfter(name)[0] ?? 0) - expected) <= 1, it.askedAfter(name).join());
    }
  });
}

function withVolume(api: FakeApiServer): void {
  add(api, 'db-0', { owner: 'StatefulSet/db', claims: ['data-db-0'] });
  api.cluster.seeding.volumeAttachment('csi-1', node, 'pv-1');
}

test('volumes are waited for after the last pod', async () => {
  await using it = await noticed({ cluster: cluster(withVolume) });
  const { api, clock } = it.daemon;
  await clock.advance(30_000);
  assert.equal(api.pod('db-0'), undefined);
  assert.deepEqual(it.daemon.said(drainedText), []);
  api.cluster.store.remove(volumeAttachments, api.cluster.store.get(volumeAttachments, 'csi-1'));
  await clock.advance(2_000);
  assert.equal(it.daemon.said(drainedText)[0]?.['volumes_attached'], 0);
});

test('volumes that stay attached are given up a margin before the deadline, and told', async () => {
  await using it = await noticed({
    cluster: cluster(withVolume),
    env: { ENABLE_OUT_OF_SERVICE_TAINT: 'true' },
  });
  const { daemon } = it;
  const startedAt = daemon.clock.now();
  await untilDrained(daemon);
  const tookMs = daemon.clock.now() - startedAt;
  const waitedMs = (noticeSeconds - marginSeconds) * 1000;
  assert.ok(tookMs >= waitedMs && tookMs < waitedMs + 2_000, `${tookMs} ms`);
  const [drained] = daemon.said(drainedText);
  assert.equal(drained?.['volumes_attached'], 1);
  assert.ok(Number(drained['seconds_to_spare']) > 110, 'since its last pod has left');
  const outOfService = (): boolean =>
    daemon.api.node(node).spec.taints?.some(({ key }) => key === 'node.kubernetes.io/out-of-service') ===
    true;
  await daemon.clock.advanceUntil(outOfService);
  assert.ok(daemon.clock.now() - startedAt < (noticeSeconds - 2) * 1000, 'while there is power');
});

test('a DaemonSet that a server in trouble can not tell of is asked for again, and its orphan leaves', async () => {
  await using it = await noticed({
    cluster: cluster((api) => {
      add(api, 'orphan', { owner: 'DaemonSet/agent', ownerGone: true });
      api.faults.add(
        { kind: 'answer', code: 503 },
        { when: ({ resource }) => resource === 'daemonsets', times: 2 },
      );
    }),
  });
  await untilDrained(it.daemon);
  assert.equal(it.daemon.api.pod('orphan'), undefined);
  assert.deepEqual(it.daemon.said(drainedText)[0]?.['pods'], { evicted: 1 });
});

test('a DaemonSet that can not be looked up makes no drain fail whose pods have left', async () => {
  await using it = await noticed({
    cluster: cluster((api) => {
      add(api, 'agent', { owner: 'DaemonSet/agent' });
      add(api, 'web');
      api.faults.add({ kind: 'hang' }, { when: ({ resource }) => resource === 'daemonsets' });
    }),
  });
  await untilDrained(it.daemon);
  assert.ok(Number(it.daemon.said(drainedText)[0]?.['seconds']) <= 41);
});

test('a pod that is deleted for want of an answer is not said to be past a budget', async () => {
  await using it = await noticed({
    cluster: cluster((api) => add(api, 'web')),
    env: { NTH_DRAIN_ESCALATION: 'delete', EMIT_KUBERNETES_EVENTS: 'true' },
  });
  const { daemon } = it;
  await untilDrained(daemon);
  assert.deepEqual(daemon.said(pastBudget), []);
  assert.equal(daemon.said('Pod deleted instead of evicted, for the machine is about to end').length, 1);
});

test('with wait-for-volume-detach off nobody asks for volumes', async () => {
  await using it = await noticed({
    cluster: cluster(withVolume),
    env: { NTH_WAIT_FOR_VOLUME_DETACH: 'false' },
  });
  await untilDrained(it.daemon);
  assert.ok(it.daemon.api.requests.every(({ resource }) => resource !== 'volumeattachments'));
});

test('a pod that its budget has counted as disrupted already is deleted at once, and not as a breach', async () => {
  await using it = await noticed({
    cluster: cluster((api) => {
      addHeld(api, 'held');
      const budget = api.budget('held');
      const countedAt = new Date('2030-01-01T00:00:00Z').toISOString();
      api.cluster.store.update(budgets, {
        ...budget,
        status: { ...budget.status, disruptedPods: { held: countedAt } },
      });
    }),
  });
  await untilDrained(it.daemon);
  assert.equal(it.deletions('held').length, 1);
  assert.ok((it.askedAfter('held')[0] ?? Infinity) < 10);
  assert.deepEqual(it.daemon.said(pastBudget), []);
});

test('without the right to delete it goes on evicting, and says so once', async () => {
  await using it = await noticed({
    kubeconfig: (api) => {
      api.access.grant('nth', { name: 'nth', rules: nthRules });
      return api.kubeconfig('nth');
    },
    cluster: cluster((api) => {
      addHeld(api, 'one');
      addHeld(api, 'two');
    }),
  });
  const { daemon } = it;
  await untilSaid(daemon, notDrainedText);
  const said = daemon.log.filter(({ message }) => message.startsWith('Not allowed to delete pods'));
  assert.equal(said.length, 1);
  for (const name of ['one', 'two']) {
    const firstAt = it.deletions(name)[0]?.at ?? Infinity;
    const since = evictions(daemon.api, name).filter(({ at }) => at > firstAt);
    // For a second, which is for rounding, there is time for the whole of its grace period.
    const late = since.filter(({ at }) => at > firstAt + 1_000);
    assert.ok(late.length > 3 && late.every(({ body }) => graceOf(body) !== undefined));
    assert.ok(it.deletions(name).length <= since.length + 1, 'by turns');
    assert.ok(daemon.api.pod(name));
  }
});

test('an earlier deadline that joins moves every latest instant, and cuts what shuts down already', async () => {
  await using daemon = await startDaemon({
    cluster: cluster((api) => {
      addHeld(api, 'held', { graceSeconds: 30 });
      add(api, 'slow', { graceSeconds: 3600, shutdownMs: 3_600_000 });
    }),
    env: { ENABLE_REBALANCE_DRAINING: 'true', NODE_TERMINATION_GRACE_PERIOD: '0' },
  });
  const { api, clock, imds } = daemon;
  imds.recommendRebalance();
  await untilSaid(daemon, 'Requesting instance drain');
  await clock.advance(120_000);
  assert.ok(api.pod('held') && api.pod('slow'), 'no deadline, no escalation');
  imds.interrupt();
  const noticedAt = clock.now();
  await untilDrained(daemon);
  const deletion = api.requests.find(({ verb, name }) => verb === 'delete' && name === 'held');
  const after = ((deletion?.at ?? 0) - noticedAt) / 1000;
  const latest = noticeSeconds - marginSeconds - roundingSeconds - 30;
  assert.ok(after >= latest - 1 && after <= latest + 0.1, `deleted after ${after} s`);
  assert.ok(Number(daemon.said(drainedText)[0]?.['seconds_to_spare']) >= marginSeconds - 1);
  assert.equal(daemon.said('Requesting instance drain').length, 1, 'one drain');
});
