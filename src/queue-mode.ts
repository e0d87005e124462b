import { createAws, type Aws, type AwsOptions } from './aws/aws.ts';
import { queueEndpoint } from './aws/endpoints.ts';
import { Instances } from './aws/instances.ts';
import { LifecycleHooks } from './aws/lifecycle-hooks.ts';
import { ClockSkew } from './clock-skew.ts';
import type { Clock } from './clock.ts';
import type { Config, QueueConfig } from './config/config.ts';
import { Admission } from './drain/admission.ts';
import { Departure } from './handling/departure.ts';
import { Fleet } from './handling/fleet.ts';
import type { Place } from './handling/intake.ts';
import { Launches } from './handling/launches.ts';
import { Workers } from './handling/workers.ts';
import type { Health } from './health.ts';
import type { MonitorName, NodeLocation } from './interruption/interruption.ts';
import type { ApiClient } from './kubernetes/api-client.ts';
import type { Cluster } from './kubernetes/cluster.ts';
import { unknownInstance, type InstanceFacts } from './instance-facts.ts';
import { IndexedFleet } from './kubernetes/fleet-nodes.ts';
import { NodeIndex } from './kubernetes/node-index.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import type { Mode, ModeIntake } from './mode.ts';
import type { Found } from './nodes/found.ts';
import { NodeFinder } from './nodes/node-finder.ts';
import { TaggedInstances } from './nodes/tagged-instances.ts';
import { proxyFor } from './proxy.ts';
import { Queue } from './sources/sqs/queue.ts';
import { SqsSource } from './sources/sqs/source.ts';
import { tuneForBursts } from './tune-for-bursts.ts';
import { unlessAborted } from './unless-aborted.ts';

export interface QueueModeOptions {
  readonly config: Config;
  readonly queue: QueueConfig;
  readonly version: string;
  /** Authorities to trust in place of Node's own, as PEM. */
  readonly certificateAuthorities?: string | undefined;
  /** Those for AWS, where they are others. */
  readonly awsAuthorities?: string | undefined;
}

export interface QueueModeModules {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly client: ApiClient;
  /** Told when the queue can't be read. */
  readonly onTrouble: (monitor: MonitorName) => void;
}

/** Trouble that lasts is told again after this. */
const tellAgainMs = 600_000;

/** Where tags don't matter. */
const noTags = { nodeOf: () => undefined, learn: () => {} };

/** One daemon, or several replicas of it, reads the interruptions of all nodes from a queue. */
export class QueueMode implements Mode {
  readonly workflow = { nodeMayVanish: true, settlesWhatWaits: true };
  readonly #options: QueueModeOptions;
  readonly #modules: QueueModeModules;
  readonly #skew: ClockSkew;
  readonly #aws: Aws;
  readonly #index: NodeIndex;
  readonly #instances: Instances;
  readonly #tagged: TaggedInstances | undefined;
  readonly #finder: NodeFinder;
  readonly #hooks: LifecycleHooks;
  readonly #troubleToldAt = new Map<string, number>();
  #source: SqsSource | undefined;
  #departure: Departure | undefined;

