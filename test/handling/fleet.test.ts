import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Fleet } from '../../src/handling/fleet.ts';
import type { Cancellation, Delivery } from '../../src/interruption/delivery.ts';
import type { LifecycleHook } from '../../src/interruption/interruption.ts';
import type { Policy } from '../../src/interruption/policy.ts';
import { FakeClock } from '../fakes/clock.ts';
import {
  asgLaunch,
  asgTermination,
  maintenance,
  rebalance,
  spot,
  stateChange,
  t0,
} from '../interruption/interruptions.ts';
import { capturedLogger } from '../logger/captured-logger.ts';
import { drainsEverything } from './drains-everything.ts';
import { MarkedNodes, type MarkedNodeSeed } from './marked-nodes.ts';

const hook = { group: 'nodes', name: 'drain', token: 't', instanceId: 'i-0123456789abcdef0' };
const terminating = asgTermination({ hook });
const { policy } = drainsEverything;
const beforeStart: Policy = {
  ...policy,
  SCHEDULED_EVENT: { ...policy.SCHEDULED_EVENT, leadMs: 600_000 },
};

type Item = Delivery | Cancellation;

interface Given {
  /** What `node-1` carries from before. */
  readonly node?: MarkedNodeSeed;
  readonly policy?: Policy;
  readonly dryRun?: boolean;
  /** Since when the group is known to wait for no hook any more. @default it waits */
  readonly hookGoneSince?: number;
}

/** A process that begins now, and takes up what it is lent. */
function begin(given: Given = {}) {
  const clock = new FakeClock();
  const nodes = new MarkedNodes();
  if (given.node) nodes.put('node-1', given.node);
  const calls: string[] = [];
  const call = (name: string) => (it: LifecycleHook) => void calls.push(`${name} ${it.token}`);
  const fleet = new Fleet(
    { policy: given.policy ?? policy, dryRun: given.dryRun ?? false },
    {
      clock,
      logger: capturedLogger().logger,
      nodes,
      hooks: {
        goneSince: () => given.hookGoneSince,
        keepOpen: call('keep open'),
        rest: call('rest'),
        complete: (it) => Promise.resolve(call('complete')(it)),
      },
    },
  );
  const intake = new AbortController();
  const lent: Item[] = [];
  const pull = async (): Promise<void> => {
    for await (const item of fleet.deliveries(intake.signal)) lent.push(item);
  };
  const pulling = pull();
  return {
    clock,
    nodes,
    fleet,
    lent,
    calls,
    ids: () => lent.map((it) => (it.type === 'interruption' ? it.interruption.id : it.interruptionId)),
    async [Symbol.asyncDispose]() {
      intake.abort();
      await pulling;
    },
  };
}

test('what an earlier process has not drained is taken up two minutes after it was first seen, if nobody brings it', async () => {
  await using it = begin({ node: { interruptions: [terminating] } });
  await it.clock.advance(119_000);
  assert.deepEqual(it.lent, []);
  await it.clock.advance(2_000);
  assert.deepEqual(it.ids(), [terminating.id]);
  assert.deepEqual(it.calls, ['keep open t']);
  await it.clock.advance(600_000);
  assert.equal(it.lent.length, 1);
});

test('what its message brings again is not taken up', async () => {
  await using it = begin({ node: { interruptions: [terminating] } });
  await it.clock.advance(60_000);
  it.fleet.track('node-1', terminating);
  await it.clock.advance(600_000);
  assert.deepEqual(it.lent, []);
});

test('of a node that was drained only a hook may be left to do', async () => {
  await using it = begin({ node: { interruptions: [rebalance(), terminating], phase: 'drained' } });
  await it.clock.advance(300_000);
  assert.deepEqual(it.ids(), []);
  assert.deepEqual(it.calls, ['keep open t', 'complete t']);
});

test('a machine that has ended since is left in peace', async () => {
  const earlier = { seenAt: t0 - 900_000, deadline: t0 - 780_000 };
  await using it = begin({ node: { interruptions: [spot(earlier)] } });
  await it.clock.advance(600_000);
  assert.deepEqual(it.lent, []);
});

test('in a dry run nothing is taken up', async () => {
  await using it = begin({ node: { interruptions: [terminating] }, dryRun: true });
  await it.clock.advance(600_000);
  assert.deepEqual(it.lent, []);
});

