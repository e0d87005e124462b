import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { entryPoint } from './entry-point.ts';

export interface DaemonProcessOptions {
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Commands that take the rest of the line and `exec` it, the outermost first. */
  readonly wrappers?: readonly (readonly string[])[];
}

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ProcessMemory {
  readonly residentMiB: number;
  readonly peakMiB: number;
}

const SETPRIV = '/usr/bin/setpriv';

interface Waiting {
  readonly matches: (line: string) => boolean;
  readonly found: (line: string) => void;
  readonly lost: (error: Error) => void;
}

/** The image's entry point as a process of this machine, and what it says. */
export class DaemonProcess {
  /** What it wrote to stdout and stderr, line by line. */
  readonly lines: string[] = [];
  /** Resolves when it is gone. */
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  readonly #waiting = new Set<Waiting>();
  #end: ProcessEnd | undefined;

  constructor({ env, args = [], wrappers = [] }: DaemonProcessOptions) {
    const { command, env: imageEnv } = entryPoint();
    const [program, ...rest] = [...wrappers.flat(), ...withoutOrphan(), ...command, ...args];
    if (program === undefined) throw new Error('Cannot start the daemon: its entry point is empty');
    const child = spawn(program, rest, { env: { ...imageEnv, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', this.#hear);
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#hear(`Cannot start the daemon: ${error.message}`);
        resolve(this.#ends({ code: null, signal: null }));
      });
      child.once('close', (code, signal) => {
        resolve(this.#ends({ code, signal }));
      });
    });
  }

  /** Resolves with the first line that holds `text`, said or yet to be said. */
  async says(text: string, timeoutMs = 60_000): Promise<string> {
    const matches = (line: string): boolean => line.includes(text);
    const said = this.lines.find(matches);
    if (said !== undefined) return said;
    if (this.#end) throw this.#failure(`it ended without saying "${text}"`);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const waiting = { matches, found: resolve, lost: reject };
    this.#waiting.add(waiting);
    const timer = setTimeout(() => {
      reject(this.#failure(`it did not say "${text}" within ${timeoutMs} ms`));
    }, timeoutMs);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(waiting);
    });
  }

  /** How many lines so far hold `text`. */
  count(text: string): number {
    return this.lines.filter((line) => line.includes(text)).length;
  }

  /** Sends the signal and waits until the process is gone. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<ProcessEnd> {
    this.#child.kill(signal);
    return this.ended;
  }

  memory(): ProcessMemory {
    const status = readFileSync(`/proc/${this.#child.pid ?? 'self'}/status`, 'utf8');
    const mebibytes = (field: string): number =>
      Number(new RegExp(String.raw`^${field}:\s+(\d+) kB`, 'mu').exec(status)?.[1]) / 1024;
    return { residentMiB: mebibytes('VmRSS'), peakMiB: mebibytes('VmHWM') };
  }

  #hear = (line: string): void => {
    this.lines.push(line);
    for (const waiting of this.#waiting) if (waiting.matches(line)) waiting.found(line);
  };

  #ends(end: ProcessEnd): ProcessEnd {
    this.#end = end;
    for (const waiting of this.#waiting) waiting.lost(this.#failure('it ended while a line was awaited'));
    return end;
  }

  #failure(what: string): Error {
    const end = this.#end ? ` (${this.#end.signal ?? `exit code ${this.#end.code}`})` : '';
    return new Error(`The daemon is not as expected: ${what}${end}. Its last lines:\n${this.#tail()}`);
  }

  #tail(): string {
    return this.lines.slice(-40).join('\n');
  }
}

/** Where the system can (Linux), the daemon dies with the test's process, however that ends. */
function withoutOrphan(): string[] {
  return existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL'] : [];
}
