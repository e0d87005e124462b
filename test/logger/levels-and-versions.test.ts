import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLevel } from '../../src/logger.ts';
import { capturedLogger } from './captured-logger.ts';

const written: [LogLevel, string[]][] = [
  ['debug', ['debug', 'info', 'warn', 'error']],
  ['info', ['info', 'warn', 'error']],
  ['warn', ['warn', 'error']],
  ['error', ['error']],
];
for (const [level, expected] of written) {
  test(`at level ${level} writes ${expected.join(', ')}`, () => {
    const { logger, stderr } = capturedLogger({ json: true, level });
    for (const at of ['debug', 'info', 'warn', 'error'] as const) logger[at]('m');
    assert.deepEqual(
      stderr.map((line) => JSON.parse(line).level),
      expected,
    );
  });
}

test('format version 1 names the monitor event_type', () => {
  const { logger, stdout } = capturedLogger({ formatVersion: 1 });
  logger.info('Started monitoring for events', { monitor_type: 'SQS_MONITOR' });
  assert.deepEqual(stdout, [
    '2017/09/18 08:22:05 INF Started monitoring for events event_type=SQS_MONITOR\n',
  ]);
});

test('format version 2 names it monitor_type', () => {
  const { logger, stdout } = capturedLogger({ formatVersion: 2 });
  logger.info('Started monitoring for events', { monitor_type: 'SQS_MONITOR' });
  assert.deepEqual(stdout, [
    '2017/09/18 08:22:05 INF Started monitoring for events monitor_type=SQS_MONITOR\n',
  ]);
});

test('a stack is written at level debug only', () => {
  const error = new Error('e');
  const quiet = capturedLogger({ json: true });
  quiet.logger.error('m', { error });
  assert.ok(!('stack' in JSON.parse(quiet.stderr[0] ?? '')));

  const verbose = capturedLogger({ json: true, level: 'debug' });
  verbose.logger.error('m', { error });
  assert.equal(JSON.parse(verbose.stderr[0] ?? '').stack, error.stack);
});

test('a child adds to the fields of its parent and leaves the parent alone', () => {
  const { logger, stdout } = capturedLogger();
  const parent = logger.child({ a: 1, b: 1 });
  parent.child({ b: 2 }).info('child', { c: 3 });
  parent.info('parent');
  assert.deepEqual(stdout, [
    '2017/09/18 08:22:05 INF child a=1 b=2 c=3\n',
    '2017/09/18 08:22:05 INF parent a=1 b=1\n',
  ]);
});
