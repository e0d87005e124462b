import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import * as fc from 'fast-check';
import {
  graceSecondsOf,
  isDue,
  planDrain,
  requestFor,
  tiers,
  type DrainGoal,
  type DrainPolicy,
} from '../../src/drain/plan.ts';
import { escalations } from '../../src/interruption/policy.ts';
import type { PodView } from '../../src/kubernetes/cluster.ts';
import { daemonSet, pod } from './pods.ts';
import { usual } from './policies.ts';

/** A Spot notice seen at 0. */
const spot: DrainGoal = {
  deadline: 120_000,
  deadlineIsMachineEnd: true,
  endBy: 120_000,
  escalation: 'evict-then-delete',
};

const unhurried: DrainGoal = {
  deadline: undefined,
  deadlineIsMachineEnd: false,
  endBy: undefined,
  escalation: 'evict-then-delete',
};

const none = new Set<string>();

const wishes = {
  drain: undefined,
  gracePeriodSeconds: undefined,
  doNotDisrupt: false,
  unreadable: [],
} as const;

const owners = [undefined, daemonSet, { kind: 'ReplicaSet', name: 'cart', uid: 'uid-cart' }];

const anyPod: fc.Arbitrary<PodView> = fc
  .record({
    name: fc.integer({ min: 0, max: 9999 }).map((it) => `pod-${it}`),
    owner: fc.constantFrom(...owners),
    phase: fc.constantFrom('Running', 'Pending', 'Succeeded'),
    isMirror: fc.boolean(),
    usesEmptyDir: fc.boolean(),
    gracePeriodSeconds: fc.integer({ min: 0, max: 600 }),
    priorityClass: fc.constantFrom(undefined, 'system-node-critical', 'batch'),
    wishes: fc.record({
      drain: fc.constantFrom(undefined, 'skip', 'wait', 'last'),
      gracePeriodSeconds: fc.option(fc.integer({ min: 0, max: 300 }), { nil: undefined }),
      doNotDisrupt: fc.boolean(),
      unreadable: fc.constant([]),
    }),
  })
  .map((given) => pod(given));

const anyPolicy: fc.Arbitrary<DrainPolicy> = fc.record({
  ignoreDaemonSets: fc.boolean(),
  deleteLocalData: fc.boolean(),
  self: fc.constant({ name: '', namespace: '' }),
  podGracePeriodSeconds: fc.option(fc.integer({ min: 0, max: 300 }), { nil: undefined }),
  marginMs: fc.integer({ min: 0, max: 20_000 }),
  honoursDoNotDisrupt: fc.boolean(),
  waitsForVolumeDetach: fc.boolean(),
});

const anyGoal: fc.Arbitrary<DrainGoal> = fc
  .record({
    deadline: fc.option(fc.integer({ min: 0, max: 600_000 }), { nil: undefined }),
    deadlineIsMachineEnd: fc.boolean(),
    endBy: fc.option(fc.integer({ min: 0, max: 600_000 }), { nil: undefined }),
    escalation: fc.constantFrom(...escalations),
  })
  .map((it) => ({ ...it, deadlineIsMachineEnd: it.deadline !== undefined && it.deadlineIsMachineEnd }));

const anyNode = fc.array(anyPod, { maxLength: 40 });
const anyTime = fc.integer({ min: 0, max: 600_000 });
const runs = { numRuns: 10_000 };

