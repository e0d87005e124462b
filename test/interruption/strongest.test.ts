import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { escalations, responses, strongest, type Decision } from '../../src/interruption/policy.ts';

const decision: fc.Arbitrary<Decision> = fc
  .record({
    response: fc.constantFrom(...responses),
    drainAt: fc.integer({ min: 0, max: 5 }),
    deadline: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
    deadlineIsMachineEnd: fc.boolean(),
    endsMachine: fc.boolean(),
    nodeGracePeriodMs: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
    escalation: fc.constantFrom(...escalations),
  })
  .map((it) => ({ ...it, deadlineIsMachineEnd: it.deadline !== undefined && it.deadlineIsMachineEnd }));

test('several interruptions: the strongest response wins, whatever the order', () => {
  fc.assert(
    fc.property(fc.array(decision, { minLength: 1 }), (decisions) => {
      const merged = strongest(decisions);
      const order = ['ignore', 'mark', 'drain'];
      const most = Math.max(...decisions.map((it) => order.indexOf(it.response)));
      assert.equal(merged.response, order[most]);
      assert.equal(strongest(decisions.toReversed()).response, merged.response);
    }),
  );
});

const acting = (decisions: readonly Decision[]): Decision[] =>
  decisions.filter((it) => it.response !== 'ignore');

const earliest = (instants: readonly (number | undefined)[]): number | undefined => {
  const known = instants.filter((it) => it !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
};

test("several interruptions: the machine's end is the deadline, else the earliest, whatever the order", () => {
  fc.assert(
    fc.property(fc.array(decision), (decisions) => {
      const ends = acting(decisions).filter((it) => it.deadlineIsMachineEnd);
      const expected = earliest((ends.length > 0 ? ends : acting(decisions)).map((it) => it.deadline));
      for (const merged of [strongest(decisions), strongest(decisions.toReversed())]) {
        assert.equal(merged.deadline, expected);
        assert.equal(merged.deadlineIsMachineEnd, ends.length > 0);
      }
    }),
  );
});

test('several interruptions: the drain begins when the first that asks for one wants it to', () => {
  fc.assert(
    fc.property(fc.array(decision), (decisions) => {
      const draining = decisions.filter((it) => it.response === 'drain');
      if (draining.length === 0) return;
      assert.equal(strongest(decisions).drainAt, earliest(draining.map((it) => it.drainAt)));
    }),
  );
});

test('what is ignored changes nothing', () => {
  fc.assert(
    fc.property(fc.array(decision), (decisions) => {
      if (acting(decisions).length === 0) return;
      assert.deepEqual(strongest(decisions), strongest(acting(decisions)));
    }),
  );
});
