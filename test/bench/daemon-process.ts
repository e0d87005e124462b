import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { freePort } from '../parts/free-port.ts';
import type { PartProcess, ProcessGroup } from '../parts/process-group.ts';
import { until } from '../parts/until.ts';
import type { DaemonBuild } from './benchmark.ts';
import { chartEnvironment } from './chart-environment.ts';

export interface DaemonOptions {
  /** Of its log file too. */
  readonly node: string;
  readonly metadataUrl: string;
  readonly apiServer: URL;
  /** Runs it where its credentials are; without, the API server can't be asked. */
  readonly wrapper?: readonly string[];
  /** Variables that differ from the chart's. */
  readonly env?: Readonly<Record<string, string>>;
}

const askAgainMs = 2;
const startTimeoutMs = 30_000;

/** The built daemon, run as the image and the chart's DaemonSet run it. */
export class DaemonProcess {
  readonly pid: number;
  /** From the start of the process to its first answer to the liveness probe. */
  readonly startedInMs: number;
  readonly #process: PartProcess;
  readonly #ports: { readonly probes: number; readonly metrics: number };
  #probing: NodeJS.Timeout | undefined;

  private constructor(
    process: PartProcess & { pid: number },
    ports: { probes: number; metrics: number },
    startedInMs: number,
  ) {
    this.pid = process.pid;
    this.#process = process;
    this.#ports = ports;
    this.startedInMs = startedInMs;
  }

  static async start(
    processes: ProcessGroup,
    { node, nodeFlags, bundle, env }: DaemonBuild,
    options: DaemonOptions,
  ): Promise<DaemonProcess> {
    const ports = { probes: await freePort(), metrics: await freePort() };
    const environment = { ...chartEnvironment({ ...options, ports }), ...options.env, ...env };
    const program = [...(options.wrapper ?? []), node, ...nodeFlags, resolve(bundle)];
    const spawnedAtMs = performance.now();
    const started = startClean(processes, options.node, program, environment);
    await untilAnswers(ports.probes, '/healthz', started.lost);
    return new DaemonProcess(started, ports, performance.now() - spawnedAtMs);
  }

  /** As a kubelet does, until `stop`. */
  probeEvery(ms: number): void {
    const probe = (): void => {
      body(this.#ports.probes, '/healthz').catch(() => {});
    };
    this.#probing = setInterval(probe, ms);
  }

  /** The value of a metric that has no labels. */
  async metric(name: string): Promise<number> {
    const line = new RegExp(`^${name} (\\S+)$`, 'mu').exec(await body(this.#ports.metrics, '/metrics'));
    return Number(line?.[1]);
  }

  /** Resolves when the daemon has logged this text. */
  async hasLogged(words: string, timeoutMs: number): Promise<void> {
    const isLogged = async (): Promise<boolean> =>
      readFileSync(this.#process.logPath, 'utf8').includes(words);
    const what = `the daemon logs "${words}", see ${this.#process.logPath}`;
    await until(isLogged, { what, timeoutMs, lost: this.#process.lost });
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    clearInterval(this.#probing);
    await this.#process.kill(signal);
  }
}

/** A program with these variables and no others: Node and the daemon take settings from many. */
export function startClean(
  processes: ProcessGroup,
  name: string,
  program: readonly string[],
  env: Readonly<Record<string, string>>,
): PartProcess & { pid: number } {
  const variables = Object.entries({ PATH: process.env['PATH'] ?? '', ...env });
  const pairs = variables.map(([variable, value]) => `${variable}=${value}`);
  const started = processes.start(name, 'env', ['-i', ...pairs, ...program]);
  if (started.pid === undefined) throw new Error(`Cannot start ${name}`);
  return { ...started, pid: started.pid };
}

/** Asks for a path, over and over, until it is there. */
export async function untilAnswers(port: number, path: string, lost: Promise<never>): Promise<void> {
  const answers = async (): Promise<boolean> =>
    body(port, path).then(
      () => true,
      () => false,
    );
  await until(answers, {
    what: `port ${port} answers`,
    timeoutMs: startTimeoutMs,
    everyMs: askAgainMs,
    lost,
  });
}

async function body(port: number, path: string): Promise<string> {
  const { promise, resolve: answered, reject } = Promise.withResolvers<string>();
  get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
    text(response).then(answered, reject);
  }).once('error', reject);
  return promise;
}
