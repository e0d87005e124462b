import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiClient } from './api-client.ts';
import { apiServerFlags, CERTIFICATES, writeSettings } from './api-server-settings.ts';
import { AuditLog, auditPolicy } from './audit-log.ts';
import { freePort } from './free-port.ts';
import { ensureEtcd, ensureKubeApiServer } from './go-parts.ts';
import type { PartProcess, ProcessGroup } from './process-group.ts';
import { until } from './until.ts';

const START_TIMEOUT_MS = 120_000;
export const ADMIN = 'admin';

/** etcd and a kube-apiserver with RBAC, whose port, keys and data outlive its restarts. */
export class ApiServer {
  readonly url: string;
  readonly caPath: string;
  readonly audit: AuditLog;
  /** Speaks as a member of system:masters. */
  readonly admin: ApiClient;
  readonly #processes: ProcessGroup;
  readonly #args: readonly string[];
  readonly #tokens: ReadonlyMap<string, string>;
  #ca = '';
  #process: PartProcess | undefined;

  private constructor(
    processes: ProcessGroup,
    ports: { api: number; etcd: number },
    options: ApiServerOptions,
  ) {
    this.#processes = processes;
    this.#tokens = new Map([ADMIN, ...options.parts].map((user) => [user, randomUUID()]));
    this.url = `https://127.0.0.1:${ports.api}`;
    this.caPath = join(processes.folder, CERTIFICATES, 'apiserver.crt');
    this.audit = new AuditLog(join(processes.folder, 'audit.log'));
    this.admin = new ApiClient({ server: this.url, token: this.token(ADMIN), ca: () => this.#ca });
    writeSettings(processes.folder, this.#tokens, auditPolicy(options.parts));
    writeFileSync(this.audit.path, '');
    this.#args = [...apiServerFlags(processes.folder, ports, this.audit.path), ...options.args];
  }

  static async start(processes: ProcessGroup, options: ApiServerOptions): Promise<ApiServer> {
    const [etcd, etcdPort, peerPort, apiPort] = [
      await ensureEtcd(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    const [clientUrl, peerUrl] = [`http://127.0.0.1:${etcdPort}`, `http://127.0.0.1:${peerPort}`];
    processes.start('etcd', etcd, [
      '--data-dir=etcd',
      '--unsafe-no-fsync',
      '--log-level=warn',
      `--listen-client-urls=${clientUrl}`,
      `--advertise-client-urls=${clientUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=default=${peerUrl}`,
    ]);
    const server = new ApiServer(processes, { api: apiPort, etcd: etcdPort }, options);
    await server.start();
    return server;
  }

  /** The kubeconfig of one of `parts`. */
  partKubeconfig(user: string): string {
    return this.kubeconfig(user.replaceAll(':', '-'), this.token(user), { anyCa: true });
  }

  token(user: string): string {
    const token = this.#tokens.get(user);
    if (token === undefined)
      throw new Error(`Cannot give a token to "${user}": known are ${[...this.#tokens.keys()].join(', ')}`);
    return token;
  }

  /** PEM, as it is now. */
  get ca(): string {
    return this.#ca;
  }

  /** Writes `<name>.kubeconfig` and returns its path. `anyCa`: for those that must live through a new CA. */
  kubeconfig(name: string, token: string, options: { anyCa?: boolean } = {}): string {
    const path = this.#file(`${name}.kubeconfig`);
    const trust =
      options.anyCa === true
        ? { 'insecure-skip-tls-verify': true }
        : { 'certificate-authority': this.caPath };
    const content = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': name,
      clusters: [{ name, cluster: { server: this.url, ...trust } }],
      users: [{ name, user: { token } }],
      contexts: [{ name, context: { cluster: name, user: name } }],
    };
    writeFileSync(path, JSON.stringify(content, undefined, 2), { mode: 0o600 });
    return path;
  }

  /** Ends the server at once, as a lost machine would; its port stays closed until `start`. */
  async stop(signal?: NodeJS.Signals): Promise<void> {
    await this.#process?.kill(signal);
    this.#process = undefined;
    this.admin.disconnect();
  }

  /** Resolves when the server is ready. `newCertificate`: under a new CA, at the same `caPath`. */
  async start(options: { newCertificate?: boolean } = {}): Promise<void> {
    if (options.newCertificate === true) await rm(this.#file(CERTIFICATES), { recursive: true, force: true });
    const started = this.#processes.start('kube-apiserver', await ensureKubeApiServer(), this.#args);
    this.#process = started;
    const isReady = async (): Promise<boolean> => {
      try {
        this.#ca = readFileSync(this.caPath, 'utf8');
        await this.admin.call('GET', '/readyz');
        return true;
      } catch {
        return false;
      }
    };
    await until(isReady, {
      what: 'the API server is ready',
      timeoutMs: START_TIMEOUT_MS,
      lost: started.lost,
    });
  }

  #file(name: string): string {
    return join(this.#processes.folder, name);
  }
}

export interface ApiServerOptions {
  /** User names that each get a token, full rights, and no place in the audit log. */
  parts: readonly string[];
  /** Flags of kube-apiserver, after our own. */
  args: readonly string[];
}
