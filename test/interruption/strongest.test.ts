import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { strongest, type Decision } from '../../src/interruption/policy.ts';

const decision: fc.Arbitrary<Decision> = fc
  .record({
    response: fc.constantFrom('ignore', 'mark', 'drain'),
    deadline: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
    deadlineIsMachineEnd: fc.boolean(),
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

test('several interruptions: the earliest deadline wins, whatever the order', () => {
  fc.assert(
    fc.property(fc.array(decision), (decisions) => {
      const deadlines = decisions.flatMap((it) => it.deadline ?? []);
      const earliest = deadlines.length === 0 ? undefined : Math.min(...deadlines);
      assert.equal(strongest(decisions).deadline, earliest);
      assert.equal(strongest(decisions.toReversed()).deadline, earliest);
    }),
  );
});