describe('a plan of any node', () => {
  test('every pod leaves or stays, once, with a reason', () => {
    fc.assert(
      fc.property(anyNode, anyPolicy, anyGoal, anyTime, (pods, policy, goal, now) => {
        const { leaving, staying } = planDrain(pods, policy, goal, none, now);
        const planned = [...leaving, ...staying].map((it) => it.pod.uid).sort();
        assert.deepEqual(planned, pods.map((it) => it.uid).sort());
        assert.ok([...leaving, ...staying].every((it) => it.because.length > 0));
      }),
      runs,
    );
  });

  test('what its owner puts back is asked before a machine ends, unless it has landed too late, and spoils no drain', () => {
    fc.assert(
      fc.property(
        anyNode,
        anyPolicy,
        anyGoal,
        anyTime,
        fc.integer({ min: 0, max: 10 }),
        (pods, policy, goal, now, rounds) => {
          const usually = planDrain(pods, policy, goal, none, now);
          const plan = planDrain(pods, policy, goal, none, now, () => rounds);
          const leaving = new Set(plan.leaving.map((it) => it.pod.uid));
          for (const { pod: it, askBy } of usually.leaving) {
            if (leaving.has(it.uid)) continue;
            const isTooLate = rounds > 6 && it.createdAt >= (askBy ?? Infinity);
            assert.ok(rounds > 3 && (!goal.deadlineIsMachineEnd || isTooLate));
            assert.equal(plan.staying.find(({ pod: other }) => other.uid === it.uid)?.spoilsDrain, false);
          }
          if (rounds <= 3) assert.deepEqual(plan, usually);
        },
      ),
      runs,
    );
  });

  test('what must stay is never asked', () => {
    fc.assert(
      fc.property(anyNode, anyPolicy, anyGoal, anyTime, (pods, policy, goal, now) => {
        for (const { pod: it } of planDrain(pods, policy, goal, none, now).leaving) {
          assert.equal(it.isMirror, false);
          assert.notEqual(it.wishes.drain, 'skip');
          const isFinished = it.phase === 'Succeeded';
          if (!isFinished) assert.notEqual(it.owner?.kind, 'DaemonSet');
          if (!isFinished && !policy.deleteLocalData) assert.equal(it.usesEmptyDir, false);
        }
      }),
      runs,
    );
  });

  test('no pod waits beyond its latest instant, whatever it waits for', () => {
    fc.assert(
      fc.property(anyNode, anyPolicy, anyGoal, anyTime, (pods, policy, goal, now) => {
        const plan = planDrain(pods, policy, goal, none, now);
        for (const planned of plan.leaving) {
          if (planned.askBy === undefined) continue;
          assert.ok(isDue(planned, plan, new Set(tiers), Math.max(now, planned.askBy)));
          const horizon = goal.deadline ?? goal.endBy ?? 0;
          assert.equal(
            planned.askBy + (graceSecondsOf(planned.pod, policy) + 1) * 1000 + policy.marginMs,
            horizon,
          );
        }
      }),
      runs,
    );
  });

  test("a grace is cut only for the machine's end, to no less than 1 s, and ends before it where that can be", () => {
    fc.assert(
      fc.property(anyNode, anyPolicy, anyGoal, anyTime, (pods, policy, goal, now) => {
        for (const planned of planDrain(pods, policy, goal, none, now).leaving) {
          const { gracePeriodSeconds = planned.pod.gracePeriodSeconds } = requestFor(
            planned,
            policy,
            goal,
            now,
            true,
          );
          const own = graceSecondsOf(planned.pod, policy);
          assert.ok(gracePeriodSeconds <= Math.max(1, own));
          if (!goal.deadlineIsMachineEnd) assert.equal(gracePeriodSeconds, own);
          if (gracePeriodSeconds < own) assert.ok(gracePeriodSeconds >= 1);
          const latest = goal.deadline ?? Infinity;
          const fits = now + gracePeriodSeconds * 1000 + policy.marginMs <= latest;
          if (goal.deadlineIsMachineEnd && gracePeriodSeconds > 1) assert.ok(fits);
        }
      }),
      runs,
    );
  });

  test('a pod is deleted only where a power cut is the alternative', () => {
    fc.assert(
      fc.property(anyNode, anyPolicy, anyGoal, anyTime, (pods, policy, goal, now) => {
        for (const planned of planDrain(pods, policy, goal, none, now).leaving) {
          if (goal.escalation !== 'delete') {
            assert.equal(requestFor(planned, policy, goal, now, false).by, 'eviction', 'nothing holds it');
          }
          if (requestFor(planned, policy, goal, now, true).by === 'eviction') continue;
          assert.ok(goal.deadlineIsMachineEnd);
          assert.notEqual(goal.escalation, 'evict');
          if (goal.escalation === 'evict-then-delete') assert.ok(now >= (planned.askBy ?? Infinity));
        }
      }),
      runs,
    );
  });

  test('the same input gives the same plan, in whatever order the pods are listed', () => {
    fc.assert(
      fc.property(anyNode, anyPolicy, anyGoal, anyTime, (pods, policy, goal, now) => {
        const names = new Set(pods.map((it) => it.name));
        if (names.size < pods.length) return;
        const plan = planDrain(pods, policy, goal, none, now);
        assert.deepEqual(planDrain(pods.toReversed(), policy, goal, none, now).leaving, plan.leaving);
      }),
      runs,
    );
  });

  test('an earlier deadline never lets a pod be asked later', () => {
    fc.assert(
      fc.property(anyNode, anyPolicy, anyGoal, anyTime, anyTime, (pods, policy, goal, now, sooner) => {
        if (goal.deadline === undefined || sooner > goal.deadline) return;
        const late = new Map(
          planDrain(pods, policy, goal, none, now).leaving.map((it) => [it.pod.uid, it.askBy]),
        );
        const earlier = { ...goal, deadline: sooner };
        for (const { pod: it, askBy } of planDrain(pods, policy, earlier, none, now).leaving) {
          assert.ok((askBy ?? Infinity) <= (late.get(it.uid) ?? Infinity));
        }
      }),
      runs,
    );
  });
});

