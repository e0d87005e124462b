import { createLogger, type LoggerOptions } from '../../src/logger.ts';

/** A real logger at 2017-09-18 08:22:05 UTC whose lines end up in arrays. */
export function capturedLogger(options: Partial<LoggerOptions> = {}) {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const logger = createLogger(
    { json: false, level: 'info', formatVersion: 1, ...options },
    {
      clock: { now: () => Date.UTC(2017, 8, 18, 8, 22, 5, 678), sleep: () => Promise.resolve() },
      stdout: { write: (line) => stdout.push(line) },
      stderr: { write: (line) => stderr.push(line) },
    },
  );
  return { logger, stdout, stderr };
}