test('the hook is completed once the work is done, and rests while it is not', async () => {
  await using it = begin({ node: { interruptions: [terminating] } });
  await it.clock.advance(121_000);
  const [first] = it.lent;
  assert.ok(first);
  await it.fleet.release(first);
  await it.clock.advance(31_000);
  const [, second] = it.lent;
  assert.ok(second, 'lent again');
  await it.fleet.settle(second, 'ignored');
  await it.fleet.settle(second, 'drained');
  assert.deepEqual(it.calls, ['keep open t', 'rest t', 'keep open t', 'complete t']);
});

test('what its source may never bring again is taken up, unless it does', async () => {
  await using it = begin();
  await it.clock.advance(1_000);
  const others = rebalance();
  it.nodes.put('node-1', { interruptions: [terminating, others] });
  for (const interruption of [terminating, others]) {
    it.fleet.track('node-1', interruption);
    it.fleet.unfinished('node-1', interruption);
  }
  await it.clock.advance(60_000);
  it.fleet.track('node-1', others);
  await it.clock.advance(600_000);
  assert.deepEqual(it.ids(), [terminating.id]);
});

test('what the Node could not be marked for is taken up all the same, unless it was called off', async () => {
  await using it = begin();
  await it.clock.advance(1_000);
  const over = maintenance();
  const stopped = stateChange();
  const toCome = spot({ action: 'stop', deadline: t0 + 600_000 });
  for (const interruption of [terminating, over, toCome, stopped]) {
    it.fleet.track('node-1', interruption);
    it.fleet.unfinished('node-1', interruption);
  }
  it.fleet.calledOff(over.id, t0);
  await it.clock.advance(600_000);
  assert.deepEqual(it.ids(), [terminating.id, stopped.id]);
});

test('maintenance that waits for its time is waited for from the start on', async () => {
  const waiting = maintenance();
  await using it = begin({ node: { interruptions: [waiting] }, policy: beforeStart });
  await it.clock.advance(1_000);
  assert.deepEqual(it.ids(), [waiting.id]);
});

test('maintenance that another replica has marked a node for is waited for by this one as well, once', async () => {
  const waiting = maintenance();
  await using it = begin({ policy: beforeStart });
  await it.clock.advance(1_000);
  it.nodes.put('node-1', { interruptions: [waiting] });
  await it.clock.settle();
  assert.deepEqual(it.ids(), [waiting.id]);
  it.fleet.track('node-1', waiting);
  it.nodes.put('node-1', { interruptions: [waiting], isReady: false });
  await it.clock.advance(1_000_000);
  assert.equal(it.lent.length, 1);
});

test('what another replica has marked a node for is taken up ten minutes after it was first seen, whatever else of the node changes', async () => {
  await using it = begin();
  await it.clock.advance(300_000);
  it.nodes.put('node-1', { interruptions: [terminating] });
  await it.clock.advance(200_000);
  it.nodes.put('node-1', { interruptions: [terminating], isReady: false });
  await it.clock.advance(99_000);
  assert.deepEqual(it.lent, []);
  await it.clock.advance(2_000);
  assert.deepEqual(it.ids(), [terminating.id]);
});

test('what another replica has drained, or whose machine has ended, by then is not taken up', async () => {
  await using it = begin();
  await it.clock.advance(1_000);
  const [drained, ended] = [rebalance(), spot()];
  it.nodes.put('node-1', { interruptions: [drained] });
  it.nodes.put('node-2', { interruptions: [ended] });
  it.nodes.put('node-1', { interruptions: [drained], phase: 'drained' });
  await it.clock.advance(3_600_000);
  assert.deepEqual(it.lent, []);
});

test("a new time of maintenance that another replica was told of is this one's as well", async () => {
  const known = maintenance({ toldAt: t0 });
  await using it = begin({ policy: beforeStart });
  await it.clock.advance(1_000);
  it.fleet.track('node-1', known);
  it.nodes.put('node-1', { interruptions: [known] });
  const moved = maintenance({ notBefore: known.notBefore + 3_600_000, toldAt: t0 + 60_000 });
  const older = maintenance({ notBefore: known.notBefore + 7_200_000, toldAt: t0 - 60_000 });
  it.nodes.put('node-1', { interruptions: [older] });
  await it.clock.settle();
  assert.deepEqual(it.ids(), []);
  it.nodes.put('node-1', { interruptions: [moved] });
  await it.clock.settle();
  const [item] = it.lent;
  assert.ok(item?.type === 'interruption' && item.interruption.kind === 'SCHEDULED_EVENT');
  assert.equal(item.interruption.notBefore, moved.notBefore);
});

