import type { EndedStatus, RunningStatus, StatusDocument } from '../../../src/status/document.ts';

const at = Date.parse('2030-01-01T12:00:00Z');

/** A daemon that has nothing to do. */
export const idle: StatusDocument = {
  at,
  daemon: {
    version: '1.2.3',
    mode: 'queue',
    node: 'node-a',
    dryRun: false,
    startedAt: at - 3_600_000,
    isStopping: false,
  },
  health: { stuck: [], notReady: [] },
  sources: [
    {
      name: 'sqs',
      lastAnswerAt: at - 2000,
      errors: 1,
      unreadable: 0,
      queue: { held: 2, oldestAgeSeconds: 9 },
    },
  ],
  counts: { running: 0, blocked: 0, ended: 0 },
  running: [],
  runningNotListed: 0,
  ended: [],
  config: [{ name: 'dry-run', value: false, isSet: false }],
};

const facts = {
  id: 1,
  node: 'node-b',
  interruptions: [
    { id: 'spot-1', kind: 'SPOT_ITN', source: 'sqs', description: 'Spot ITN received', seenAt: at - 10_000 },
  ],
  cancelled: [],
  response: 'drain',
  dryRun: false,
  deadline: at + 110_000,
  deadlineIsMachineEnd: true,
  startedAt: at - 10_000,
  markedAt: at - 9900,
  drainBeganAt: at - 9900,
};

export const blocked: RunningStatus = {
  ...facts,
  phase: 'draining',
  waitsUntil: undefined,
  markTrouble: undefined,
  podCounts: { waiting: 0, asking: 0, refused: 1, terminating: 2, gone: 3, stays: 1, kept: 0 },
  blocks: [
    {
      reason: 'held by disruption budget shop/cart: needs 1 healthy, has 1',
      podCount: 1,
      pods: ['shop/cart-0'],
      askBy: at + 78_000,
    },
  ],
  pods: [
    {
      namespace: 'shop',
      name: 'cart-0',
      owner: 'StatefulSet/cart',
      state: 'refused',
      because: 'held by disruption budget shop/cart: needs 1 healthy, has 1',
      askBy: at + 78_000,
      askedAt: undefined,
      killedAt: undefined,
      clampedToSeconds: undefined,
      refusals: 4,
    },
  ],
  podsNotListed: 6,
};

export const failed: EndedStatus = {
  ...facts,
  id: 2,
  endedAt: at - 5000,
  outcome: 'deadline-passed',
  attempts: 2,
  troubles: ['1 pod still shutting down: container main (shop/slow-0)'],
  report: {
    complete: false,
    startedAt: at - 125_000,
    endedAt: at - 5000,
    secondsToSpare: 0,
    volumesAttached: undefined,
    outcomes: { evicted: 3, terminating: 1 },
    pods: [
      {
        namespace: 'shop',
        name: 'slow-0',
        owner: undefined,
        outcome: 'terminating',
        because: 'still shutting down: container main',
        askedAt: at - 124_000,
        goneAt: undefined,
        graceSeconds: 30,
        refusals: 0,
        isLeftBehind: true,
      },
    ],
    podsNotListed: 3,
  },
};

export const busy: StatusDocument = {
  ...idle,
  counts: { running: 1, blocked: 1, ended: 1 },
  running: [blocked],
  ended: [failed],
};

/** Every text of a document replaced. */
export function withTexts(document: StatusDocument, text: string): StatusDocument {
  const fixed = new Set(['mode', 'phase', 'state']);
  return JSON.parse(JSON.stringify(document), (key, value: unknown) =>
    typeof value === 'string' && !fixed.has(key) ? text : value,
  ) as StatusDocument;
}
