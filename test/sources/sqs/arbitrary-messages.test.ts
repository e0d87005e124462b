import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { interruptionKinds } from '../../../src/interruption/interruption.ts';
import { readMessage } from '../../../src/sources/sqs/parsers.ts';
import type { Reading, Signal } from '../../../src/sources/sqs/signal.ts';
import { fixture, fixtureNames } from './fixtures.ts';

const seenAt = Date.parse('2030-01-01T00:00:03Z');

function read(body: string): Reading {
  return readMessage(body, 'message-1', { seenAt, toLocal: (instant) => instant - 1000 });
}

/** Whatever the body was, what comes out of it can be worked with. */
function assertUsable(reading: Reading): void {
  switch (reading.type) {
    case 'nothing':
    case 'unreadable':
      assert.ok(reading.why.length > 0 && reading.why.length < 100);
      break;
    case 'reservation':
      assert.match(reading.reservationId, /^cr-[0-9a-f]{1,64}$/);
      assertUsableSignal(reading.signal('i-0a'));
      break;
    case 'signals':
      assert.ok(reading.signals.length > 0);
      for (const signal of reading.signals) assertUsableSignal(signal);
      break;
  }
}

function assertUsableSignal(signal: Signal): void {
  if (signal.type === 'cancellation') {
    assert.match(signal.interruptionId, /^aws-health-/);
    assert.match(signal.where.instanceId ?? '', /^i-[0-9A-Za-z]{1,64}$/);
    return;
  }
  const { interruption } = signal;
  const { id, description, where, startTime } = interruption;
  assert.ok(interruptionKinds.includes(interruption.kind));
  assert.match(where.instanceId ?? '', /^i-[0-9A-Za-z]{1,64}$/);
  assert.match(id, /^[a-z0-9-]+-[0-9a-f]+$/);
  assert.ok(description.endsWith('\n') && description.length < 2500);
  assert.ok(Number.isFinite(startTime));
  if (interruption.kind === 'SPOT_ITN') assert.ok(Number.isFinite(interruption.deadline));
  if (id.startsWith('spot-itn-event')) {
    assert.ok(interruption.kind === 'SPOT_ITN' && interruption.deadline <= seenAt + 120_000);
  }
  if (interruption.kind === 'SCHEDULED_EVENT') assert.ok(Number.isFinite(interruption.notBefore));
}

const fixtures = fixtureNames.map((name) => JSON.parse(fixture(name)) as Record<string, unknown>);

/** Every place within an object, as the keys that lead to it. */
function placesOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, part]) => placesOf(part, [...path, key]))];
}

/** The object with something else at the place; undefined takes it away. */
function changed(value: unknown, [key, ...rest]: readonly string[], part: unknown): unknown {
  if (key === undefined) return part;
  const copy = structuredClone(value) as Record<string, unknown>;
  copy[key] = changed(copy[key], rest, part);
  return copy;
}

const odd = fc.oneof(
  fc.jsonValue(),
  fc.constant(undefined),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', 'i-', 'i-0a', '__proto__', 'constructor', '2030-02-30T99:00:00Z', '9'.repeat(400)),
  fc.string().map((text) => text.repeat(2000)),
);

const mutated = fc
  .record({
    message: fc.constantFrom(...fixtures),
    mutations: fc.array(fc.tuple(fc.nat(), odd), { minLength: 1, maxLength: 4 }),
  })
  .map(({ message, mutations }) =>
    mutations.reduce<unknown>((value, [place, part]) => {
      const places = placesOf(value);
      return changed(value, places[place % places.length] ?? [], part);
    }, message),
  );

const runs = { numRuns: 1000 };

test('every recorded message is read', () => {
  for (const name of fixtureNames) {
    const reading = read(fixture(name));
    assert.notEqual(reading.type, 'unreadable', name);
    assertUsable(reading);
  }
});

test('a recorded message in which anything is something else never throws, and says nothing unusable', () => {
  fc.assert(
    fc.property(mutated, (message) => assertUsable(read(JSON.stringify(message)))),
    runs,
  );
});

test('nor does one that came through SNS', () => {
  fc.assert(
    fc.property(mutated, (message) =>
      assertUsable(read(JSON.stringify({ Message: JSON.stringify(message) }))),
    ),
    runs,
  );
});

test('nor does any text, or a message that was cut off', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.json(),
        fc
          .tuple(fc.constantFrom(...fixtureNames), fc.nat(3000))
          .map(([name, end]) => fixture(name).slice(0, end)),
      ),
      (body) => assertUsable(read(body)),
    ),
    runs,
  );
});

test('the same message is the same interruption, whenever it comes', () => {
  for (const name of fixtureNames) {
    const ids = [seenAt, seenAt + 3_600_000].map((at) => {
      const reading = readMessage(fixture(name), 'message-1', { seenAt: at, toLocal: (instant) => instant });
      return reading.type === 'signals'
        ? reading.signals.map((it) => (it.type === 'interruption' ? it.interruption.id : it.interruptionId))
        : reading.type;
    });
    assert.deepEqual(ids[0], ids[1], name);
  }
});
