import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Admission, type Ticket } from '../../src/drain/admission.ts';
import { FakeClock } from '../fakes/clock.ts';

function door(mostDrains: number, mostPods: number) {
  const admission = new Admission({ mostDrains, mostPods }, { clock: new FakeClock() });
  const tickets = new Map<string, Ticket>();
  const admitted: string[] = [];
  const enter = (name: string, urgency: number): void => {
    tickets.set(
      name,
      admission.enter(urgency, () => admitted.push(name)),
    );
  };
  return { enter, tickets, admitted: () => admitted.join(' ') };
}

test('as many as may, the earliest deadline first, first come first served within one', () => {
  const { enter, tickets, admitted } = door(2, 100);
  for (const [name, urgency] of [
    ['a', 5],
    ['b', 5],
    ['c', 9],
    ['d', 7],
    ['e', 7],
  ] as const)
    enter(name, urgency);
  assert.equal(admitted(), 'a b');
  tickets.get('a')?.leave();
  tickets.get('a')?.leave();
  assert.equal(admitted(), 'a b d');
  tickets.get('b')?.leave();
  tickets.get('d')?.leave();
  assert.equal(admitted(), 'a b d e c');
});

test('nobody is let in while many pods wait for their answers', () => {
  const { enter, tickets, admitted } = door(10, 4);
  enter('a', 1);
  tickets.get('a')?.waitsFor(250);
  enter('b', 1);
  assert.equal(admitted(), 'a');
  tickets.get('a')?.waitsFor(3);
  assert.equal(admitted(), 'a b');
});

test('who gives up leaves its place to the next', () => {
  const { enter, tickets, admitted } = door(1, 4);
  for (const name of ['a', 'b', 'c']) enter(name, 1);
  tickets.get('b')?.leave();
  tickets.get('a')?.leave();
  assert.equal(admitted(), 'a c');
  assert.equal(tickets.get('b')?.isIn, false);
});