describe('the order', () => {
  it('asks the pod that needs longest first', () => {
    const pods = [30, 300, 0, 60].map((gracePeriodSeconds) => pod({ gracePeriodSeconds }));
    const { leaving } = planDrain(pods, usual, spot, none, 0);
    assert.deepEqual(
      leaving.map((it) => it.pod.gracePeriodSeconds),
      [300, 60, 30, 0],
    );
  });

  it('asks ordinary pods, then those that wish to be last, then DaemonSets, then critical ones', () => {
    const pods = [
      pod({ priorityClass: 'system-cluster-critical' }),
      pod({ owner: daemonSet, phase: 'Succeeded' }),
      pod({ wishes: { ...wishes, drain: 'last' } }),
      pod({}),
    ];
    const plan = planDrain(pods, usual, unhurried, none, 0);
    assert.deepEqual(
      plan.leaving.map((it) => it.tier),
      ['ordinary', 'last', 'daemon-set', 'critical'],
    );
    const dueWith = (left: readonly (typeof tiers)[number][]) =>
      plan.leaving.filter((it) => isDue(it, plan, new Set(left), 0)).map((it) => it.tier);
    assert.deepEqual(dueWith(['ordinary', 'last', 'daemon-set', 'critical']), ['ordinary']);
    assert.deepEqual(dueWith(['daemon-set', 'critical']), ['ordinary', 'last', 'daemon-set']);
    assert.deepEqual(dueWith(['critical']), ['ordinary', 'last', 'daemon-set', 'critical']);
  });

  it('asks a later tier at its latest instant although the one before is not gone', () => {
    const critical = pod({ priorityClass: 'system-node-critical', gracePeriodSeconds: 30 });
    const plan = planDrain([pod({}), critical], usual, spot, none, 0);
    const [, planned] = plan.leaving;
    assert.ok(planned);
    assert.equal(planned.askBy, 84_000);
    assert.equal(isDue(planned, plan, new Set(['ordinary']), 83_999), false);
    assert.equal(isDue(planned, plan, new Set(['ordinary']), 84_000), true);
  });

  it('asks all at once where the time is too short for tiers', () => {
    const pods = [
      pod({ gracePeriodSeconds: 60 }),
      pod({ gracePeriodSeconds: 60, priorityClass: 'system-node-critical' }),
    ];
    const plan = planDrain(pods, usual, spot, none, 0);
    assert.equal(plan.allAtOnce, true);
    assert.ok(plan.leaving.every((it) => isDue(it, plan, new Set(tiers), 0)));
  });

  it('counts what shuts down already with what is left of its time, and what has finished with none', () => {
    const critical = pod({ gracePeriodSeconds: 60, priorityClass: 'system-node-critical' });
    const leaving = pod({ gracePeriodSeconds: 50, deletionAt: 50_000 });
    assert.equal(planDrain([leaving, critical], usual, spot, none, 40_000).allAtOnce, false);
    assert.equal(planDrain([leaving, critical], usual, spot, none, 46_000).allAtOnce, false);
    const finished = pod({ gracePeriodSeconds: 100, phase: 'Succeeded' });
    assert.equal(planDrain([finished, critical], usual, spot, none, 0).allAtOnce, false);
  });

  it('cuts nothing of what shuts down already, or has finished', () => {
    const pods = [pod({ deletionAt: 114_000 }), pod({ phase: 'Succeeded' }), pod()];
    const { leaving } = planDrain(pods, usual, spot, none, 100_000);
    const cut = leaving.filter(({ clampedToSeconds }) => clampedToSeconds !== undefined);
    assert.deepEqual(
      cut.map((it) => [it.pod.uid, it.clampedToSeconds]),
      [[pods[2]?.uid, 15]],
    );
  });

  it('lets a batch job run until its latest instant, and asks at once where there is none left', () => {
    const job = pod({ wishes: { ...wishes, drain: 'wait' }, gracePeriodSeconds: 30 });
    const plan = planDrain([job], usual, spot, none, 0);
    const [planned] = plan.leaving;
    assert.ok(planned);
    assert.equal(isDue(planned, plan, new Set(['ordinary']), 0), false);
    assert.equal(isDue(planned, plan, new Set(['ordinary']), 84_000), true);
  });

  it("honours others' annotations only where told to", () => {
    const guarded = pod({ wishes: { ...wishes, doNotDisrupt: true } });
    assert.equal(planDrain([guarded], usual, spot, none, 0).leaving[0]?.waitsForCompletion, false);
    const honouring = { ...usual, honoursDoNotDisrupt: true };
    assert.equal(planDrain([guarded], honouring, spot, none, 0).leaving[0]?.waitsForCompletion, true);
  });
});

