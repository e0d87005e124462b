import { createHash } from 'node:crypto';
import { ClockSkew } from './clock-skew.ts';
import type { ReadFile } from './boot-time.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import { Intake } from './handling/intake.ts';
import type { NodeWorkflowOptions } from './handling/node-workflow.ts';
import type { WorkflowObserver } from './handling/workflow-observer.ts';
import { Health } from './health.ts';
import { ImdsMode } from './imds-mode.ts';
import { HttpServer } from './http/server.ts';
import { statusEndpoints } from './http/status/endpoints.ts';
import { ApiClient } from './kubernetes/api-client.ts';
import { ApiCluster } from './kubernetes/api-cluster.ts';
import { Credentials } from './kubernetes/credentials.ts';
import { RequestLanes } from './kubernetes/request-lanes.ts';
import type { MonitorName } from './interruption/interruption.ts';
import type { Logger } from './logger.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import type { Mode } from './mode.ts';
import { Observation } from './observation.ts';
import { lazyStatus, lazyTracing } from './optional-parts.ts';
import { proxyFor } from './proxy.ts';
import type { ConfigEntry } from './status/document.ts';
import type { Status } from './status/status.ts';
import type { Tracing } from './tracing/tracing.ts';
import type { Webhook } from './notify/webhook.ts';
import { loadWebhook } from './webhook-part.ts';

export interface DaemonOptions {
  readonly config: Config;
  readonly version: string;
  /** Authorities to trust in place of Node's own, as PEM. */
  readonly certificateAuthorities?: string | undefined;
  /** The same for AWS, where others are wanted there. @default none */
  readonly awsAuthorities?: string | undefined;
  /** The options with their values, without secrets, for people to see. @default none */
  readonly shownConfig?: readonly ConfigEntry[] | undefined;
  /** What the webhook's template may show by `env`. @default nothing */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Where Kubernetes puts the credentials of a pod's ServiceAccount. @default its usual place */
  readonly serviceAccountFolder?: string | undefined;
}

export interface DaemonModules {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly readFile: ReadFile;
}

interface DaemonShared {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
}

const usualServiceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Everything wired together: the only place that knows all the parts. */
export class Daemon {
  readonly #options: DaemonOptions;
  readonly #modules: DaemonModules & DaemonShared;
  readonly #http: HttpServer;
  readonly #credentials: Credentials;
  readonly #client: ApiClient;
  readonly #observation: Observation;
  /** Filled at the start, before anything happens. */
  readonly #observers: WorkflowObserver[] = [];
  readonly #loadStatus: (() => Promise<Status>) | undefined;
  readonly #loadTracing: (() => Promise<Tracing>) | undefined;
  #mode: Mode | undefined;
  #tracing: Tracing | undefined;
  #webhook: Webhook | undefined;

