import { createLogger, type LoggerOptions } from '../../src/logger.ts';

/** A real logger at 2017-09-18 08:22:05 UTC whose lines end up in arrays. */
export function capturedLogger(options: Partial<LoggerOptions> = {}) {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const watchers = new Set<() => void>();
  const sink = (lines: string[]) => ({
    write: (line: string) => {
      lines.push(line);
      for (const tell of watchers) tell();
      watchers.clear();
    },
  });
  const logger = createLogger(
    { json: false, level: 'info', formatVersion: 1, ...options },
    {
      clock: {
        now: () => Date.UTC(2017, 8, 18, 8, 22, 5, 678),
        sleep: () => Promise.resolve(),
        startTimer: () => () => {},
      },
      stdout: sink(stdout),
      stderr: sink(stderr),
    },
  );
  return {
    logger,
    stdout,
    stderr,
    /** Resolves once some line holds `text`. */
    async lineWith(text: string): Promise<void> {
      while (![...stdout, ...stderr].some((line) => line.includes(text))) {
        await new Promise<void>((resolve) => watchers.add(resolve));
      }
    },
  };
}
