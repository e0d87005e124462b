import { systemClock } from '../../src/clock.ts';
import { FakeImds } from '../fakes/imds.ts';
import { freePort } from '../parts/free-port.ts';
import type { AuditEvent } from '../parts/audit-log.ts';
import type { Cluster } from '../parts/cluster.ts';
import {
  startMetadataMock,
  type MetadataMock,
  type MetadataMockOptions,
} from '../parts/ec2-metadata-mock.ts';
import { hasCondition, type Node, type Pod } from '../parts/objects.ts';
import type { PodsOptions } from '../parts/workloads.ts';
import { MountedAccount } from './mounted-account.ts';
import { RunningDaemon } from './running-daemon.ts';
import { ServiceAccount, neededRights, rightsToTell, type Rule } from './service-account.ts';
import { tellingEnv, toldOf, type ToldEvent } from './told-events.ts';
import { Workloads } from './workloads.ts';

export interface NodeUnderTestOptions {
  /** Of the node, of a namespace for its pods, and of what else belongs to it. */
  readonly name: string;
  /** Of the daemon's ServiceAccount. @default neededRights */
  readonly rules?: readonly Rule[];
  /** Its daemons put Kubernetes events and the Node's conditions. @default false */
  readonly tells?: boolean;
  /** false: the Node object is created later, with `create`. @default true */
  readonly exists?: boolean;
}

export interface DaemonOptions {
  readonly metadata: Pick<MetadataMock, 'url'>;
  /** Besides what every daemon here gets. */
  readonly env?: Readonly<Record<string, string>>;
  /** The credentials where a pod finds them. @default a kubeconfig */
  readonly mounted?: MountedAccount;
  /** @default one of the cluster's */
  readonly kubeconfig?: string;
  readonly wrappers?: readonly (readonly string[])[];
}

/** A node, its pods, the metadata service of its instance, and its daemon with an account of its own. */
export class NodeUnderTest {
  readonly name: string;
  readonly account: ServiceAccount;
  /** Their pods are placed on this node or its spare. */
  readonly workloads: Workloads;
  readonly #labels: Readonly<Record<string, string>>;
  readonly #cluster: Cluster;
  readonly #tells: boolean;
  readonly #ends: (() => Promise<unknown>)[] = [];

