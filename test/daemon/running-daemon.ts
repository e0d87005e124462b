import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Clock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/load.ts';
import { readFileFromDisk } from '../../src/config/read-file.ts';
import { Daemon } from '../../src/daemon.ts';
import { createLogger } from '../../src/logger.ts';
import { FakeApiServer, type FakeApiServerOptions } from '../fakes/api-server.ts';
import type { LoggedRequest } from '../fakes/api-server/request-log.ts';
import { FakeClock } from '../fakes/clock.ts';
import { FakeImds } from '../fakes/imds.ts';

export const nodeName = 'node-a';

/** A test plays hours that the machine under it may not have been up for. */
const yearsUp = 10;

type Environment = Readonly<Record<string, string>>;

export interface Given {
  /** The daemon's environment, over that of a DaemonSet's pod on `nodeName`. */
  readonly env?: Environment | ((api: FakeApiServer) => Promise<Environment>);
  /** Fills the cluster before the daemon starts. @default a node of `nodeName` */
  readonly cluster?: (api: FakeApiServer) => void;
  readonly apiServer?: FakeApiServerOptions;
  /** The text of the kubeconfig file. @default that of the fake's administrator */
  readonly kubeconfig?: (api: FakeApiServer) => string;
  readonly serviceAccountFolder?: string;
  /** The text of SSL_CERT_FILE. */
  readonly certificateAuthorities?: string;
}

export interface LogRecord {
  readonly level: string;
  readonly message: string;
  readonly error?: string;
  readonly [field: string]: unknown;
}

/** The whole daemon as configured by an environment, over a metadata service and an API server on loopback. */
export type RunningDaemon<C extends Clock = FakeClock> = Awaited<ReturnType<typeof startDaemonBy<C>>>;

export function startDaemon(given: Given = {}): Promise<RunningDaemon> {
  return startDaemonBy(new FakeClock(), given);
}

