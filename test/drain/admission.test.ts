import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Admission, type Ticket } from '../../src/drain/admission.ts';
import { FakeClock } from '../fakes/clock.ts';

function door(mostDrains: number, mostPods: number) {
  const clock = new FakeClock();
  const admission = new Admission({ mostDrains, mostPods }, { clock });
  const tickets = new Map<string, Ticket>();
  const enter = (name: string, urgency: number, signal = new AbortController().signal) => {
    const entering = admission.enter(urgency, signal).then((ticket) => tickets.set(name, ticket));
    entering.catch(() => {});
    return entering;
  };
  return { clock, enter, tickets, inside: () => [...tickets.keys()].join(' ') };
}

test('as many as may, the earliest deadline first, first come first served within one', async () => {
  const { clock, enter, tickets, inside } = door(2, 100);
  for (const [name, urgency] of [
    ['a', 5],
    ['b', 5],
    ['c', 9],
    ['d', 7],
    ['e', 7],
  ] as const)
    void enter(name, urgency);
  await clock.settle();
  assert.equal(inside(), 'a b');
  tickets.get('a')?.leave();
  tickets.get('a')?.leave();
  await clock.settle();
  assert.equal(inside(), 'a b d');
  tickets.get('b')?.leave();
  tickets.get('d')?.leave();
  await clock.settle();
  assert.equal(inside(), 'a b d e c');
});

test('nobody is let in while many pods wait for their answers', async () => {
  const { clock, enter, tickets, inside } = door(10, 4);
  await enter('a', 1);
  tickets.get('a')?.waitsFor(250);
  void enter('b', 1);
  await clock.settle();
  assert.equal(inside(), 'a');
  tickets.get('a')?.waitsFor(3);
  await clock.settle();
  assert.equal(inside(), 'a b');
});

test('who gives up leaves its place to the next', async () => {
  const { clock, enter, tickets, inside } = door(1, 4);
  await enter('a', 1);
  const stop = new AbortController();
  const given = enter('b', 1, stop.signal);
  void enter('c', 1);
  stop.abort(new Error('the drain has ended'));
  await assert.rejects(given, /the drain has ended/);
  tickets.get('a')?.leave();
  await clock.settle();
  assert.equal(inside(), 'a c');
});
