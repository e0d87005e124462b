import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { Interruption } from '../../../src/interruption/interruption.ts';
import { signalKinds, type SignalKindName } from '../../../src/sources/imds/parsers.ts';
import type { Reading } from '../../../src/sources/imds/signal.ts';
import { fixture } from './fixtures.ts';

const where = { nodeName: 'node-1', instanceId: 'i-0123456789abcdef0' };
const seenAt = Date.parse('2017-09-18T08:20:00Z');

function read(kind: SignalKindName, body: string | undefined, document = 0): Reading {
  const reading = signalKinds[kind].documents[document]?.read(body);
  assert.ok(reading);
  return reading;
}

function interruptions(reading: Reading, aheadMs = 0): Interruption[] {
  return reading.sightings.map((sighting) =>
    sighting.interruption({
      id: sighting.id(where),
      seenAt,
      where,
      toLocal: (instant) => instant - aheadMs,
    }),
  );
}

/** The one interruption that the document shows. */
function only(kind: SignalKindName, body: string): Interruption {
  const reading = read(kind, body);
  assert.equal(reading.unreadable, undefined);
  const [interruption, ...others] = interruptions(reading);
  assert.ok(interruption);
  assert.deepEqual(others, []);
  return interruption;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const at = (time: string): number => Date.parse(time);

test('a notice to terminate', () => {
  assert.deepEqual(only('spot-instance-action', fixture('spot-terminate.json')), {
    kind: 'SPOT_ITN',
    id: `spot-itn-${sha256('&{terminate 2017-09-18T08:22:00Z}')}`,
    monitor: 'SPOT_ITN_MONITOR',
    description: 'Spot ITN received. Instance will be interrupted at 2017-09-18T08:22:00Z \n',
    where,
    seenAt,
    startTime: at('2017-09-18T08:22:00Z'),
    action: 'terminate',
    deadline: at('2017-09-18T08:22:00Z'),
  });
});

test('a notice to stop, and one to hibernate whose deadline is its own time', () => {
  const stop = only('spot-instance-action', fixture('spot-stop.json'));
  assert.ok(stop.kind === 'SPOT_ITN' && stop.action === 'stop');
  const hibernate = only('spot-instance-action', fixture('spot-hibernate.json'));
  assert.ok(hibernate.kind === 'SPOT_ITN' && hibernate.action === 'hibernate');
  assert.equal(hibernate.deadline, at('2017-09-18T08:20:05Z'));
});

const oddNotices: readonly (readonly [string, unknown, { action: string; inSeconds: number }])[] = [
  [
    'an action nobody has heard of',
    { action: 'melt', time: '2017-09-18T08:22:00Z' },
    { action: 'terminate', inSeconds: 120 },
  ],
  [
    'an action that is no text',
    { action: 7, time: '2017-09-18T08:21:00Z' },
    { action: 'terminate', inSeconds: 60 },
  ],
  ['no time', { action: 'stop' }, { action: 'stop', inSeconds: 120 }],
  [
    'a time that is a number',
    { action: 'terminate', time: 1505722920 },
    { action: 'terminate', inSeconds: 120 },
  ],
  ['a time that is words', { action: 'terminate', time: 'soon' }, { action: 'terminate', inSeconds: 120 }],
  [
    'a day that is in no calendar',
    { action: 'terminate', time: '2017-19-38T08:22:00Z' },
    { action: 'terminate', inSeconds: 120 },
  ],
  [
    'a time in the past',
    { action: 'terminate', time: '2001-01-01T00:00:00Z' },
    { action: 'terminate', inSeconds: -527_415_600 },
  ],
  [
    'hibernation that has begun',
    { action: 'hibernate', time: '2017-09-18T08:19:00Z' },
    { action: 'hibernate', inSeconds: -60 },
  ],
  [
    'a time with a fraction and an offset',
    { action: 'terminate', time: '2017-09-18T10:21:30.5+02:00' },
    { action: 'terminate', inSeconds: 90.5 },
  ],
];
for (const [what, notice, expected] of oddNotices) {
  test(`a notice is never ignored: ${what}`, () => {
    const interruption = only('spot-instance-action', JSON.stringify(notice));
    assert.ok(interruption.kind === 'SPOT_ITN');
    assert.equal(interruption.action, expected.action);
    assert.equal((interruption.deadline - seenAt) / 1000, expected.inSeconds);
  });
}

for (const body of [
  '',
  '  ',
  '{}',
  '[]',
  'null',
  '{"action":null}',
  '{"action":""}',
  '"terminate"',
  '{"action":"terminate"',
  '{"time":"2017-09-18T08:22:00Z"}',
]) {
  test(`no notice: ${JSON.stringify(body)}`, () => {
    const reading = read('spot-instance-action', body);
    assert.deepEqual(reading.sightings, []);
    assert.ok(reading.unreadable);
  });
}

test('a rebalance recommendation', () => {
  assert.deepEqual(only('rebalance-recommendation', fixture('rebalance.json')), {
    kind: 'REBALANCE_RECOMMENDATION',
    id: `rebalance-recommendation-${sha256('&{2020-10-27T08:22:00Z}')}`,
    monitor: 'REBALANCE_RECOMMENDATION_MONITOR',
    description: 'Rebalance recommendation received. Instance will be cordoned at 2020-10-27T08:22:00Z \n',
    where,
    seenAt,
    startTime: at('2020-10-27T08:22:00Z'),
    noticedAt: at('2020-10-27T08:22:00Z'),
  });
  const odd = only('rebalance-recommendation', '{"noticeTime":"now"}');
  assert.ok(odd.kind === 'REBALANCE_RECOMMENDATION' && odd.noticedAt === seenAt);
  for (const body of ['{}', '[]', '{"noticeTime":null}', '{"noticeTime":""}', '<html>']) {
    assert.ok(read('rebalance-recommendation', body).unreadable, body);
  }
});

test('an active maintenance event', () => {
  assert.deepEqual(only('scheduled-maintenance', fixture('maintenance-active.json')), {
    kind: 'SCHEDULED_EVENT',
    id: 'instance-event-0d59937288b749b32',
    monitor: 'SCHEDULED_EVENT_MONITOR',
    description:
      'system-reboot will occur between 21 Jan 2019 09:00:43 GMT and 21 Jan 2019 09:17:23 GMT because scheduled reboot\n',
    where,
    seenAt,
    startTime: seenAt,
    endTime: at('2019-01-21T09:17:23Z'),
    code: 'system-reboot',
    notBefore: at('2019-01-21T09:00:43Z'),
    notAfter: at('2019-01-21T09:17:23Z'),
  });
});

test('maintenance of every code, with and without an end', () => {
  const events = interruptions(read('scheduled-maintenance', fixture('maintenance-every-code.json')));
  assert.deepEqual(
    events.map((event) => event.kind === 'SCHEDULED_EVENT' && event.code),
    ['system-reboot', 'instance-reboot', 'instance-stop', 'instance-retirement', 'system-maintenance'],
  );
  const [, reboot, stop] = events;
  assert.ok(reboot?.kind === 'SCHEDULED_EVENT' && stop?.kind === 'SCHEDULED_EVENT');
  assert.equal(reboot.notBefore, at('2019-02-05T09:00:43Z'));
  assert.equal(stop.notAfter, undefined);
  assert.equal(stop.endTime, stop.notBefore);
});

test('active maintenance without usable times begins now', () => {
  const event = only('scheduled-maintenance', '[{"EventId":"e","State":"active","NotBefore":"tomorrow"}]');
  assert.ok(event.kind === 'SCHEDULED_EVENT');
  assert.equal(event.notBefore, seenAt);
});

test('maintenance that is over or called off is an end, in the list and in the history', () => {
  const id = 'instance-event-0d59937288b749b32';
  for (const why of ['canceled', 'completed'] as const) {
    for (const [document, name] of [`maintenance-${why}.json`, `history-${why}.json`].entries()) {
      const reading = read('scheduled-maintenance', fixture(name), document);
      assert.deepEqual(reading, { sightings: [], finished: [{ id, why }] });
    }
  }
});

test('the history shows nothing that is still to come', () => {
  const reading = read('scheduled-maintenance', fixture('maintenance-active.json'), 1);
  assert.deepEqual(reading, { sightings: [], finished: [] });
});

test('an event without a known id and state is passed over, the others are not', () => {
  const events = [
    { EventId: 'known', State: 'active', Code: 'system-reboot' },
    { EventId: 'postponed', State: 'postponed' },
    { State: 'active' },
    { EventId: ['list'], State: 'active' },
    { EventId: 'with space', State: 'active' },
    'active',
    null,
  ];
  const reading = read('scheduled-maintenance', JSON.stringify(events));
  assert.deepEqual(
    reading.sightings.map(({ key }) => key),
    ['known'],
  );
  assert.match(reading.unreadable ?? '', /^6 of its events/);
});

test('no maintenance', () => {
  assert.deepEqual(read('scheduled-maintenance', fixture('maintenance-none.json')), {
    sightings: [],
    finished: [],
  });
  assert.deepEqual(read('scheduled-maintenance', undefined), { sightings: [], finished: [] });
  for (const body of ['', '{}', fixture('error-page.txt')]) {
    assert.ok(read('scheduled-maintenance', body).unreadable);
  }
});

const states: readonly (readonly [string, boolean])[] = [
  ['inservice', false],
  ['terminated', true],
  ['detached', false],
  ['standby', false],
  ['warmed-hibernated', false],
  ['warmed-running', false],
  ['warmed-stopped', false],
  ['warmed-terminated', true],
];
for (const [state, terminates] of states) {
  test(`target lifecycle state ${state} ${terminates ? 'ends' : 'leaves'} the instance`, () => {
    const reading = read('target-lifecycle-state', fixture(`target-${state}.txt`));
    assert.equal(reading.unreadable, undefined);
    assert.equal(reading.sightings.length, terminates ? 1 : 0);
  });
}

test("the group's termination has an id that another poll or another process finds again", () => {
  const [one] = interruptions(read('target-lifecycle-state', 'Terminated'));
  const [other] = interruptions(read('target-lifecycle-state', 'Terminated\n'));
  assert.deepEqual(one, other);
  assert.match(one?.id ?? '', /^target-lifecycle-state-terminated-[0-9a-f]{64}$/);
  assert.equal(one?.description, 'AST target lifecycle state received. Instance will be terminated\n');
  assert.ok(one.kind === 'ASG_LIFECYCLE' && !one.returnsToWarmPool);
});

test('no target lifecycle state, and one that is a page', () => {
  assert.deepEqual(read('target-lifecycle-state', undefined), { sightings: [], finished: [] });
  assert.deepEqual(read('target-lifecycle-state', ''), { sightings: [], finished: [] });
  assert.ok(read('target-lifecycle-state', fixture('error-page.txt')).unreadable);
});

test('deadlines are on this clock, the times that AWS gave are not', () => {
  const [spot] = interruptions(read('spot-instance-action', fixture('spot-terminate.json')), 5000);
  assert.ok(spot?.kind === 'SPOT_ITN');
  assert.equal(spot.startTime - spot.deadline, 5000);
  const [event] = interruptions(read('scheduled-maintenance', fixture('maintenance-active.json')), 5000);
  assert.ok(event?.kind === 'SCHEDULED_EVENT');
  assert.equal(event.notBefore, at('2019-01-21T09:00:38Z'));
});

const recorded = (name: string): string => fixture(`ec2-metadata-mock/${name}`);

for (const action of ['terminate', 'stop', 'hibernate']) {
  test(`the notice of the EC2 metadata mock: ${action}`, () => {
    const notice = only('spot-instance-action', recorded(`spot-${action}.json`));
    assert.ok(notice.kind === 'SPOT_ITN');
    assert.equal(notice.action, action);
    assert.equal(notice.deadline, notice.startTime);
  });
}

for (const code of [
  'instance-reboot',
  'instance-retirement',
  'instance-stop',
  'system-maintenance',
  'system-reboot',
]) {
  test(`maintenance of the EC2 metadata mock: ${code}`, () => {
    const event = only('scheduled-maintenance', recorded(`maintenance-${code}-active.json`));
    assert.ok(event.kind === 'SCHEDULED_EVENT');
    assert.equal(event.code, code);
    assert.equal(event.notBefore, at('2030-01-09T03:04:05Z'));
    for (const why of ['canceled', 'completed'] as const) {
      const reading = read('scheduled-maintenance', recorded(`maintenance-${code}-${why}.json`));
      assert.deepEqual(reading, { sightings: [], finished: [{ id: event.id, why }] });
    }
  });
}

test('the other documents of the EC2 metadata mock', () => {
  assert.equal(only('rebalance-recommendation', recorded('rebalance.json')).kind, 'REBALANCE_RECOMMENDATION');
  const terminated = recorded('target-lifecycle-state-terminated.txt');
  assert.equal(only('target-lifecycle-state', terminated).kind, 'ASG_LIFECYCLE');
  const inService = read('target-lifecycle-state', recorded('target-lifecycle-state-in-service.txt'));
  assert.deepEqual(inService, { sightings: [], finished: [] });
});