/** @param clock the system's where traffic can't be seen by the fake one, such as that through a proxy */
export async function startDaemonBy<C extends Clock>(clock: C, given: Given) {
  await using parts = new AsyncDisposableStack();
  const imds = parts.use(await FakeImds.start({}, { clock }));
  const api = parts.use(await FakeApiServer.start(given.apiServer ?? {}, { clock }));
  const fill = given.cluster ?? (() => api.addNode({ name: nodeName }));
  fill(api);
  const folder = await mkdtemp(join(tmpdir(), 'nth-daemon-'));
  parts.defer(() => rm(folder, { recursive: true }));
  const kubeconfigPath = join(folder, 'kubeconfig');
  await writeFile(kubeconfigPath, given.kubeconfig?.(api) ?? api.kubeconfig());
  const uptimePath = join(folder, 'uptime');
  await writeFile(uptimePath, `${yearsUp * 365 * 86_400}.00 0.00\n`);

  const loaded = await loadConfig(
    [],
    {
      NODE_NAME: nodeName,
      POD_NAME: 'nth-x7k2p',
      NAMESPACE: 'kube-system',
      NTH_KUBECONFIG: kubeconfigPath,
      INSTANCE_METADATA_URL: imds.url,
      ENABLE_PROMETHEUS_SERVER: 'true',
      PROMETHEUS_SERVER_PORT: '0',
      JSON_LOGGING: 'true',
      UPTIME_FROM_FILE: uptimePath,
      ...(typeof given.env === 'function' ? await given.env(api) : given.env),
    },
    readFileFromDisk,
  );
  assert.equal(loaded.type, 'config', JSON.stringify(loaded));
  const { config } = loaded;
  const log: LogRecord[] = [];
  const listeners = new Set<() => void>();
  const write = (line: string) => {
    log.push(JSON.parse(line) as LogRecord);
    for (const tell of listeners) tell();
  };
  const sink = { write };
  const logger = createLogger(config.logging, { clock, stdout: sink, stderr: sink });
  const { serviceAccountFolder, certificateAuthorities } = given;
  const options = { config, version: '1.2.3', serviceAccountFolder, certificateAuthorities };
  const create = () => new Daemon(options, { clock, logger, readFile: readFileFromDisk });
  let run = start(create());
  parts.defer(async () => {
    const { stopping, killing, ended } = run;
    stopping.abort(new Error('the test has ended'));
    killing.abort(new Error('the test has ended'));
    await (clock instanceof FakeClock ? clock.advanceWhile(ended) : ended).catch(() => {});
  });

  /** A start reads the own node once. Tests count what comes after that; own-node.test.ts is about the start. */
  const hasStarted = async () => {
    if (!(clock instanceof FakeClock)) return;
    const before = api.requests.length;
    await clock.advance(0);
    const [read] = api.requests.slice(before);
    if (read?.verb === 'get' && read.resource === 'nodes') api.requests.splice(before, 1);
  };

  const running = {
    clock,
    imds,
    api,
    kubeconfigPath,
    log,
    /** Settled when the daemon has ended. */
    get ended() {
      return run.ended;
    },
    /** What the first SIGTERM does. */
    stop: () => run.stopping.abort(new Error('SIGTERM')),
    /** What the second SIGTERM does. */
    kill: () => run.killing.abort(new Error('second SIGTERM')),
    /** The next process, after the end of the one before. */
    async startAgain() {
      run.stopping.abort(new Error('SIGTERM'));
      await (clock instanceof FakeClock ? clock.advanceWhile(run.ended) : run.ended);
      run = start(create());
      await hasStarted();
    },
    /** The log's records with this message. */
    said: (message: string) => log.filter((record) => record.message === message),
    /** Resolves once the message is in the log, by the system's clock. */
    async whenSaid(message: string) {
      while (!log.some((record) => record.message === message)) {
        await new Promise<void>((resolve) => {
          listeners.add(resolve);
        });
        listeners.clear();
      }
    },
    metrics: async () => samples(await getText(portOf({ log }, '/metrics'), '/metrics')),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
  await hasStarted();
  const kept = parts.move();
  return running;
}

/** For tests in which much time passes: each look at the metadata service costs a test some milliseconds. */
export const rarePolls = { NTH_SPOT_POLL_INTERVAL_MS: '5000', NTH_REBALANCE_POLL_INTERVAL_MS: '5000' };

/** NTH's text of a drain that succeeded. */
export const drainedText = 'Node successfully cordoned and drained';
/** NTH's text of one that didn't. */
export const notDrainedText = 'There was a problem while trying to cordon and drain the node';

export async function untilDrained(daemon: RunningDaemon): Promise<void> {
  await untilSaid(daemon, drainedText);
}

export async function untilSaid(daemon: RunningDaemon, message: string, times = 1): Promise<void> {
  await daemon.clock.advanceUntil(() => daemon.said(message).length >= times, { stepMs: 1000 });
}

export function evictions(api: FakeApiServer, podName?: string): LoggedRequest[] {
  return api.requests.filter(
    ({ subresource, name }) => subresource === 'eviction' && (podName === undefined || name === podName),
  );
}

export function requestsOf(api: FakeApiServer, verb: string, resource: string): LoggedRequest[] {
  return api.requests.filter((request) => request.verb === verb && request.resource === resource);
}

function start(daemon: Daemon) {
  const stopping = new AbortController();
  const killing = new AbortController();
  const ended = daemon.run(stopping.signal, killing.signal);
  // Told where a test awaits it.
  ended.catch(() => {});
  return { stopping, killing, ended };
}

/** The port on which the log says that the path is served. */
export function portOf({ log }: { readonly log: readonly LogRecord[] }, path: string): number {
  const prefix = `Starting to serve handler ${path}, port `;
  const last = log.findLast(({ message }) => message.startsWith(prefix));
  return Number(last?.message.slice(prefix.length));
}

export function getText(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ port, path, agent: false }, (response) => resolve(text(response))).once('error', reject);
  });
}

/** Each sample's value by its name with its labels, as written. */
function samples(metrics: string): ReadonlyMap<string, number> {
  const lines = metrics.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))] as const;
    }),
  );
}
