import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capturedLogger } from './captured-logger.ts';

test('writes the time, the short level, the message and the fields', () => {
  const { logger, stdout } = capturedLogger();
  logger.info('Started monitoring for events', { event_type: 'SPOT_ITN_MONITOR' });
  assert.deepEqual(stdout, [
    '2017/09/18 08:22:05 INF Started monitoring for events event_type=SPOT_ITN_MONITOR\n',
  ]);
});

test('writes warnings and errors to stderr, the rest to stdout', () => {
  const { logger, stdout, stderr } = capturedLogger({ level: 'debug' });
  logger.debug('d');
  logger.info('i');
  logger.warn('w');
  logger.error('e');
  assert.deepEqual(stdout, ['2017/09/18 08:22:05 DBG d\n', '2017/09/18 08:22:05 INF i\n']);
  assert.deepEqual(stderr, ['2017/09/18 08:22:05 WRN w\n', '2017/09/18 08:22:05 ERR e\n']);
});

test('puts the error first and sorts the other fields', () => {
  const { logger, stderr } = capturedLogger();
  logger.child({ node: 'n1' }).warn('w', { pods: 3, attempt: 2, error: new Error('gone') });
  assert.deepEqual(stderr, ['2017/09/18 08:22:05 WRN w error=gone attempt=2 node=n1 pods=3\n']);
});

const values: [unknown, string][] = [
  ['plain-1.2:3/4', 'plain-1.2:3/4'],
  ['', ''],
  ['two words', '"two words"'],
  ['say "no"', String.raw`"say \"no\""`],
  [String.raw`back\slash`, String.raw`"back\\slash"`],
  ['a\nb', String.raw`"a\nb"`],
  ['grün', '"grün"'],
  ['\u001B[31m', String.raw`"\u001b[31m"`],
  ['\u202Eabc\u2028', String.raw`"\u202eabc\u2028"`],
  [1.5, '1.5'],
  [Number.NaN, 'NaN'],
  [12n, '12'],
  [true, 'true'],
  [null, 'null'],
  [['a', 'b c'], '["a","b c"]'],
  [{ text: 'x\u2028y', inner: new Error('e') }, String.raw`{"text":"x\u2028y","inner":"e"}`],
  [new Date(0), '1970-01-01T00:00:00.000Z'],
  [() => 1, 'function'],
];
for (const [value, text] of values) {
  test(`prints a field that holds ${typeof value} as ${JSON.stringify(text)}`, () => {
    const { logger, stdout } = capturedLogger();
    logger.info('m', { field: value });
    assert.deepEqual(stdout, [`2017/09/18 08:22:05 INF m field=${text}\n`]);
  });
}

test('leaves out fields that are undefined', () => {
  const { logger, stdout } = capturedLogger();
  logger.info('m', { field: undefined });
  assert.deepEqual(stdout, ['2017/09/18 08:22:05 INF m\n']);
});

test('keeps a message with line breaks on one line', () => {
  const { logger, stdout } = capturedLogger();
  logger.info('a\n2017/09/18 08:22:05 INF forged\r\u0000');
  assert.deepEqual(stdout, [
    String.raw`2017/09/18 08:22:05 INF a\n2017/09/18 08:22:05 INF forged\u000d\u0000` + '\n',
  ]);
});

test('survives values that JSON cannot hold', () => {
  const { logger, stdout } = capturedLogger();
  const circular: { self?: unknown } = {};
  circular.self = circular;
  logger.info('m', { circular });
  assert.match(stdout[0] ?? '', /^2017\/09\/18 08:22:05 INF m circular="unprintable: .*"\n$/u);
});