describe('the request', () => {
  const requestAt = (now: number, given: Partial<PodView>, goal: DrainGoal = spot) => {
    const [planned] = planDrain([pod(given)], usual, goal, none, now).leaving;
    assert.ok(planned);
    return requestFor(planned, usual, goal, now, true);
  };

  it("names no grace where the pod's own fits", () => {
    assert.deepEqual(requestAt(0, {}), { by: 'eviction', gracePeriodSeconds: undefined, isLastCall: false });
  });

  it('cuts a grace that is longer than the notice', () => {
    assert.equal(requestAt(0, { gracePeriodSeconds: 300 }).gracePeriodSeconds, 115);
  });

  it('deletes at the latest instant, with what is left of the time', () => {
    assert.deepEqual(requestAt(84_100, {}), {
      by: 'deletion',
      gracePeriodSeconds: undefined,
      isLastCall: true,
    });
    assert.deepEqual(requestAt(100_000, {}), { by: 'deletion', gracePeriodSeconds: 15, isLastCall: true });
    assert.deepEqual(requestAt(119_500, {}), { by: 'deletion', gracePeriodSeconds: 1, isLastCall: true });
  });

  it('never deletes, and never cuts, where the deadline is not the end of the machine', () => {
    const maintenance = { ...spot, deadlineIsMachineEnd: false };
    assert.deepEqual(requestAt(119_500, {}, maintenance), {
      by: 'eviction',
      gracePeriodSeconds: undefined,
      isLastCall: false,
    });
  });

  it('cuts the grace of the plan, whatever the pod has wished for since', () => {
    const [planned] = planDrain(
      [pod({ wishes: { ...wishes, gracePeriodSeconds: 300 } })],
      usual,
      spot,
      none,
      0,
    ).leaving;
    assert.ok(planned);
    const changed = { ...planned, pod: pod({ wishes: { ...wishes, gracePeriodSeconds: 10 } }) };
    assert.equal(requestFor(changed, usual, spot, 0, false).gracePeriodSeconds, 115);
  });

  it('has the grace that the pod itself wishes for', () => {
    const request = requestAt(0, { wishes: { ...wishes, gracePeriodSeconds: 7 } });
    assert.equal(request.gracePeriodSeconds, 7);
  });
});
