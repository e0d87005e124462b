import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../../src/config/load.ts';
import { readFileFromDisk } from '../../../src/config/read-file.ts';
import { Daemon } from '../../../src/daemon.ts';
import { createLogger } from '../../../src/logger.ts';
import type { FakeApiServer } from '../../fakes/api-server.ts';
import type { FakeAws } from '../../fakes/aws.ts';
import type { FakeClock } from '../../fakes/clock.ts';

/** For the AWS SDK's credential chain, which reads the environment by itself. */
process.env['AWS_ACCESS_KEY_ID'] = 'AKIDEXAMPLE';
process.env['AWS_SECRET_ACCESS_KEY'] = 'secret';

export interface DaemonReplicasOptions {
  readonly env?: Readonly<Record<string, string>>;
}

export interface DaemonReplicasModules {
  readonly clock: FakeClock;
  readonly api: FakeApiServer;
  readonly aws: FakeAws;
}

interface Replica {
  /** How the fakes know its requests. */
  readonly userAgent: string;
  readonly stopping: AbortController;
  readonly killing: AbortController;
  readonly ended: Promise<void>;
}

/**
 * Replicas of the daemon in queue mode, each of which can be killed as SIGKILL does: nothing that it does from then on
 * has an effect.
 */
export class DaemonReplicas {
  readonly #options: DaemonReplicasOptions;
  readonly #modules: DaemonReplicasModules;
  readonly #running = new Map<string, Replica>();
  readonly #dead = new Set<string>();
  readonly #ends: Promise<void>[] = [];
  /** By the instants at which killed ones are up again. */
  readonly #due: number[] = [];
  #folder: string | undefined;
  #started = 0;
  /** JSON, as written; each line begins with its replica. */
  readonly log: string[] = [];

  constructor(options: DaemonReplicasOptions, modules: DaemonReplicasModules) {
    this.#options = options;
    this.#modules = modules;
    const when = ({ userAgent }: { readonly userAgent: string }) => this.#dead.has(userAgent);
    modules.api.faults.add({ kind: 'drop-before' }, { when });
    modules.aws.faults.add({ kind: 'drop-before' }, { when });
  }

  isRunning(userAgent: string): boolean {
    return this.#running.has(userAgent);
  }

  /** Of all that run now. */
  get userAgents(): readonly string[] {
    return [...this.#running.keys()];
  }

  async start(): Promise<void> {
    const { api, aws, clock } = this.#modules;
    this.#started += 1;
    const version = `replica-${this.#started}`;
    const loaded = await loadConfig(
      [],
      {
        ENABLE_SQS_TERMINATION_DRAINING: 'true',
        QUEUE_URL: aws.queueUrl,
        AWS_ENDPOINT: aws.url,
        AWS_REGION: 'eu-central-1',
        NODE_NAME: 'node-of-the-daemon',
        POD_NAME: version,
        NAMESPACE: 'kube-system',
        NTH_KUBECONFIG: await this.#kubeconfig(api),
        JSON_LOGGING: 'true',
        ...this.#options.env,
      },
      readFileFromDisk,
    );
    assert.equal(loaded.type, 'config', JSON.stringify(loaded));
    const write = (line: string) => this.log.push(`${version} ${line.trim()}`);
    const logger = createLogger(loaded.config.logging, { clock, stdout: { write }, stderr: { write } });
    const daemon = new Daemon(
      { config: loaded.config, version },
      { clock, logger, readFile: readFileFromDisk },
    );
    const [stopping, killing] = [new AbortController(), new AbortController()];
    const ended = daemon.run(stopping.signal, killing.signal).catch(() => {});
    this.#ends.push(ended);
    const userAgent = `aws-node-termination-handler/${version}`;
    this.#running.set(userAgent, { userAgent, stopping, killing, ended });
  }

  /** Without a word; it is up again after so long. */
  kill(userAgent: string, downMs: number): void {
    const replica = this.#running.get(userAgent);
    assert.ok(replica, `"${userAgent}" runs`);
    this.#running.delete(userAgent);
    this.#dead.add(userAgent);
    replica.stopping.abort(new Error('killed'));
    replica.killing.abort(new Error('killed'));
    this.#due.push(this.#modules.clock.now() + downMs);
  }

  /** As in a rolling update: it is told to stop, another one starts, and it is killed when its grace is over. */
  async replace(userAgent: string, graceMs: number): Promise<void> {
    const replica = this.#running.get(userAgent);
    assert.ok(replica, `"${userAgent}" runs`);
    this.#running.delete(userAgent);
    replica.stopping.abort(new Error('SIGTERM'));
    await this.start();
    await Promise.race([replica.ended, this.#modules.clock.sleep(graceMs)]);
    this.#dead.add(userAgent);
    replica.killing.abort(new Error('killed'));
  }

  /** As when there are to be fewer: it is told to stop, and none is started in its place. */
  async end(userAgent: string, graceMs: number): Promise<void> {
    const replica = this.#running.get(userAgent);
    assert.ok(replica, `"${userAgent}" runs`);
    this.#running.delete(userAgent);
    replica.stopping.abort(new Error('SIGTERM'));
    await Promise.race([replica.ended, this.#modules.clock.sleep(graceMs)]);
    this.#dead.add(userAgent);
    replica.killing.abort(new Error('killed'));
  }

  /** Starts those that are up again by now. */
  async startDue(): Promise<void> {
    const now = this.#modules.clock.now();
    const due = this.#due.filter((at) => at <= now);
    this.#due.splice(0, Infinity, ...this.#due.filter((at) => at > now));
    for (const _ of due) await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { stopping, killing } of this.#running.values()) {
      stopping.abort(new Error('the test has ended'));
      killing.abort(new Error('the test has ended'));
    }
    await this.#modules.clock.advanceWhile(Promise.all(this.#ends));
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true });
  }

  async #kubeconfig(api: FakeApiServer): Promise<string> {
    const isFirst = this.#folder === undefined;
    this.#folder ??= await mkdtemp(join(tmpdir(), 'nth-replicas-'));
    const path = join(this.#folder, 'kubeconfig');
    if (isFirst) await writeFile(path, api.kubeconfig());
    return path;
  }
}