  private constructor(cluster: Cluster, name: string, account: ServiceAccount, tells: boolean) {
    this.#cluster = cluster;
    this.name = name;
    this.account = account;
    this.#tells = tells;
    this.#labels = { 'node-under-test': name };
    this.workloads = new Workloads({ namespace: name, nodeSelector: this.#labels }, { cluster });
  }

  static async create(cluster: Cluster, options: NodeUnderTestOptions): Promise<NodeUnderTest> {
    const { name, tells = false, exists = true } = options;
    const rules = [...(options.rules ?? neededRights), ...(tells ? rightsToTell : [])];
    await cluster.createNamespace(name);
    const account = await ServiceAccount.create(cluster, { namespace: name, name: 'daemon', rules });
    const node = new NodeUnderTest(cluster, name, account, tells);
    if (exists) await node.create();
    return node;
  }

  async create(): Promise<Node> {
    return this.#cluster.createNode(this.name, { labels: this.#labels });
  }

  /** Another node, to which the pods of workloads can move. */
  async createSpare(): Promise<Node> {
    return this.#cluster.createNode(`${this.name}-spare`, { labels: this.#labels });
  }

  /** As it is now. */
  async object(): Promise<Node> {
    return this.#cluster.api<Node>('GET', `/api/v1/nodes/${this.name}`);
  }

  /** A merge patch by somebody else. */
  async change(patch: object): Promise<void> {
    await this.#cluster.api('PATCH', `/api/v1/nodes/${this.name}`, patch);
  }

  /** Pods on this node that nothing will replace; resolves when they are Ready. */
  async runPods(options: Omit<PodsOptions, 'node' | 'namespace'>): Promise<Pod[]> {
    const created = await this.#cluster.createPods({ ...options, node: this.name, namespace: this.name });
    const uids = new Set(created.map((pod) => pod.metadata.uid));
    const areReady = (pods: Pod[]): boolean =>
      pods.filter((pod) => uids.has(pod.metadata.uid) && hasCondition(pod, 'Ready')).length === uids.size;
    await this.pods(areReady, `${uids.size} pods are Ready on ${this.name}`);
    return created;
  }

  /** The pods on this node once they are so. */
  async pods(isSo: (pods: Pod[]) => boolean, what: string, timeoutMs = 60_000): Promise<Pod[]> {
    const collection = `/api/v1/pods?fieldSelector=spec.nodeName%3D${this.name}`;
    return this.#cluster.seen<Pod>(collection, isSo, { what, timeoutMs });
  }

  async podsNow(): Promise<Pod[]> {
    return this.pods(() => true, 'the pods are listed');
  }

  /** The metadata service of the node's instance. @default options shows a spot notice, at once */
  async startMetadata(options: Partial<MetadataMockOptions> = {}): Promise<MetadataMock> {
    const mock = await startMetadataMock({ command: 'spot', imdsv2: true, ...options });
    this.#ends.push(() => mock.stop());
    return mock;
  }

  /** Another metadata service in place of one that was started here: AWS's mock can't change what it shows. */
  async replaceMetadata(mock: MetadataMock, options: Partial<MetadataMockOptions>): Promise<MetadataMock> {
    await mock.stop();
    return this.startMetadata({ ...options, port: Number(new URL(mock.url).port) });
  }

  /** One that can change what it shows, and has a history of maintenance. It shows nothing yet. */
  async startFakeMetadata(): Promise<FakeImds> {
    const imds = await FakeImds.start({ allowsVersion1: false }, { clock: systemClock });
    this.#ends.push(() => imds.stop());
    return imds;
  }

  /** The account's credentials as a pod finds them. */
  async mountAccount(): Promise<MountedAccount> {
    const files = { token: await this.account.token(), ca: this.#cluster.ca, namespace: this.name };
    return new MountedAccount(`${this.#cluster.folder}/${this.name}-account`, files);
  }

  async startDaemon(options: DaemonOptions): Promise<RunningDaemon> {
    const { metadata, mounted, kubeconfig, wrappers = [], env = {} } = options;
    const daemon = new RunningDaemon(
      {
        env: {
          NODE_NAME: this.name,
          POD_NAME: 'daemon',
          NAMESPACE: this.name,
          INSTANCE_METADATA_URL: metadata.url,
          ...(mounted
            ? this.#serviceVariables()
            : { NTH_KUBECONFIG: kubeconfig ?? (await this.#kubeconfig()) }),
          ...(this.#tells && tellingEnv),
          ...env,
        },
        wrappers: [...wrappers, ...(mounted ? [mounted.wrapper] : [])],
      },
      { probes: await freePort(), metrics: await freePort() },
    );
    this.#ends.push(() => daemon.stop('SIGKILL'));
    return daemon;
  }

  /** The API calls of this node's daemon so far. */
  async calls(): Promise<AuditEvent[]> {
    await this.#cluster.audit.quiet();
    return this.#cluster.audit.events({ user: this.account.user });
  }

  /** The Kubernetes events about the node and about the objects of its namespace. */
  async told(): Promise<ToldEvent[]> {
    return toldOf(this.#cluster, this.name);
  }

  /** Ends the processes. The objects stay; they are nobody else's. */
  async end(): Promise<void> {
    await Promise.all(this.#ends.map((end) => end()));
  }

  async #kubeconfig(): Promise<string> {
    return this.#cluster.kubeconfig(this.name, await this.account.token());
  }

  /** What Kubernetes sets in every container. */
  #serviceVariables(): Record<string, string> {
    const { hostname, port } = new URL(this.#cluster.server);
    return { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
  }
}
