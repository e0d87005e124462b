import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export interface DemoEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const entryPoint = fileURLToPath(new URL('../../src/commands/demo.ts', import.meta.url));

/** The demo as a process of its own, without a terminal. */
export class DemoProcess {
  readonly #child;
  readonly #closed: Promise<unknown[]>;
  readonly #stderr: Promise<string>;
  #stdout = '';
  #news = Promise.withResolvers<void>();

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(process.execPath, [entryPoint, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#closed = once(this.#child, 'close');
    this.#stderr = text(this.#child.stderr);
    const wake = (): void => {
      this.#news.resolve();
      this.#news = Promise.withResolvers();
    };
    this.#child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      this.#stdout += chunk;
      wake();
    });
    this.#child.stdout.once('end', wake);
  }

  /** The first text on stdout that fits, now or later. @throws where the demo ends without one */
  async heard(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#stdout);
      if (match) return match;
      if (this.#child.stdout.readableEnded)
        throw new Error(`The demo ended without ${pattern}: ${this.#stdout}`);
      await this.#news.promise;
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async end(): Promise<DemoEnd> {
    await this.#closed;
    return { code: this.#child.exitCode, stdout: this.#stdout, stderr: await this.#stderr };
  }
}

/** Runs the demo to its end. */
export function demo(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<DemoEnd> {
  return new DemoProcess(args, env).end();
}