  constructor(options: DaemonOptions, modules: DaemonModules) {
    const { config, version, certificateAuthorities } = options;
    const { clock, logger } = modules;
    const metrics = createMetrics(version);
    if (options.shownConfig) metrics.configInfo.set({ hash: configHash(options.shownConfig) }, 1);
    const shared = { ...modules, log: logger, metrics, health: new Health(clock) };
    this.#options = options;
    this.#modules = shared;

    const { kubernetes, network, http } = config;
    const status = http.statusPage
      ? lazyStatus(options, { ...shared, observers: this.#observers })
      : undefined;
    this.#loadStatus = status;
    this.#loadTracing = lazyTracing(options, { clock, logger });
    this.#http = new HttpServer(
      { metricsPort: http.metricsPort, probesPort: http.probesPort, probesPath: http.livenessPath },
      {
        ...shared,
        besideProbes: status && statusEndpoints({ ...shared, read: async () => (await status()).read() }),
      },
    );
    this.#credentials = new Credentials(
      {
        kubeconfigPath: kubernetes.kubeconfigPath,
        serviceHost: kubernetes.apiServer?.host,
        servicePort: kubernetes.apiServer?.port,
        serviceAccountFolder: options.serviceAccountFolder ?? usualServiceAccountFolder,
        proxyFor: (url) => proxyFor(url, network),
        certificateAuthorities,
        // Of many nodes at once.
        multiplexes: config.queue !== undefined,
      },
      shared,
    );
    this.#client = new ApiClient(
      { userAgent: `aws-node-termination-handler/${version}` },
      {
        ...shared,
        credentials: this.#credentials,
        lanes: createLanes(config, clock),
        skew: new ClockSkew({ against: 'kubernetes' }, shared),
      },
    );
    this.#observation = new Observation(config, {
      ...shared,
      client: this.#client,
      instance: async (signal) => (await this.#loadMode()).instance(signal),
    });
  }

  /** Runs until `stopping` is aborted and the work in flight is done, or until `killing` is aborted. */
  async run(stopping: AbortSignal, killing: AbortSignal): Promise<void> {
    await this.#loadWhatIsAskedFor(stopping);
    await this.#http.start();
    const mode = await this.#loadMode();
    const cluster = this.#createCluster(mode);
    const intake = this.#createIntake(mode, cluster);
    this.#observers.push(...(await this.#observation.start()));
    await this.#loadWebhook(mode, cluster);
    const ended = new AbortController();
    const beside = mode.run(AbortSignal.any([ended.signal, killing]));
    try {
      await intake.run(stopping, killing);
    } finally {
      ended.abort();
      await beside;
      await Promise.all([this.#observation.end(killing), this.#webhook?.end()]);
      mode.close();
      this.#credentials.close();
      await this.#tracing?.close();
      // Last, so that probes and metrics answer to the end.
      await this.#http.stop();
    }
  }

  async #loadMode(): Promise<Mode> {
    const { config } = this.#options;
    const { queue } = config;
    if (this.#mode) return this.#mode;
    const onTrouble = (monitor: MonitorName): void => this.#observation.monitorFailed(monitor);
    if (queue) {
      // It brings what talks to AWS, which nobody else needs in memory.
      const { QueueMode } = await import('./queue-mode.ts');
      this.#mode = new QueueMode(
        { ...this.#options, queue },
        { ...this.#modules, client: this.#client, onTrouble },
      );
    } else {
      this.#mode = new ImdsMode(config, {
        ...this.#modules,
        onTrouble,
        onLeftOverConditions: () => {
          this.#observation.clearConditions();
        },
      });
    }
    return this.#mode;
  }

  #createCluster(mode: Mode): ApiCluster {
    const { kubernetes, drain, marks } = this.#options.config;
    return new ApiCluster(
      {
        useApiServerCache: kubernetes.useApiServerCache,
        readNamespaceAnnotations: drain.readsNamespaceAnnotations,
        taintEffect: marks.taintNode ? marks.taintEffect : undefined,
        excludeFromLoadBalancers: marks.excludeFromLoadBalancers,
      },
      {
        ...this.#modules,
        client: this.#client,
        knownNodes: mode.knownNodes,
        onNodeShown: (name, node) => this.#observation.nodeShown(name, node),
      },
    );
  }

  #createIntake(mode: Mode, cluster: ApiCluster): Intake {
    const { config } = this.#options;
    const { observers, ...intake } = mode.intake(cluster);
    this.#observers.push(...observers);
    return new Intake(
      { ...workflowOptions(config), ...mode.workflow },
      {
        ...this.#modules,
        ...intake,
        cluster,
        observers: this.#observers,
        onLaunch: (node, interruption) => this.#observation.launched(node, interruption),
        traceIdOf: (workflowId) => this.#tracing?.traceIdOf(workflowId),
      },
    );
  }

  async #loadWebhook(mode: Mode, cluster: ApiCluster): Promise<void> {
    this.#webhook = await loadWebhook(this.#options, {
      ...this.#modules,
      client: this.#client,
      cluster,
      instance: (signal) => mode.instance(signal),
    });
    if (this.#webhook) this.#observers.push(this.#webhook);
  }

  async #loadWhatIsAskedFor(stopping: AbortSignal): Promise<void> {
    const status = await this.#loadStatus?.();
    stopping.addEventListener('abort', () => status?.stopping(), { once: true });
    this.#tracing = await this.#loadTracing?.();
    if (this.#tracing) this.#observers.push(this.#tracing);
  }
}

/** What differs from pod to pod of one release. */
const ofOnePod: ReadonlySet<string> = new Set(['node-name', 'pod-name']);

/** The same for the same options on every node, whatever their secrets are. */
function configHash(shownConfig: readonly ConfigEntry[]): string {
  const shared = shownConfig.filter(({ name }) => !ofOnePod.has(name));
  return createHash('sha256').update(JSON.stringify(shared)).digest('hex').slice(0, 12);
}

function createLanes({ kubernetes }: Config, clock: Clock): RequestLanes {
  const { concurrency, requestRate } = kubernetes;
  return new RequestLanes({ concurrency, qps: requestRate?.perSecond, burst: requestRate?.burst }, { clock });
}

function workflowOptions(config: Config): NodeWorkflowOptions {
  const { drain, ownPod, dryRun, policy, marks } = config;
  return {
    policy,
    dryRun,
    outOfServiceTaint: marks.outOfServiceTaint,
    drain: {
      ignoreDaemonSets: drain.ignoreDaemonSets,
      deleteLocalData: drain.deleteLocalData,
      self: { name: ownPod?.name ?? '', namespace: ownPod?.namespace ?? '' },
      podGracePeriodSeconds: drain.podGraceSeconds,
      marginMs: drain.marginSeconds * 1000,
      honoursDoNotDisrupt: drain.honorsDoNotDisrupt,
      waitsForVolumeDetach: drain.waitsForVolumeDetach,
    },
  };
}
