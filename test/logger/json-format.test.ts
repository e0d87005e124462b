import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capturedLogger } from './captured-logger.ts';

test('writes every record to stderr, with the names NTH has', () => {
  const { logger, stdout, stderr } = capturedLogger({ json: true });
  logger.child({ node: 'n1' }).info('Node successfully cordoned', { pods: ['a'] });
  assert.deepEqual(stdout, []);
  assert.deepEqual(stderr, [
    '{"level":"info","node":"n1","pods":["a"],"time":"2017-09-18T08:22:05Z","message":"Node successfully cordoned"}\n',
  ]);
});

test('writes an error as its text', () => {
  const { logger, stderr } = capturedLogger({ json: true });
  logger.error('m', { error: new Error('outer', { cause: new Error('inner') }) });
  assert.equal(JSON.parse(stderr[0] ?? '').error, 'outer: inner');
});

test('lets no field replace level, time or message', () => {
  const { logger, stderr } = capturedLogger({ json: true });
  logger.warn('m', { level: 'x', time: 'x', message: 'x' });
  assert.deepEqual(stderr, ['{"level":"warn","time":"2017-09-18T08:22:05Z","message":"m"}\n']);
});

test('keeps a message with line breaks on one line', () => {
  const { logger, stderr } = capturedLogger({ json: true });
  logger.info('a\nb', { field: 'c\nd' });
  assert.deepEqual(stderr, [
    String.raw`{"level":"info","field":"c\nd","time":"2017-09-18T08:22:05Z","message":"a\nb"}` + '\n',
  ]);
});

test('survives values that JSON cannot hold', () => {
  const { logger, stderr } = capturedLogger({ json: true });
  const circular: { self?: unknown } = {};
  circular.self = circular;
  logger.info('m', { circular, big: 12n, absent: undefined, infinite: Infinity });
  const record = JSON.parse(stderr[0] ?? '');
  assert.match(record.circular, /^unprintable: /u);
  assert.equal(record.big, '12');
  assert.equal(record.infinite, 'Infinity');
  assert.ok(!('absent' in record));
});