  constructor(options: QueueModeOptions, modules: QueueModeModules) {
    tuneForBursts();
    this.#options = options;
    this.#modules = modules;
    const { queue } = options;
    const { health } = modules;
    this.#skew = new ClockSkew({ against: 'aws' }, modules);
    this.#aws = createAws(awsOptions(options), { ...modules, skew: this.#skew });
    const { client } = this.#aws;
    this.#index = new NodeIndex({
      ...modules,
      condition: health.condition('nodes', 'the nodes of the cluster have not been listed yet'),
    });
    this.#instances = new Instances({ ...modules, client });
    const shared = { ...modules, index: this.#index, instances: this.#instances };
    // Also counted where nobody asks for it.
    const isTagWanted = queue.checksManagedTag || options.config.http.metricsPort !== undefined;
    this.#tagged = isTagWanted ? new TaggedInstances({ tag: queue.managedTag }, shared) : undefined;
    this.#finder = new NodeFinder(
      {
        managedTag: queue.checksManagedTag ? queue.managedTag : undefined,
        useProviderId: queue.useProviderId,
        settlesNotFound: queue.deleteMessageIfNodeNotFound,
      },
      { ...shared, tagged: this.#tagged ?? noTags },
    );
    this.#hooks = new LifecycleHooks(
      {
        completeDelaySeconds: queue.completeLifecycleActionDelaySeconds,
        heartbeat: queue.heartbeat,
      },
      { ...modules, client },
    );
  }

  get knownNodes(): NodeIndex {
    return this.#index;
  }

  /** In this mode it is the Nodes that tell of their instances. */
  instance(): Promise<InstanceFacts> {
    return Promise.resolve(unknownInstance);
  }

  intake(cluster: Cluster): ModeIntake {
    const { queue, config } = this.#options;
    const { policy, dryRun, kubernetes, ownPod, nodeName } = config;
    const records = new Fleet(
      { policy, dryRun },
      { ...this.#modules, nodes: new IndexedFleet(this.#index), hooks: this.#hooks },
    );
    const source = new SqsSource(
      {
        visibilitySeconds: queue.visibilityTimeoutSeconds,
        mostHeld: queue.maxMessagesHeld,
        unprocessableMessages: queue.unprocessableMessages,
        dryRun,
      },
      {
        ...this.#modules,
        queue: new Queue(
          { url: queue.url, endpoint: queueEndpoint(queue.url, awsOptions(this.#options)) },
          { client: this.#aws.client },
        ),
        hooks: this.#hooks,
        instancesOfReservation: (id, signal) => this.#instances.instancesOfReservation(id, signal),
        skew: this.#skew,
      },
    );
    this.#source = source;
    if (ownPod?.namespace !== undefined && nodeName !== '') {
      const pod = { name: ownPod.name, namespace: ownPod.namespace };
      this.#departure = new Departure({ node: nodeName, pod }, { ...this.#modules, cluster });
    }
    return {
      sources: [source],
      records,
      locate: (where, signal) => this.#locate(where, signal),
      machines: this.#index,
      launches: new Launches(
        { dryRun },
        {
          ...this.#modules,
          hooks: this.#hooks,
          untilReady: async (node, signal) => (await this.#index.untilReady(node, signal)) !== undefined,
          onReady: (node, launch) => records.launched(node, launch),
        },
      ),
      workers: new Workers(queue.workers),
      // Enough to keep every connection busy.
      admission: new Admission(
        { mostDrains: kubernetes.concurrency, mostPods: 2 * kubernetes.concurrency },
        this.#modules,
      ),
      observers: this.#departure ? [this.#departure] : [],
    };
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#index.run(signal), this.#tagged?.run(signal), this.#departure?.run(signal)]);
  }

  close(): void {
    this.#source?.close();
    this.#hooks.close();
    this.#aws.close();
  }

  async #locate(where: NodeLocation, signal: AbortSignal): Promise<Place> {
    // Before, nothing would be found.
    await unlessAborted(this.#index.listed, signal);
    return this.#placeOf(await this.#finder.find(where, signal), where);
  }

  /** Hundreds of messages may have the same trouble. */
  #isToTell(why: string): boolean {
    const now = this.#modules.clock.now();
    const toldAt = this.#troubleToldAt.get(why);
    if (toldAt !== undefined && now >= toldAt && now < toldAt + tellAgainMs) return false;
    this.#troubleToldAt.set(why, now);
    return true;
  }

  #placeOf(found: Found, where: NodeLocation): Place {
    const { logger } = this.#modules;
    switch (found.found) {
      case 'node':
        return { node: found.node.name };
      case 'nothing-to-do': {
        const level = this.#isToTell(found.why) ? 'info' : 'debug';
        logger[level]('There is nothing to do for an interruption', { ...where, why: found.why });
        return { settle: 'ignored' };
      }
      case 'not-in-cluster':
        logger.debug('The instance of an interruption is no node of this cluster', { ...where });
        if (found.isSettled) return { settle: 'node-not-found' };
        return { release: 'not-ours', mayJoin: found.mayJoin };
      case 'unknown': {
        const { why, error } = found;
        const level = this.#isToTell(why) ? 'warn' : 'debug';
        logger[level]('Cannot tell which node is interrupted, trying again', { ...where, why, error });
        return { release: 'unfinished' };
      }
    }
  }
}

function awsOptions(options: QueueModeOptions): AwsOptions {
  const { queue, config, version } = options;
  return {
    region: queue.region,
    endpoint: queue.endpoint,
    useFips: config.network.useFipsEndpoint,
    useDualStack: config.network.useDualStackEndpoint,
    userAgent: `aws-node-termination-handler/${version}`,
    proxyFor: (url) => proxyFor(url, config.network),
    certificateAuthorities: options.awsAuthorities ?? options.certificateAuthorities,
  };
}
