import { child, field, itemsOf } from '../../src/aws/answers.ts';
import { createAws, type Aws } from '../../src/aws/aws.ts';
import { ClockSkew } from '../../src/clock-skew.ts';
import { systemClock as clock } from '../../src/clock.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { FakeHook } from '../fakes/auto-scaling.ts';
import type { AuditEvent } from '../parts/audit-log.ts';
import type { AwsParts } from '../parts/aws.ts';
import type { Cluster } from '../parts/cluster.ts';
import { freePort } from '../parts/free-port.ts';
import { motoImageId } from '../parts/moto.ts';
import { hasCondition, type Node, type Pod } from '../parts/objects.ts';
import type { PodsOptions } from '../parts/workloads.ts';
import { until } from '../parts/until.ts';
import { recordedLog } from '../sources/imds/recorded-log.ts';
import type { Instance } from './fleet-messages.ts';
import { MountedAccount } from './mounted-account.ts';
import { RunningDaemon } from './running-daemon.ts';
import { neededRights, ServiceAccount, type Rule } from './service-account.ts';

export const managedTag = 'aws-node-termination-handler/managed';
const region = 'eu-central-1';
const group = 'nodes';
const { signal } = new AbortController();

/** What the chart's ClusterRole has in queue mode. */
export const queueRights: readonly Rule[] = neededRights.map((rule) =>
  rule.resources.includes('nodes') ? { ...rule, verbs: ['get', 'list', 'watch', 'patch'] } : rule,
);

export interface FleetUnderTestOptions {
  /** Of the queue, and of a namespace for its nodes' pods and its daemons' account. */
  readonly name: string;
  /** Of the daemons' ServiceAccount. @default queueRights */
  readonly rules?: readonly Rule[];
}

export interface FleetModules {
  readonly cluster: Cluster;
  readonly aws: AwsParts;
}

export interface Machine {
  readonly instanceId: string;
  /** Its node's name. */
  readonly node: string;
}

/** A queue, the machines that its messages are about, and the daemons that read it. */
export class FleetUnderTest {
  readonly #options: FleetUnderTestOptions;
  readonly #modules: FleetModules;
  readonly #account: ServiceAccount;
  readonly #url: string;
  readonly #calls: Aws;
  readonly #mounted: MountedAccount;
  readonly #ends: (() => Promise<unknown>)[] = [];
  #machines = 0;

  private constructor(
    options: FleetUnderTestOptions,
    modules: FleetModules,
    parts: { account: ServiceAccount; url: string; calls: Aws; mounted: MountedAccount },
  ) {
    this.#options = options;
    this.#modules = modules;
    this.#account = parts.account;
    this.#url = parts.url;
    this.#calls = parts.calls;
    this.#mounted = parts.mounted;
  }

  static async create(options: FleetUnderTestOptions, modules: FleetModules): Promise<FleetUnderTest> {
    const { name, rules = queueRights } = options;
    const { cluster, aws } = modules;
    await cluster.createNamespace(name);
    const account = await ServiceAccount.create(cluster, { namespace: name, name: 'daemon', rules });
    const metrics = createMetrics('e2e');
    const calls = createAws(
      { region, endpoint: aws.url, userAgent: 'test', proxyFor: () => undefined },
      {
        clock,
        metrics,
        skew: new ClockSkew({ against: 'aws' }, { log: recordedLog().log, metrics }),
        log: recordedLog().log,
        credentials: {
          current: () => Promise.resolve({ accessKeyId: 'AKIDTEST', secretAccessKey: 'secret' }),
          refused: () => {},
        },
      },
    );
    const created = await calls.client.json({
      service: 'sqs',
      action: 'CreateQueue',
      input: { QueueName: name },
      signal,
    });
    const files = { token: await account.token(), ca: cluster.ca, namespace: name };
    const mounted = new MountedAccount(`${cluster.folder}/${name}-account`, files);
    return new FleetUnderTest(options, modules, { account, url: field(created, 'QueueUrl'), calls, mounted });
  }

  /** What the front of AWS knows its daemons by. */
  get accessKey(): string {
    return `AKID${this.#options.name.toUpperCase().replaceAll('-', '')}`;
  }

