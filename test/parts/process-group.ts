import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SETPRIV = '/usr/bin/setpriv';
const LOG_TAIL_CHARACTERS = 3000;
/** One that dies at each start must not be started for ever. */
const MOST_RESTARTS = 3;
/** How a Go program's last words begin; the stacks of all its goroutines follow, and fill any tail. */
const GO_CRASH = /^(?:panic|fatal error): /gmu;
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface PartProcess {
  pid: number | undefined;
  logPath: string;
  /** Rejects, with the end of the log, when the process ends without having been asked to. */
  lost: Promise<never>;
  /** Ends the process; resolves when it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/** Processes with one folder for their files and logs, none of which outlives this process. */
export class ProcessGroup {
  /** Holds `<name>.log` of each process; removed when the group is stopped. */
  readonly folder: string;
  readonly #running = new Set<ChildProcess>();
  #isStopping = false;

  private constructor(folder: string) {
    this.folder = folder;
    process.on('exit', this.#abandon);
    for (const signal of ENDING_SIGNALS) process.on(signal, this.#endWith);
  }

  static async create(name: string): Promise<ProcessGroup> {
    return new ProcessGroup(await mkdtemp(join(tmpdir(), `${name}-`)));
  }

  start(name: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): PartProcess {
    const logPath = join(this.folder, `${name}.log`);
    const log = openSync(logPath, 'a');
    const child = spawn(...withoutOrphans(command, args), {
      cwd: this.folder,
      // HOME: kwok and the metadata mock would take settings from the user's own.
      env: { ...process.env, HOME: this.folder, ...env },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#running.add(child);
    let isAsked = false;
    const { promise: lost, reject } = Promise.withResolvers<never>();
    // Without a listener at the time it is told, and with nobody else interested, this must not crash the test.
    lost.catch(() => {});
    const ended = new Promise<void>((resolve) => {
      child.once('error', (error) => {
        reject(new Error(`Cannot start ${name}`, { cause: error }));
      });
      child.once('close', (code, signal) => {
        this.#running.delete(child);
        if (!isAsked && !this.#isStopping) {
          const how = `${name} ended by itself with ${signal ?? `exit code ${code}`}:\n${tail(logPath)}`;
          process.stderr.write(`${how}\n`);
          reject(new Error(how));
        }
        resolve();
      });
    });
    const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
      isAsked = true;
      child.kill(signal);
      await ended;
    };
    return { pid: child.pid, logPath, lost, kill };
  }

  /** As `start`, and as an init system would: one that ends by itself is started again, three times at most. */
  startAgainWhenLost(name: string, command: string, args: readonly string[]): void {
    const startOnce = (restarts: number): void => {
      this.start(name, command, args).lost.catch(() => {
        if (restarts < MOST_RESTARTS && !this.#isStopping) startOnce(restarts + 1);
      });
    };
    startOnce(0);
  }

  async stop(options: { keepLogs?: boolean } = {}): Promise<void> {
    const ends = [...this.#running].map(
      (child) =>
        new Promise((resolve) => {
          child.once('close', resolve);
        }),
    );
    this.#killNow();
    await Promise.all(ends);
    process.off('exit', this.#abandon);
    for (const signal of ENDING_SIGNALS) process.off(signal, this.#endWith);
    if (options.keepLogs !== true) await rm(this.folder, { recursive: true, force: true });
  }

  #killNow = (): void => {
    this.#isStopping = true;
    for (const child of this.#running) child.kill('SIGKILL');
  };

  #abandon = (): void => {
    this.#killNow();
    process.stderr.write(`Ended without being stopped; logs are in ${this.folder}\n`);
  };

  /** Kills the group, then lets the signal do to this process what it would have done without us. */
  #endWith = (signal: NodeJS.Signals): void => {
    this.#abandon();
    process.off(signal, this.#endWith);
    process.kill(process.pid, signal);
  };
}

/** Where the system can (Linux), a part dies with this process even when that is killed with SIGKILL. */
function withoutOrphans(command: string, args: readonly string[]): [string, string[]] {
  if (!existsSync(SETPRIV)) return [command, [...args]];
  return [SETPRIV, ['--pdeathsig', 'KILL', command, ...args]];
}

/** The end of a log, or what a Go program died of. */
function tail(path: string): string {
  const log = readFileSync(path, 'utf8');
  const crash = [...log.matchAll(GO_CRASH)].at(-1)?.index;
  return crash === undefined
    ? log.slice(-LOG_TAIL_CHARACTERS)
    : log.slice(crash, crash + LOG_TAIL_CHARACTERS);
}
