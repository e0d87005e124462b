import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodProgress, PodState } from '../../src/drain/pod-progress.ts';
import type { DrainReport, PodRecord } from '../../src/drain/report.ts';
import type { WorkflowNews, WorkflowSummary } from '../../src/handling/workflow-observer.ts';
import { StatusBoard } from '../../src/status/board.ts';
import { summary } from '../handling/workflow-summaries.ts';
import { spot, t0 } from '../interruption/interruptions.ts';

function pod(uid: string, state: PodState, because = 'its ReplicaSet will replace it'): PodProgress {
  return {
    namespace: 'shop',
    name: `cart-${uid}`,
    uid,
    owner: 'ReplicaSet/cart',
    labels: {},
    tier: 'ordinary',
    state,
    because,
    budgets: [],
    askBy: t0 + 90_000,
    askedAt: undefined,
    askedBy: undefined,
    clampedToSeconds: undefined,
    killedAt: undefined,
    goneAt: undefined,
    refusals: 0,
    lastRefusal: undefined,
  };
}

function record(uid: string, outcome: PodRecord['outcome'], seconds = 1): PodRecord {
  return {
    namespace: 'shop',
    name: `cart-${uid}`,
    uid,
    owner: undefined,
    tier: 'ordinary',
    outcome,
    because: '',
    askedAt: t0,
    goneAt: t0 + seconds * 1000,
    graceSeconds: 30,
    refusals: 0,
    lastRefusal: undefined,
  };
}

function report(pods: readonly PodRecord[]): DrainReport {
  return {
    node: 'node-1',
    startedAt: t0,
    endedAt: t0 + 60_000,
    deadline: t0 + 120_000,
    endBy: t0 + 120_000,
    complete: true,
    pods,
    volumesAttached: undefined,
    trouble: undefined,
  };
}

function boardOf(...told: readonly (readonly [WorkflowNews, WorkflowSummary])[]): StatusBoard {
  const board = new StatusBoard();
  for (const [news, workflow] of told) board.observe(news, workflow, t0 + 1000);
  return board;
}

const received: WorkflowNews = { type: 'received', interruption: spot(), source: 'imds' };
const ended: WorkflowNews = { type: 'ended', outcome: 'drained' };

test('counts the pods of a drain by the state that they have now', () => {
  const board = boardOf(
    [received, summary(1)],
    [{ type: 'pods', pods: [pod('a', 'asking'), pod('b', 'waiting'), pod('c', 'stays')] }, summary(1)],
    [{ type: 'pods', pods: [pod('a', 'terminating')] }, summary(1)],
    [{ type: 'pods', pods: [pod('a', 'gone'), pod('b', 'terminating')] }, summary(1)],
  );
  const [running] = board.running.listed;
  assert.deepEqual(running?.podCounts, {
    waiting: 0,
    asking: 0,
    refused: 0,
    terminating: 1,
    gone: 1,
    stays: 1,
    kept: 0,
  });
  assert.deepEqual(board.counts, { running: 1, blocked: 0 });
});

test('groups what holds pods by its reason, with the first moment that matters', () => {
  const held = (uid: string, askBy: number): PodProgress => ({
    ...pod(uid, 'refused', 'held by shop/cart'),
    askBy,
  });
  const pods = [held('a', t0 + 50), held('b', t0 + 40), held('c', t0 + 60), held('d', t0 + 70)];
  const board = boardOf(
    [received, summary(1)],
    [{ type: 'pods', pods: [...pods, pod('e', 'kept', 'an emptyDir')] }, summary(1)],
  );
  assert.deepEqual(board.running.listed[0]?.blocks, [
    {
      reason: 'held by shop/cart',
      podCount: 4,
      pods: ['shop/cart-a', 'shop/cart-b', 'shop/cart-c'],
      askBy: t0 + 40,
    },
    { reason: 'kept: an emptyDir', podCount: 1, pods: ['shop/cart-e'], askBy: t0 + 90_000 },
  ]);
  assert.deepEqual(board.counts, { running: 1, blocked: 1 });
});

test('a node that cannot be marked is blocked until it is', () => {
  const action = (trouble: string | undefined): WorkflowNews => ({
    type: 'action',
    action: 'pre-drain',
    succeeded: trouble === undefined,
    trouble,
  });
  const board = boardOf([received, summary(1)], [action('no Node of this name'), summary(1)]);
  assert.equal(board.running.listed[0]?.markTrouble, 'no Node of this name');
  assert.equal(board.counts.blocked, 1);
  board.observe(action(undefined), summary(1), t0);
  assert.equal(board.counts.blocked, 0);
});

