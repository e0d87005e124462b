import { run, type RunOptions } from '../parts/run.ts';

/** The command as it has to be started for it to run as root. */
export function asRoot(command: readonly string[]): [string, ...string[]] {
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '--non-interactive', '--preserve-env'];
  const [program, ...args] = [...sudo, ...command];
  if (program === undefined) throw new Error('Cannot run an empty command');
  return [program, ...args];
}

/** Runs a command as root to its end and returns its standard output. */
export async function runAsRoot(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const [program, ...args] = asRoot(command);
  return run(program, args, options);
}