test('maintenance that another replica was told is over is over for this one', async () => {
  const known = maintenance();
  await using it = begin({ policy: beforeStart });
  await it.clock.advance(1_000);
  it.fleet.track('node-1', known);
  it.nodes.put('node-1', { interruptions: [known] });
  // Although this one has just marked the node for it once more.
  it.nodes.put('node-1', { interruptions: [known], done: [known] });
  it.nodes.put('node-1', { interruptions: [], done: [known] });
  await it.clock.settle();
  const [item, ...others] = it.lent;
  assert.deepEqual(others, []);
  assert.ok(item?.type === 'cancellation');
  assert.deepEqual([item.interruptionId, item.why], [known.id, 'canceled']);
});

test('maintenance that was told anew since it was over is not over for this one', async () => {
  const toldAt = t0 + 60_000;
  const known = maintenance({ toldAt });
  await using it = begin({ policy: beforeStart });
  await it.clock.advance(1_000);
  it.fleet.track('node-1', known);
  const { id } = known;
  it.nodes.put('node-1', { interruptions: [], done: [{ id, toldAt: t0 }] });
  await it.clock.settle();
  assert.deepEqual(it.ids(), []);
  it.nodes.put('node-1', { interruptions: [], done: [{ id, toldAt }] });
  await it.clock.settle();
  assert.deepEqual(it.ids(), [id]);
});

test('what this process undoes itself, and an annotation that somebody takes off, call nothing off', async () => {
  const [own, others] = [maintenance({ id: 'own' }), maintenance({ id: 'others' })];
  await using it = begin({ policy: beforeStart });
  await it.clock.advance(1_000);
  for (const known of [own, others]) it.fleet.track('node-1', known);
  it.nodes.put('node-1', { interruptions: [own, others] });
  it.fleet.undoing(own.id);
  it.nodes.put('node-1', { interruptions: [], done: [own] });
  await it.clock.advance(60_000);
  assert.deepEqual(it.lent, []);
});

test('what was called off is done with, whatever else of it comes', async () => {
  await using it = begin();
  assert.equal(it.fleet.isDone('node-1', maintenance({ id: 'event-1' })), false);
  it.fleet.calledOff('event-1', t0);
  assert.equal(it.fleet.isDone('node-1', maintenance({ id: 'event-1' })), true);
  it.nodes.put('node-2', { interruptions: [], done: [{ id: 'event-2' }] });
  assert.equal(it.fleet.isDone('node-2', maintenance({ id: 'event-2' })), true, 'by another replica');
});

const later = t0 + 600_000;
const returning = [
  { what: 'an instance of a warm pool', interruption: asgTermination({ hook, returnsToWarmPool: true }) },
  { what: 'a hibernated Spot instance', interruption: spot({ action: 'hibernate' }) },
];

for (const { what, interruption } of returning) {
  test(`${what} that was away and is ready again is unmarked, once`, async () => {
    await using it = begin();
    await it.clock.advance(1_000);
    const interruptions = [interruption, rebalance()];
    it.fleet.track('node-1', interruption);
    it.nodes.put('node-1', { interruptions });
    const drained = { interruptions, phase: 'drained', drainedAt: t0 + 1_000 } as const;
    it.nodes.put('node-1', drained);
    await it.clock.settle();
    assert.equal(it.lent.length, 0, 'it has not gone yet');
    it.nodes.put('node-1', { ...drained, isReady: false, readyChangedAt: t0 + 60_000 });
    await it.clock.advance(60_000);
    it.nodes.put('node-1', { ...drained, readyChangedAt: later });
    it.nodes.put('node-1', { ...drained, readyChangedAt: later });
    await it.clock.settle();
    assert.deepEqual(it.ids(), [interruption.id]);
    const [item] = it.lent;
    assert.ok(item?.type === 'cancellation' && item.why === 'returned');
  });
}

test('an instance that went while nobody looked is unmarked when it is back', async () => {
  const hibernated = spot({ action: 'hibernate', seenAt: t0 - 900_000, deadline: t0 - 780_000 });
  const interruptions = [hibernated];
  await using it = begin({ node: { interruptions, phase: 'drained', isReady: false } });
  await it.clock.advance(1_000);
  it.nodes.put('node-1', { interruptions, phase: 'drained', readyChangedAt: later });
  await it.clock.settle();
  assert.deepEqual(it.ids(), [hibernated.id]);
});

