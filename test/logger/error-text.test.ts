import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorText } from '../../src/error-text.ts';

test('joins an error and its causes, outermost first', () => {
  const error = new Error('a', { cause: new Error('b', { cause: 'c' }) });
  assert.equal(errorText(error), 'a: b: c');
});

test('does not repeat a cause that its wrapper quotes', () => {
  const error = new Error('Cannot connect: connect ECONNREFUSED', {
    cause: new Error('connect ECONNREFUSED'),
  });
  assert.equal(errorText(error), 'Cannot connect: connect ECONNREFUSED');
});

test('tells the members of an aggregate, once each', () => {
  const refused = new Error('connect ECONNREFUSED ::1:80');
  assert.equal(errorText(new AggregateError([refused, refused], '')), 'connect ECONNREFUSED ::1:80');
  assert.equal(
    errorText(new AggregateError([refused, new Error('x')], 'Cannot connect')),
    'Cannot connect (connect ECONNREFUSED ::1:80; x)',
  );
});

test('falls back to the code and then the name of an error without a message', () => {
  assert.equal(errorText(Object.assign(new Error(''), { code: 'EPIPE' })), 'EPIPE');
  assert.equal(errorText(new TypeError('')), 'TypeError');
  assert.equal(errorText(new AggregateError([], '')), 'AggregateError');
});

test('ends where causes go round in a circle', () => {
  const error = new Error('a');
  error.cause = new Error('b', { cause: error });
  assert.equal(errorText(error), 'a: b');
});

test('tells what was thrown that is no error', () => {
  assert.equal(errorText('text'), 'text');
  assert.equal(errorText({ code: 1 }), '{"code":1}');
  assert.equal(errorText(null), 'null');
  const circular: { self?: unknown } = {};
  circular.self = circular;
  assert.equal(errorText(circular), '[object Object]');
});
