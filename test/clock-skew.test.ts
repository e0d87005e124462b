import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ClockSkew } from '../src/clock-skew.ts';
import { createMetrics } from '../src/metrics.ts';
import { capturedLogger } from './logger/captured-logger.ts';

const t0 = Date.parse('2030-01-01T00:00:00Z');

function observed() {
  const { logger, stderr } = capturedLogger();
  const metrics = createMetrics('test');
  const skew = new ClockSkew({ against: 'imds' }, { log: logger, metrics });
  return {
    skew,
    warnings: stderr,
    /** An answer of a server whose clock is ahead by so much, to a request sent at this time. */
    answer(aheadMs: number, sentAt: number, roundTripMs = 2): void {
      const date = new Date(sentAt + roundTripMs / 2 + aheadMs).toUTCString();
      skew.observe(date, sentAt, sentAt + roundTripMs);
    },
    gauge: async () => (await metrics.clockSkew.get()).values[0]?.value,
  };
}

test('a clock that is right needs no correction, however the seconds fall', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(10_000), { minLength: 1, maxLength: 20 }),
      fc.nat(800),
      (gaps, roundTripMs) => {
        const it = observed();
        let now = t0;
        for (const gap of gaps) {
          now += gap;
          it.answer(0, now, roundTripMs);
          assert.equal(it.skew.skewMs, 0);
        }
        assert.deepEqual(it.warnings, []);
      },
    ),
    { numRuns: 200 },
  );
});

test('a difference is known within a second at once, and better with each answer', () => {
  fc.assert(
    fc.property(fc.integer({ min: -100_000_000, max: 100_000_000 }), fc.nat(999), (aheadMs, phase) => {
      fc.pre(Math.abs(aheadMs) > 2000);
      const it = observed();
      it.answer(aheadMs, t0 + phase);
      assert.ok(Math.abs(it.skew.skewMs - aheadMs) <= 700);
      for (let poll = 1; poll <= 60; poll += 1) it.answer(aheadMs, t0 + phase + poll * 1037);
      assert.ok(Math.abs(it.skew.skewMs - aheadMs) <= 200);
      assert.ok(Math.abs(it.skew.toLocal(t0 + aheadMs) - t0) <= 200);
    }),
    { numRuns: 200 },
  );
});

test('one answer with a wrong date is passed over, a clock that was set is followed', () => {
  const it = observed();
  for (let poll = 0; poll < 5; poll += 1) it.answer(0, t0 + poll * 1000);
  it.answer(-86_400_000, t0 + 5000);
  assert.equal(it.skew.skewMs, 0);
  it.answer(0, t0 + 6000);
  assert.equal(it.skew.skewMs, 0);
  it.answer(30_000, t0 + 7000);
  it.answer(30_000, t0 + 8000);
  assert.ok(Math.abs(it.skew.skewMs - 30_000) < 700);
});

test('a drift of hours is followed', () => {
  const it = observed();
  let aheadMs = 0;
  for (let poll = 0; poll < 20_000; poll += 1) {
    aheadMs += 0.1;
    it.answer(aheadMs, t0 + poll * 1000);
  }
  assert.ok(Math.abs(it.skew.skewMs - 2000) < 300, String(it.skew.skewMs));
});

test('a difference over two seconds is told once', async () => {
  const it = observed();
  for (let poll = 0; poll < 1000; poll += 1) it.answer(-3000, t0 + poll * 1037);
  assert.equal(it.warnings.length, 1);
  assert.match(it.warnings[0] ?? '', /against=imds skew_seconds=-\d/);
  const gauge = await it.gauge();
  assert.ok(gauge !== undefined && Math.abs(gauge + 3) < 0.3);
});

test('answers without a usable date teach nothing', () => {
  const it = observed();
  for (const date of [undefined, '', 'yesterday', 'Tue, 99 Jan 2030 00:00:00 GMT'])
    it.skew.observe(date, t0, t0 + 1);
  it.skew.observe(new Date(0).toUTCString(), t0 + 10_000, t0);
  assert.equal(it.skew.skewMs, 0);
});
