import { freePort } from '../parts/free-port.ts';
import type { ProcessGroup } from '../parts/process-group.ts';
import type { DaemonBuild } from './benchmark.ts';
import { startClean, untilAnswers } from './daemon-process.ts';

/** The floor of start and memory: what Node itself takes, with the same flags, to answer "OK". */
export async function startBareServer(
  processes: ProcessGroup,
  { node, nodeFlags, env }: DaemonBuild,
): Promise<{ readonly pid: number; readonly startedInMs: number; stop(): Promise<void> }> {
  const port = await freePort();
  const program = `require('node:http').createServer((_, response) => response.end('OK')).listen(${port})`;
  const spawnedAtMs = performance.now();
  const started = startClean(processes, 'bare-server', [node, ...nodeFlags, '-e', program], env);
  await untilAnswers(port, '/', started.lost);
  const startedInMs = performance.now() - spawnedAtMs;
  return { pid: started.pid, startedInMs, stop: () => started.kill('SIGTERM') };
}