  /** Instances of EC2 that are no nodes. */
  async launch(count: number, { isManaged = true } = {}): Promise<readonly Instance[]> {
    const launched = await this.#ec2('RunInstances', {
      ImageId: motoImageId,
      InstanceType: 'm5.large',
      MinCount: `${count}`,
      MaxCount: `${count}`,
      ...(isManaged && {
        'TagSpecification.1.ResourceType': 'instance',
        'TagSpecification.1.Tag.1.Key': managedTag,
        'TagSpecification.1.Tag.1.Value': '',
      }),
    });
    const instances = itemsOf(child(launched, 'instancesSet'));
    return instances.map((instance) => ({ instanceId: field(instance, 'instanceId') }));
  }

  /** Instances with a node each, and pods on it; resolves when they are Ready. */
  async createMachines(
    count: number,
    { isManaged = true, ...pods }: Partial<PodsOptions> & { readonly isManaged?: boolean } = {},
  ): Promise<readonly Machine[]> {
    const instances = await this.launch(count, { isManaged });
    return Promise.all(
      instances.map(async ({ instanceId }) => {
        this.#machines += 1;
        const node = `${this.#options.name}-${this.#machines}`;
        await this.#modules.cluster.createNode(node, { providerID: `aws:///${region}a/${instanceId}` });
        await this.#runPods(node, { count: 2, ...pods });
        return { instanceId, node };
      }),
    );
  }

  /** The group waits for the machine from now on. */
  wait({ instanceId }: Instance, name: 'drain' | 'ready' = 'drain'): FakeHook {
    return this.#modules.aws.autoScaling.wait({ group, name, token: `token-${instanceId}`, instanceId });
  }

  async send(...messages: readonly (object | string)[]): Promise<void> {
    for (const message of messages) {
      const MessageBody = typeof message === 'string' ? message : JSON.stringify(message);
      await this.#sqs('SendMessage', { QueueUrl: this.#url, MessageBody });
    }
  }

  /** Messages that are in the queue, hidden or not. */
  async size(): Promise<number> {
    const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'];
    const answer = await this.#sqs('GetQueueAttributes', { QueueUrl: this.#url, AttributeNames: names });
    const { Attributes } = answer as { Attributes: Record<string, string> };
    return names.reduce((sum, attribute) => sum + Number(Attributes[attribute]), 0);
  }

  async untilSize(count: number): Promise<void> {
    // Moto counts twice for one answer, and may miss a message that becomes visible in between.
    const isSo = async (): Promise<boolean> => (await this.size()) === count && (await this.size()) === count;
    await until(isSo, { what: `${count} messages are left in ${this.#options.name}`, timeoutMs: 90_000 });
  }

  async node({ node }: Machine): Promise<Node> {
    return this.#modules.cluster.api<Node>('GET', `/api/v1/nodes/${node}`);
  }

  async podsOn({ node }: Machine): Promise<Pod[]> {
    const collection = `/api/v1/pods?fieldSelector=spec.nodeName%3D${node}`;
    const { items } = await this.#modules.cluster.api<{ items: Pod[]; metadata: { name: string } }>(
      'GET',
      collection,
    );
    return items;
  }

  async startDaemon(env: Readonly<Record<string, string>> = {}): Promise<RunningDaemon> {
    const { aws, cluster } = this.#modules;
    const { name } = this.#options;
    const { hostname, port } = new URL(cluster.server);
    const daemon = new RunningDaemon(
      {
        env: {
          ENABLE_SQS_TERMINATION_DRAINING: 'true',
          QUEUE_URL: this.#url,
          AWS_ENDPOINT: aws.url,
          AWS_REGION: region,
          AWS_ACCESS_KEY_ID: this.accessKey,
          AWS_SECRET_ACCESS_KEY: 'secret',
          NODE_NAME: 'node-of-the-daemon',
          POD_NAME: 'daemon',
          NAMESPACE: name,
          KUBERNETES_SERVICE_HOST: hostname,
          KUBERNETES_SERVICE_PORT: port,
          ...env,
        },
        wrappers: [this.#mounted.wrapper],
      },
      { probes: await freePort(), metrics: await freePort() },
    );
    this.#ends.push(() => daemon.stop('SIGKILL'));
    await daemon.ready();
    return daemon;
  }

  /** The API calls of its daemons so far. */
  async calls(): Promise<AuditEvent[]> {
    const { audit } = this.#modules.cluster;
    await audit.quiet();
    return audit.events({ user: this.#account.user });
  }

  /** Ends the processes. The objects stay; they are nobody else's. */
  async end(): Promise<void> {
    await Promise.all(this.#ends.map((end) => end()));
    this.#calls.close();
  }

  async #runPods(node: string, pods: Omit<PodsOptions, 'node'>): Promise<void> {
    const { cluster } = this.#modules;
    await cluster.createPods({ name: node, ...pods, node, namespace: this.#options.name });
    const collection = `/api/v1/pods?fieldSelector=spec.nodeName%3D${node}`;
    const areReady = (found: Pod[]): boolean =>
      found.filter((pod) => hasCondition(pod, 'Ready')).length === pods.count;
    await cluster.seen<Pod>(collection, areReady, { what: `pods of ${node} are Ready`, timeoutMs: 60_000 });
  }

  #ec2(action: string, parameters: Record<string, string>): Promise<unknown> {
    return this.#calls.client.query({ service: 'ec2', action, parameters, signal });
  }

  #sqs(action: string, input: Readonly<Record<string, unknown>>): Promise<unknown> {
    return this.#calls.client.json({ service: 'sqs', action, input, signal });
  }
}
