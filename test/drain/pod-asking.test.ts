import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planDrain } from '../../src/drain/plan.ts';
import { PodAsking } from '../../src/drain/pod-asking.ts';
import { PodBoard } from '../../src/drain/pod-board.ts';
import type { Cluster } from '../../src/kubernetes/cluster.ts';
import { createMetrics } from '../../src/metrics.ts';
import { FakeClock } from '../fakes/clock.ts';
import { recordedLog } from '../sources/imds/recorded-log.ts';
import { drainingBeforeTheEnd } from './before-the-end.ts';
import { pod } from './pods.ts';
import { unhurried as goal, usual } from './policies.ts';

test('an eviction that is given up just as its drain ends is not sent again', async () => {
  const clock = new FakeClock();
  const ended = new AbortController();
  let evictions = 0;
  const cluster: Pick<Cluster, 'evict'> = {
    evict: (_pod, _grace, _urgency, signal) => {
      evictions += 1;
      const { promise, reject } = Promise.withResolvers<never>();
      // As a connection does: not in the same step.
      signal.addEventListener('abort', () => setImmediate(() => reject(signal.reason as Error)));
      return promise;
    },
  };
  const asking = new PodAsking(
    { onRefused: () => {}, onSent: () => {}, isPaidFor: () => false, isToStay: () => false },
    {
      policy: usual,
      goal,
      urgency: 1,
      clock,
      cluster: cluster as Cluster,
      logger: recordedLog().log,
      metrics: createMetrics('test'),
      ended: ended.signal,
    },
  );
  const board = new PodBoard();
  const pods = [pod()];
  board.observe({ type: 'all', pods }, clock.now());
  board.plan(planDrain(pods, usual, goal, new Set(), clock.now()));
  const [leaving] = board.takeDue(clock.now());
  assert.ok(leaving);
  const asked = asking.ask(leaving);
  asked.catch(() => {});
  asking.giveUp(leaving);
  ended.abort(new Error('the drain has ended'));
  board.stopAsking();
  await assert.rejects(asked, /the drain has ended/);
  assert.equal(evictions, 1);
});

test('the report tells why an evicted pod had to leave, not that it has finished since', async () => {
  await using it = await drainingBeforeTheEnd({ graceSeconds: 30, shutdownMs: 5_000 });
  await it.clock.advance(20_000);
  const [pod] = it.reports.get('node-1')?.pods ?? [];
  assert.equal(pod?.outcome, 'evicted');
  assert.equal(pod.because, 'ReplicaSet "web" will replace it');
});
