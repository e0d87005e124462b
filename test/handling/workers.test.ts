import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Workers } from '../../src/handling/workers.ts';

test('as many as there are workers have their turn at once, the others in the order in which they came', () => {
  const workers = new Workers(2);
  const places = [1, 2, 3, 4].map(() => workers.enter(() => {}));
  const turns = () => places.map(({ isItsTurn }) => isItsTurn);
  assert.deepEqual(turns(), [true, true, false, false]);
  places[1]?.leave();
  assert.deepEqual(turns(), [true, true, true, false]);
  places[0]?.leave();
  assert.deepEqual(turns(), [true, true, true, true]);
});

test('one that leaves before its turn makes no room, and is passed over', () => {
  const workers = new Workers(1);
  const told: string[] = [];
  const [first, second, third] = ['first', 'second', 'third'].map((name) =>
    workers.enter(() => told.push(name)),
  );
  second?.leave();
  assert.equal(third?.isItsTurn, false);
  first?.leave();
  assert.deepEqual(told, ['first', 'third']);
  assert.equal(second?.isItsTurn, false);
  third.leave();
  assert.equal(workers.enter(() => {}).isItsTurn, true);
});
