import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const mainPath = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface ProcessOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** JavaScript that runs in the process before it starts. */
  readonly first?: string;
}

/** The daemon as its own process, in an environment that holds nothing else. */
export function startProcess({ args = [], env = {}, first }: ProcessOptions) {
  const preload =
    first === undefined ? [] : ['--import', `data:text/javascript,${encodeURIComponent(first)}`];
  const child = spawn(process.execPath, [...preload, mainPath, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
      for (const tell of listeners) tell();
    });
  }
  const closed = once(child, 'close') as Promise<[code: number | null, signal: string | null]>;
  const ended = closed.then(([code, signal]) => signal ?? code);
  return {
    output,
    /** The exit code, or the signal that ended it. */
    ended,
    signal: (name: 'SIGTERM' | 'SIGINT') => child.kill(name),
    /** Resolves once the text is in the output, or the process has ended. */
    async whenSaid(text: string): Promise<void> {
      while (!(output.stdout + output.stderr).includes(text) && child.exitCode === null) {
        const { promise, resolve } = Promise.withResolvers<void>();
        listeners.add(resolve);
        await Promise.race([promise, ended]);
        listeners.delete(resolve);
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
