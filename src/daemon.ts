import { createHash } from 'node:crypto';
import { ClockSkew } from './clock-skew.ts';
import { readBootTime, type ReadFile } from './boot-time.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import { Intake } from './handling/intake.ts';
import type { NodeWorkflowOptions } from './handling/node-workflow.ts';
import { OwnNode } from './handling/own-node.ts';
import type { WorkflowObserver } from './handling/workflow-observer.ts';
import { Health } from './health.ts';
import { HttpServer } from './http/server.ts';
import { statusEndpoints } from './http/status/endpoints.ts';
import { ApiClient } from './kubernetes/api-client.ts';
import { ApiCluster } from './kubernetes/api-cluster.ts';
import { Credentials } from './kubernetes/credentials.ts';
import { RequestLanes } from './kubernetes/request-lanes.ts';
import type { MonitorName } from './interruption/interruption.ts';
import type { Logger } from './logger.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { Observation } from './observation.ts';
import { lazyStatus, lazyTracing } from './optional-parts.ts';
import { proxyFor } from './proxy.ts';
import { ImdsClient } from './sources/imds/client.ts';
import { ImdsIdentity } from './sources/imds/identity.ts';
import { ImdsSource } from './sources/imds/source.ts';
import type { ConfigEntry } from './status/document.ts';
import type { Status } from './status/status.ts';
import type { Tracing } from './tracing/tracing.ts';

export interface DaemonOptions {
  readonly config: Config;
  readonly version: string;
  /** Authorities to trust in place of Node's own, as PEM. */
  readonly certificateAuthorities?: string | undefined;
  /** The options with their values, without secrets, for people to see. @default none */
  readonly shownConfig?: readonly ConfigEntry[] | undefined;
  /** Where Kubernetes puts the credentials of a pod's ServiceAccount. @default its usual place */
  readonly serviceAccountFolder?: string | undefined;
}

export interface DaemonModules {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly readFile: ReadFile;
}

const usualServiceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Everything wired together: the only place that knows all the parts. */
export class Daemon {
  readonly #intake: Intake;
  readonly #http: HttpServer;
  readonly #imds: ImdsClient;
  readonly #identity: ImdsIdentity;
  readonly #credentials: Credentials;
  readonly #observation: Observation;
  /** Filled at the start, before anything happens. */
  readonly #observers: WorkflowObserver[] = [];
  readonly #loadStatus: (() => Promise<Status>) | undefined;
  readonly #loadTracing: (() => Promise<Tracing>) | undefined;
  #tracing: Tracing | undefined;

  constructor(options: DaemonOptions, { clock, logger, readFile }: DaemonModules) {
    const { config, version, certificateAuthorities } = options;
    const metrics = createMetrics(version);
    if (options.shownConfig) metrics.configInfo.set({ hash: configHash(options.shownConfig) }, 1);
    const health = new Health(clock);
    const shared = { clock, logger, log: logger, metrics, health };

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
      },
      shared,
    );
    const client = new ApiClient(
      { userAgent: `aws-node-termination-handler/${version}` },
      {
        ...shared,
        credentials: this.#credentials,
        lanes: createLanes(config, clock),
        skew: new ClockSkew({ against: 'kubernetes' }, shared),
      },
    );
    const cluster = new ApiCluster(
      {
        useApiServerCache: kubernetes.useApiServerCache,
        readNamespaceAnnotations: config.drain.readsNamespaceAnnotations,
        taintEffect: config.marks.taintNode ? config.marks.taintEffect : undefined,
        excludeFromLoadBalancers: config.marks.excludeFromLoadBalancers,
      },
      { ...shared, client },
    );
    const skew = new ClockSkew({ against: 'imds' }, shared);
    this.#imds = new ImdsClient({ url: config.imds.baseUrl, tries: config.imds.tries }, { ...shared, skew });
    this.#identity = new ImdsIdentity({ ...shared, client: this.#imds });
    this.#observation = new Observation(config, {
      ...shared,
      client,
      instance: (signal) => this.#identity.read(signal),
    });
    const source = createImdsSource(config, {
      ...shared,
      onTrouble: (monitor) => {
        this.#observation.monitorFailed(monitor);
      },
      skew,
      client: this.#imds,
      identity: this.#identity,
    });
    const ownNode = new OwnNode(
      { node: config.nodeName, policy: config.policy, unmarksSurvivors: config.unmarksSurvivors },
      {
        ...shared,
        cluster,
        bootedAt: () => readBootTime({ uptimeFile: config.imds.uptimeFile }, { clock, readFile }),
        isShown: (id) => source.isShown(id),
        onLeftOverConditions: () => {
          this.#observation.clearConditions();
        },
      },
    );
    this.#intake = new Intake(workflowOptions(config), {
      ...shared,
      cluster,
      records: ownNode,
      sources: [source],
      observers: this.#observers,
      traceIdOf: (workflowId) => this.#tracing?.traceIdOf(workflowId),
    });
  }

  /** Runs until `stopping` is aborted and the work in flight is done, or until `killing` is aborted. */
  async run(stopping: AbortSignal, killing: AbortSignal): Promise<void> {
    await this.#loadWhatIsAskedFor(stopping);
    await this.#http.start();
    // Nothing waits for it: who the instance is matters to those who read the log.
    void this.#identity.read(stopping).catch(() => {});
    this.#observers.push(...(await this.#observation.start()));
    try {
      await this.#intake.run(stopping, killing);
    } finally {
      await this.#observation.end();
      this.#imds.close();
      this.#credentials.close();
      await this.#tracing?.close();
      // Last, so that probes and metrics answer to the end.
      await this.#http.stop();
    }
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

function createImdsSource(
  { imds, nodeName }: Config,
  modules: {
    readonly client: ImdsClient;
    readonly identity: ImdsIdentity;
    readonly skew: ClockSkew;
    readonly clock: Clock;
    readonly health: Health;
    readonly log: Logger;
    readonly metrics: Metrics;
    readonly onTrouble: (monitor: MonitorName) => void;
  },
): ImdsSource {
  const { monitors, pollIntervalMs } = imds;
  return new ImdsSource(
    {
      nodeName,
      periodsMs: {
        ...(monitors.spotInterruption && { 'spot-instance-action': pollIntervalMs.spotInterruption }),
        ...(monitors.scheduledEvent && { 'scheduled-maintenance': pollIntervalMs.scheduledEvent }),
        ...(monitors.rebalanceRecommendation && {
          'rebalance-recommendation': pollIntervalMs.rebalanceRecommendation,
        }),
        ...(monitors.asgLifecycle && { 'target-lifecycle-state': pollIntervalMs.asgLifecycle }),
      },
    },
    modules,
  );
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
