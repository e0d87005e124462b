import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { signalKinds, type SignalKindName } from '../../../src/sources/imds/parsers.ts';
import { fixture, historyPath, rebalancePath, scheduledPath, spotPath, targetStatePath } from './fixtures.ts';
import { sourceOverDocuments } from './source-over-documents.ts';

const kinds = Object.keys(signalKinds) as SignalKindName[];
const now = Date.parse('2030-01-01T00:00:00Z');

/** Values near to those that the documents have, so that a good part of them gets through. */
const value = fc.oneof(
  fc.constantFrom<unknown>(
    'terminate',
    'stop',
    'hibernate',
    '2030-01-01T00:02:00Z',
    '21 Jan 2030 09:00:43 GMT',
    'active',
    'completed',
    'canceled',
    'instance-event-1',
    null,
    true,
    0,
    '',
  ),
  fc.string(),
  fc.jsonValue(),
);
const noticeOrEvent = fc.dictionary(
  fc.constantFrom(
    'action',
    'time',
    'noticeTime',
    'EventId',
    'State',
    'Code',
    'NotBefore',
    'NotAfter',
    '__proto__',
  ),
  value,
);
const fixtures = [
  'spot-terminate.json',
  'spot-hibernate.json',
  'rebalance.json',
  'maintenance-every-code.json',
  'maintenance-canceled.json',
  'target-terminated.txt',
  'error-page.txt',
].map(fixture);
/** A fixture with some of its characters replaced, left out or repeated. */
const mutated = fc
  .tuple(
    fc.constantFrom(...fixtures),
    fc.array(fc.tuple(fc.nat(1500), fc.nat(8), fc.string({ maxLength: 4 })), { maxLength: 4 }),
  )
  .map(([text, cuts]) =>
    cuts.reduce(
      (body, [at, length, put]) =>
        body.slice(0, at % body.length) + put + body.slice((at % body.length) + length),
      text,
    ),
  );
const body = fc.oneof(
  mutated,
  noticeOrEvent.map((it) => JSON.stringify(it)),
  fc.array(noticeOrEvent, { maxLength: 4 }).map((it) => JSON.stringify(it)),
  fc.json(),
  fc.string(),
  fc.constantFrom(
    'InService',
    'Terminated',
    ' Warmed:Terminated\n',
    'Terminated!',
    '\u0000',
    '[',
    '{}',
    'null',
  ),
);

/** The rule of the contract, written without the parsers: may this document show an interruption at all? */
function mayInterrupt(kind: SignalKindName, text: string): boolean {
  if (kind === 'target-lifecycle-state') return /^\s*(Warmed:)?Terminated\s*$/.test(text);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return false;
  }
  if (typeof document !== 'object' || document === null) return false;
  const object = document as Record<string, unknown>;
  if (kind === 'spot-instance-action') return Boolean(object['action'] ?? false) || object['action'] === 0;
  if (kind === 'rebalance-recommendation') return typeof object['noticeTime'] === 'string';
  return Array.isArray(document) && document.some((event: unknown) => /active/i.test(JSON.stringify(event)));
}

test('no document makes a parser throw, and none interrupts that does not say so', () => {
  fc.assert(
    fc.property(fc.constantFrom(...kinds), body, (kind, text) => {
      for (const document of signalKinds[kind].documents) {
        const reading = document.read(text);
        if (reading.sightings.length > 0) assert.ok(mayInterrupt(kind, text), `${kind}: ${text}`);
        for (const sighting of reading.sightings) {
          const first = {
            id: sighting.id({ nodeName: 'n' }),
            seenAt: now,
            where: {},
            toLocal: (it: number) => it,
          };
          const interruption = sighting.interruption(first);
          assert.ok(interruption.id.length > 0 && interruption.id.length <= 250);
          assert.ok(interruption.description.endsWith('\n'));
          const times = Object.values(interruption).filter((it) => typeof it === 'number');
          assert.ok(times.every(Number.isFinite), JSON.stringify(interruption));
        }
      }
    }),
    { numRuns: 4000 },
  );
});

test('a notice that is JSON with an action is never ignored', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }),
      value,
      fc.dictionary(fc.string(), fc.jsonValue()),
      (action, time, more) => {
        const notice = JSON.stringify({ ...more, action, time });
        const reading = signalKinds['spot-instance-action'].documents[0]?.read(notice);
        assert.equal(reading?.sightings.length, 1);
      },
    ),
    { numRuns: 500 },
  );
});

test('whatever is shown in whatever order: the source lives, and each signal keeps its id while it is shown', async () => {
  const paths = [spotPath, scheduledPath, historyPath, rebalancePath, targetStatePath];
  const step = fc.tuple(fc.constantFrom(...paths), fc.option(body));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      await using it = sourceOverDocuments({
        periodsMs: {
          'spot-instance-action': 1000,
          'scheduled-maintenance': 1000,
          'rebalance-recommendation': 1000,
          'target-lifecycle-state': 1000,
        },
      });
      it.start();
      for (const [path, document] of steps) {
        if (document === null) it.imds.clear(path);
        else it.imds.set(path, document);
        await it.clock.advance(1000);
      }
      const problems = it.records.filter(({ message }) => message.startsWith('There was a problem'));
      assert.deepEqual(problems, []);
      assert.deepEqual(it.health.notReadyReasons(), []);
      const spots = it.interruptions().filter(({ kind }) => kind === 'SPOT_ITN');
      // Without a gap of three polls there can be one id only.
      const gap = steps.some(([path, document]) => path === spotPath && document === null);
      if (!gap) assert.ok(new Set(spots.map(({ id }) => id)).size <= 1);
    }),
    { numRuns: 60 },
  );
});