test('the earliest deadline comes first, what has none last', () => {
  const board = boardOf(
    [received, summary(1, { deadline: undefined })],
    [received, summary(2, { deadline: t0 + 9000 })],
    [received, summary(3, { deadline: t0 + 3000 })],
  );
  assert.deepEqual(
    board.running.listed.map(({ id }) => id),
    [3, 2, 1],
  );
});

test('a burst of 500 nodes of 250 pods is counted in full and kept in part, those that are held first', () => {
  const board = new StatusBoard();
  const pods = Array.from({ length: 250 }, (_, index) => pod(String(index), 'terminating'));
  for (let id = 1; id <= 500; id += 1) {
    board.observe(received, summary(id), t0);
    board.observe({ type: 'pods', pods }, summary(id), t0);
    board.observe({ type: 'pods', pods: [pod('200', 'refused', 'held')] }, summary(id), t0);
  }
  const { listed, notListed } = board.running;
  assert.deepEqual([listed.length, notListed], [100, 400]);
  const last = listed.at(-1);
  assert.equal(last?.podCounts.terminating, 249);
  assert.equal(last.pods[0]?.state, 'refused');
  assert.equal(last.pods.length + last.podsNotListed, 250);
  const kept = listed.reduce((sum, workflow) => sum + workflow.pods.length, 0);
  assert.ok(kept <= 100 * 60, String(kept));
  // The later half came when there was no more room than this for each.
  assert.equal(boardPods(board, 450), 5);
});

function boardPods(board: StatusBoard, id: number): number | undefined {
  for (let other = 1; other <= 500; other += 1) {
    if (other !== id) board.observe(ended, summary(other), t0);
  }
  return board.running.listed[0]?.pods.length;
}

test('the last 50 that ended are kept, newest first', () => {
  const board = new StatusBoard();
  for (let id = 1; id <= 60; id += 1) {
    board.observe(received, summary(id), t0);
    board.observe(ended, summary(id), t0 + id);
  }
  assert.deepEqual(
    board.ended.map(({ id }) => id),
    Array.from({ length: 50 }, (_, index) => 60 - index),
  );
  assert.equal(board.counts.running, 0);
});

test('one that is tried again and again is one entry, from its first try on', () => {
  const board = new StatusBoard();
  board.observe(received, summary(99), t0);
  board.observe(ended, summary(99), t0);
  const outcomes = [undefined, undefined, undefined, 'drained', 'drained'] as const;
  for (const [index, outcome] of outcomes.entries()) {
    const workflow = summary(index, { node: 'node-x', startedAt: t0 + index * 1000 });
    board.observe(received, workflow, t0);
    board.observe({ type: 'ended', outcome }, workflow, t0 + index * 1000 + 500);
  }
  assert.deepEqual(
    board.ended.map(({ node, outcome, attempts, startedAt }) => [node, outcome, attempts, startedAt - t0]),
    [
      ['node-x', 'drained', 1, 4000],
      ['node-x', 'drained', 4, 0],
      ['node-99', 'drained', 1, 0],
    ],
  );
});

test('a report keeps those left behind, then those whose wishes were not met, then the slowest', () => {
  const pods = [
    ...Array.from({ length: 250 }, (_, index) => record(String(index), 'evicted', index)),
    record('late', 'terminating'),
    record('cut', 'clamped'),
    record('agent', 'stays'),
  ];
  const board = boardOf(
    [received, summary(1)],
    [
      {
        type: 'attempted',
        outcome: 'failed',
        report: { ...report(pods), complete: false },
        troubles: ['x'.repeat(1000)],
      },
      summary(1),
    ],
    [{ type: 'ended', outcome: undefined }, summary(1)],
  );
  const [entry] = board.ended;
  assert.ok(entry?.report);
  assert.deepEqual(
    entry.report.pods.slice(0, 3).map(({ name }) => name),
    ['cart-late', 'cart-cut', 'cart-249'],
  );
  assert.equal(entry.report.pods.length, 30);
  assert.equal(entry.report.podsNotListed, 223);
  assert.deepEqual(entry.report.outcomes, { evicted: 250, terminating: 1, clamped: 1, stays: 1 });
  assert.equal(entry.report.secondsToSpare, 60);
  assert.ok((entry.troubles[0]?.length ?? 1000) < 310);
  assert.equal(entry.outcome, 'released');
});

test('what was cancelled is named by what it was about', () => {
  const over = {
    interruptions: [],
    cancellations: [
      {
        type: 'cancellation',
        interruptionId: 'spot-1',
        why: 'survived',
        where: {},
        source: 'node',
        handle: undefined,
      },
    ],
  } as const;
  const board = boardOf([received, summary(1)], [ended, summary(1, over)]);
  const [entry] = board.ended;
  assert.ok(entry);
  assert.equal(entry.interruptions[0]?.kind, 'SPOT_ITN');
  assert.deepEqual(entry.cancelled, [{ id: 'spot-1', why: 'survived' }]);
});
