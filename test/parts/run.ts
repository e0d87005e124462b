import { spawn } from 'node:child_process';

export interface RunOptions {
  cwd?: string;
  /** Added to this process's own environment. */
  env?: NodeJS.ProcessEnv;
}

/** The end of a long output is where a tool says why it failed. */
const ERROR_TAIL_CHARACTERS = 4000;

/** Runs a command to its end and returns its standard output; a failure carries the end of what the command said. */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
    said = (said + chunk).slice(-ERROR_TAIL_CHARACTERS);
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said = (said + chunk).slice(-ERROR_TAIL_CHARACTERS);
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      reject(new Error(`Cannot start "${command}": ${error.message}`, { cause: error }));
    });
    child.once('close', (code, signal) => {
      if (code === 0) resolve(stdout);
      else
        reject(
          new Error(`Cannot run "${command} ${args.join(' ')}": ${signal ?? `exit code ${code}`}\n${said}`),
        );
    });
  });
}