test('an instance that its group launches is back', async () => {
  const interruption = asgTermination({ hook, returnsToWarmPool: true });
  await using it = begin();
  await it.clock.advance(1_000);
  it.fleet.track('node-1', interruption);
  it.nodes.put('node-1', { interruptions: [interruption], phase: 'drained' });
  // What is launched before was on its way when the group took the instance out again.
  it.fleet.launched('node-1', asgLaunch({ startTime: interruption.seenAt - 60_000 }));
  await it.clock.settle();
  assert.deepEqual(it.ids(), []);
  it.fleet.launched('node-1', asgLaunch({ startTime: interruption.seenAt + 60_000 }));
  it.fleet.launched('node-2', asgLaunch({ startTime: interruption.seenAt + 60_000 }));
  await it.clock.settle();
  assert.deepEqual(it.ids(), [interruption.id]);
});

test('an instance that its group launches is back, though the message about its end comes again and again', async () => {
  const interruption = asgTermination({ hook, returnsToWarmPool: true, seenAt: t0 + 120_000 });
  await using it = begin();
  await it.clock.advance(1_000);
  it.fleet.track('node-1', interruption);
  it.nodes.put('node-1', { interruptions: [interruption] });
  it.fleet.launched('node-1', asgLaunch({ startTime: t0 + 60_000 }));
  await it.clock.settle();
  assert.deepEqual(it.ids(), [interruption.id]);
});

describe('an instance of a warm pool that could not be drained and whose hook waits no more', () => {
  const interruption = asgTermination({ hook, returnsToWarmPool: true });
  const marked = { interruptions: [interruption] };
  const awaySince = { ...marked, isReady: false, readyChangedAt: t0 + 60_000 };

  test('is back where it has become ready since', async () => {
    await using it = begin({ hookGoneSince: t0 + 30_000 });
    await it.clock.advance(1_000);
    it.fleet.track('node-1', interruption);
    it.nodes.put('node-1', awaySince);
    it.nodes.put('node-1', { ...marked, readyChangedAt: t0 + 600_000 });
    await it.clock.settle();
    assert.deepEqual(it.ids(), [interruption.id]);
  });

  test('is back where it had become ready before that was known, and is still there minutes later', async () => {
    await using it = begin({ hookGoneSince: t0 + 900_000 });
    await it.clock.advance(1_000);
    it.fleet.track('node-1', interruption);
    it.nodes.put('node-1', awaySince);
    it.nodes.put('node-1', { ...marked, readyChangedAt: t0 + 600_000 });
    await it.clock.advance(1_190_000);
    assert.deepEqual(it.lent, []);
    await it.clock.advance(120_000);
    assert.deepEqual(it.ids(), [interruption.id]);
  });

  test('is not back where its kubelet, which was away before, is away again', async () => {
    await using it = begin({ hookGoneSince: t0 + 900_000 });
    await it.clock.advance(1_000);
    it.fleet.track('node-1', interruption);
    it.nodes.put('node-1', awaySince);
    it.nodes.put('node-1', { ...marked, readyChangedAt: t0 + 600_000 });
    await it.clock.advance(920_000);
    it.nodes.put('node-1', { ...awaySince, readyChangedAt: t0 + 920_000 });
    await it.clock.advance(3_600_000);
    assert.deepEqual(it.lent, []);
  });

  test('is not back where its kubelet was never away', async () => {
    await using it = begin({ hookGoneSince: t0 + 30_000 });
    await it.clock.advance(1_000);
    it.fleet.track('node-1', interruption);
    it.nodes.put('node-1', marked);
    await it.clock.advance(3_600_000);
    assert.deepEqual(it.lent, []);
  });
});

test('what could not be undone is called off again after a while, where the node still carries it', async () => {
  const hibernated = spot({ action: 'hibernate' });
  const interruptions = [hibernated];
  await using it = begin({ node: { interruptions, phase: 'drained', isReady: false } });
  await it.clock.advance(1_000);
  it.nodes.put('node-1', { interruptions, phase: 'drained', readyChangedAt: later });
  await it.clock.settle();
  const [first] = it.lent;
  assert.ok(first?.type === 'cancellation');
  it.fleet.undoing(first.interruptionId);
  await it.fleet.release(first);
  await it.clock.advance(25_000);
  assert.equal(it.lent.length, 1);
  await it.clock.advance(10_000);
  assert.deepEqual(it.ids(), [hibernated.id, hibernated.id]);
  await it.fleet.release(first);
  it.nodes.put('node-1', { interruptions: [] });
  await it.clock.advance(60_000);
  assert.equal(it.lent.length, 2);
});
