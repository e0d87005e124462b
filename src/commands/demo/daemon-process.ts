import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../clock.ts';

export interface DaemonProcessOptions {
  readonly flags: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Between a SIGTERM and the next, harsher signal. */
const patienceMs = 1000;

const entryPoint = fileURLToPath(new URL('../../main.ts', import.meta.url));

/** The daemon as its container runs it: a process of its own, told by flags, heard by its log. */
export class DaemonProcess {
  readonly lines: string[] = [];
  readonly log = new EventEmitter<{ line: [line: string] }>();
  readonly #clock: Clock;
  readonly #child: ChildProcess;
  readonly #exited: Promise<string>;
  #heard = Promise.withResolvers<void>();
  #end: string | undefined;

  constructor({ flags, env }: DaemonProcessOptions, modules: { readonly clock: Clock }) {
    this.#clock = modules.clock;
    const child = spawn(process.execPath, [entryPoint, ...flags], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on('line', (line) => {
        this.lines.push(line);
        this.log.emit('line', line);
        this.#wake();
      });
    }
    // 'close' comes after the last line.
    this.#exited = once(child, 'close').then(
      ([code, signal]) => (code === null ? `by ${signal}` : `with exit code ${code}`),
      (error: unknown) => `before it began (${String(error)})`,
    );
    void this.#exited.then((end) => {
      this.#end = end;
      this.#wake();
    });
  }

  /** The first line that fits, now or later. @throws where the daemon ends without one, or the signal's reason */
  async line(pattern: RegExp, signal: AbortSignal): Promise<RegExpExecArray> {
    const wake = (): void => {
      this.#wake();
    };
    signal.addEventListener('abort', wake);
    try {
      for (let next = 0; ; await this.#heard.promise) {
        signal.throwIfAborted();
        for (; next < this.lines.length; next++) {
          const match = pattern.exec(this.lines[next] ?? '');
          if (match) return match;
        }
        if (this.#end !== undefined) throw new Error(`The daemon ended ${this.#end}`);
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }

  /** How it ended: at once where nothing is in flight, and before long in any case. */
  async stop(): Promise<string> {
    for (const signal of ['SIGTERM', 'SIGTERM', 'SIGKILL'] as const) {
      if (this.#end !== undefined) break;
      this.#child.kill(signal);
      const timer = new AbortController();
      await Promise.race([this.#exited, this.#clock.sleep(patienceMs, timer.signal).catch(() => {})]);
      timer.abort();
    }
    return this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #wake(): void {
    this.#heard.resolve();
    this.#heard = Promise.withResolvers();
  }
}
