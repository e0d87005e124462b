import { uptime } from 'node:os';
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';

/** Gives the text of a file, at most `maxBytes` of it. */
export type ReadFile = (path: string, maxBytes: number) => Promise<string>;

const longestFileBytes = 4096;

/**
 * When this machine booted, in milliseconds since the epoch; undefined where that can't be read.
 * @param options NTH's `uptime-from-file`: its first field is the uptime in seconds, as in /proc/uptime; undefined =
 *   what the operating system says, which in a container is the machine's too
 */
export async function readBootTime(
  options: { readonly uptimeFile: string | undefined },
  modules: { readonly clock: Clock; readonly logger: Logger; readonly readFile: ReadFile },
): Promise<number | undefined> {
  const { clock, logger, readFile } = modules;
  if (options.uptimeFile === undefined) return clock.now() - uptime() * 1000;
  try {
    const [field = ''] = (await readFile(options.uptimeFile, longestFileBytes)).trim().split(/\s+/);
    const seconds = field === '' ? Number.NaN : Number(field);
    if (!(seconds >= 0)) throw new Error(`the first field must be seconds, not ${JSON.stringify(field)}`);
    return clock.now() - seconds * 1000;
  } catch (error) {
    logger.error('Cannot tell when this machine booted: uptime-from-file is not readable', {
      path: options.uptimeFile,
      error,
    });
    return undefined;
  }
}
