import { uptime } from 'node:os';
import type { Clock } from './clock.ts';

/** Gives the text of a file, at most `maxBytes` of it. */
export type ReadFile = (path: string, maxBytes: number) => Promise<string>;

const longestFileBytes = 4096;

/**
 * When this machine booted, in milliseconds since the epoch.
 * @param options NTH's `uptime-from-file`: its first field is the uptime in seconds, as in /proc/uptime; undefined =
 *   what the operating system says, which in a container is the machine's too
 * @throws where the file can't be read, or is no such file
 */
export async function readBootTime(
  options: { readonly uptimeFile: string | undefined },
  modules: { readonly clock: Clock; readonly readFile: ReadFile },
): Promise<number> {
  const { clock, readFile } = modules;
  const { uptimeFile } = options;
  if (uptimeFile === undefined) return clock.now() - uptime() * 1000;
  const [field = ''] = (await readFile(uptimeFile, longestFileBytes)).trim().split(/\s+/);
  const seconds = field === '' ? Number.NaN : Number(field);
  if (seconds >= 0) return clock.now() - seconds * 1000;
  throw new Error(
    `Cannot use "${uptimeFile}" as uptime-from-file: its first field is ${JSON.stringify(field)}, expected seconds`,
  );
}
