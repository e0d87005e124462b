import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { after, before } from 'node:test';
import { MountedAccount } from '../e2e/mounted-account.ts';
import { RunningDaemon } from '../e2e/running-daemon.ts';
import { ApiClient } from '../parts/api-client.ts';
import { startCluster, type Cluster, type ClusterOptions } from '../parts/cluster.ts';
import { ensureKubectl } from '../parts/npm-parts.ts';
import { hasCondition, type Pod } from '../parts/objects.ts';
import { until } from '../parts/until.ts';
import { helm, type Values } from './helm.ts';
import type { Theft } from './thefts.ts';
import type { Container } from './workload.ts';

export const NAMESPACE = 'kube-system';

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** A pod of the release, and what its container would be given. */
export interface ReleasePod extends Pod {
  readonly spec: Pod['spec'] & {
    readonly containers: readonly [Container];
    readonly serviceAccountName: string;
  };
}

/** The real API server with a release of the chart in it, and its pods' daemons as processes of this machine. */
export class ReleaseInCluster {
  #cluster: Cluster | undefined;
  readonly #ends: (() => Promise<unknown>)[] = [];

  static forThisFile(options: ClusterOptions = {}): ReleaseInCluster {
    const shared = new ReleaseInCluster();
    before(async () => {
      // It looks for errors in policies.
      shared.#cluster = await startCluster({
        moreControllers: ['validatingadmissionpolicy-status-controller'],
        ...options,
      });
      await shared.cluster.createNamespace(NAMESPACE);
    });
    after(async () => {
      await Promise.all(shared.#ends.map((end) => end()));
      await shared.#cluster?.stop();
    });
    return shared;
  }

  get cluster(): Cluster {
    if (this.#cluster === undefined) throw new Error('Cannot use the cluster before it has started');
    return this.#cluster;
  }

  /** Runs kubectl, by default as the administrator. */
  async kubectl(
    args: readonly string[],
    input = '',
    kubeconfig = this.cluster.adminKubeconfig,
  ): Promise<Ended> {
    const child = spawn(await ensureKubectl(), ['--kubeconfig', kubeconfig, ...args]);
    child.stdin.on('error', () => {}).end(input);
    return ended(child);
  }

  /** @throws where helm fails */
  async helm(args: readonly string[], values: Values = {}): Promise<string> {
    const flags = ['--kubeconfig', this.cluster.adminKubeconfig, '--namespace', NAMESPACE];
    const { code, stdout, stderr } = await helm([...args, ...flags], values);
    if (code !== 0) throw new Error(`Cannot run helm ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** The pods of a release on a node, once there are `count` of them that are Ready. */
  async pods(
    release: string,
    count: number,
    isOne: (pod: ReleasePod) => boolean = () => true,
  ): Promise<ReleasePod[]> {
    const collection = `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=app.kubernetes.io%2Finstance%3D${release}`;
    const wanted = (pods: ReleasePod[]): ReleasePod[] =>
      pods.filter(
        (pod) => hasCondition(pod, 'Ready') && pod.metadata.deletionTimestamp === undefined && isOne(pod),
      );
    const found = await this.cluster.seen<ReleasePod>(collection, (pods) => wanted(pods).length === count, {
      what: `${count} pods of ${release} are Ready`,
      timeoutMs: 60_000,
    });
    return wanted(found);
  }

  /** As the kubelet makes it for the pod: bound to it, and through it to its node. */
  async token(pod: ReleasePod): Promise<string> {
    const { name, uid = '' } = pod.metadata;
    return this.cluster.serviceAccountToken(NAMESPACE, pod.spec.serviceAccountName, {
      boundPod: { name, uid },
    });
  }

  /** The API server as whoever has the token is served. */
  client(token: string): ApiClient {
    const { server } = this.cluster;
    return new ApiClient({ server, token, ca: () => this.cluster.ca });
  }

  /** Policies take a moment to be in force: waits until none of these may be done any more. */
  async refuses(token: string, attempts: readonly Theft[]): Promise<void> {
    const client = this.client(token);
    const mayBeDone = ({ method, path, body, contentType }: Theft): Promise<boolean> =>
      client.call(method, `${path}?dryRun=All`, body, contentType).then(
        () => true,
        () => false,
      );
    const areRefused = async (): Promise<boolean> =>
      !(await Promise.all(attempts.map(mayBeDone))).some(Boolean);
    await until(areRefused, { what: 'the policies are in force', timeoutMs: 30_000 });
  }

  /** The daemon of a pod, with the variables of its container, the volumes that these name, and its token. */
  async startDaemon(pod: ReleasePod): Promise<RunningDaemon> {
    const env = await this.#environment(pod);
    const account = await this.#account(pod, 'daemon');
    const ports = {
      probes: Number(env['PROBES_SERVER_PORT']),
      metrics: Number(env['PROMETHEUS_SERVER_PORT']),
    };
    const daemon = new RunningDaemon({ env, wrappers: [account.wrapper] }, ports);
    this.#ends.push(() => daemon.stop('SIGKILL'));
    return daemon;
  }

  /** Runs another container's command line, with this Node in place of the image's. */
  async runCommand(pod: ReleasePod, { env, command = [] }: Container): Promise<Ended> {
    const variables = Object.fromEntries(env.map(({ name, value = '' }) => [name, value]));
    const [program = '', ...args] = [
      ...(await this.#account(pod, 'test')).wrapper,
      process.execPath,
      ...command.slice(1),
    ];
    return ended(
      spawn(program, args, { env: { PATH: process.env['PATH'], ...variables, ...this.#serviceVariables() } }),
    );
  }

  async #account(pod: ReleasePod, of: string): Promise<MountedAccount> {
    const files = { token: await this.token(pod), ca: this.cluster.ca, namespace: NAMESPACE };
    return new MountedAccount(`${this.cluster.folder}/${pod.metadata.name}-${of}`, files);
  }

  async #environment(pod: ReleasePod): Promise<Record<string, string>> {
    const fields: Readonly<Record<string, string>> = {
      'spec.nodeName': pod.spec.nodeName ?? '',
      'metadata.name': pod.metadata.name,
      'metadata.namespace': NAMESPACE,
    };
    const { env } = pod.spec.containers[0];
    const variables = Object.fromEntries(
      env.map(({ name, value, valueFrom }) => [
        name,
        value ?? fields[valueFrom?.fieldRef?.fieldPath ?? ''] ?? '',
      ]),
    );
    const config = await this.#configFile(pod);
    return { ...variables, ...this.#serviceVariables(), ...(config !== undefined && { NTH_CONFIG: config }) };
  }

  /** The file of the ConfigMap that is mounted, which here is at another place. */
  async #configFile(pod: ReleasePod): Promise<string | undefined> {
    const volumes = pod.spec['volumes'] as
      | readonly { name: string; configMap?: { name: string } }[]
      | undefined;
    const name = volumes?.find((volume) => volume.name === 'config')?.configMap?.name;
    if (name === undefined) return undefined;
    const { data } = await this.cluster.api<{ metadata: { name: string }; data: Record<string, string> }>(
      'GET',
      `/api/v1/namespaces/${NAMESPACE}/configmaps/${name}`,
    );
    const path = `${this.cluster.folder}/${pod.metadata.name}-config.json`;
    writeFileSync(path, data['config.json'] ?? '');
    return path;
  }

  /** What Kubernetes sets in every container. */
  #serviceVariables(): Record<string, string> {
    const { hostname, port } = new URL(this.cluster.server);
    return { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
  }
}

async function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const { promise: code, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject).once('close', resolve);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, output: stdout + stderr };
}
