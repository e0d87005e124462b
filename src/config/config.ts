import type { Policy } from '../interruption/policy.ts';
import type { LogLevelName } from './formats.ts';

/** Where interruptions come from: this node's metadata service, or a queue for all nodes. */
type Mode = 'imds' | 'queue';
export const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const;
type TaintEffect = (typeof taintEffects)[number];

export interface ImdsConfig {
  /** Without a slash at the end. */
  readonly baseUrl: string;
  /** At least 1. */
  readonly tries: number;
  /** Which kinds are asked for. */
  readonly monitors: {
    readonly spotInterruption: boolean;
    readonly scheduledEvent: boolean;
    readonly rebalanceRecommendation: boolean;
    readonly asgLifecycle: boolean;
  };
  readonly pollIntervalMs: {
    readonly spotInterruption: number;
    readonly scheduledEvent: number;
    readonly rebalanceRecommendation: number;
    readonly asgLifecycle: number;
  };
  readonly uptimeFile: string | undefined;
}

export interface DrainConfig {
  readonly ignoreDaemonSets: boolean;
  readonly deleteLocalData: boolean;
  /** Undefined: each pod's own grace period. */
  readonly podGraceSeconds: number | undefined;
  readonly marginSeconds: number;
  readonly honorsDoNotDisrupt: boolean;
  readonly waitsForVolumeDetach: boolean;
  readonly readsNamespaceAnnotations: boolean;
}

export interface MarksConfig {
  readonly taintNode: boolean;
  readonly taintEffect: TaintEffect;
  readonly outOfServiceTaint: boolean;
  readonly excludeFromLoadBalancers: boolean;
}

export interface KubernetesConfig {
  readonly kubeconfigPath: string | undefined;
  /** Undefined: what the kubeconfig or the service account says. */
  readonly apiServer: { readonly host: string; readonly port: string } | undefined;
  /** Undefined unless the user set it: nothing but `concurrency` limits requests. */
  readonly requestRate: { readonly perSecond: number; readonly burst: number } | undefined;
  readonly concurrency: number;
  readonly useApiServerCache: boolean;
}

export interface QueueConfig {
  readonly url: string;
  readonly region: string;
  readonly endpoint: string | undefined;
  readonly workers: number;
  readonly useProviderId: boolean;
  readonly managedTag: string;
  /** Otherwise every instance counts as managed. */
  readonly checksManagedTag: boolean;
  readonly completeLifecycleActionDelaySeconds: number;
  readonly deleteMessageIfNodeNotFound: boolean;
  /** Undefined: no heartbeats are sent. */
  readonly heartbeat: { readonly intervalSeconds: number; readonly untilSeconds: number } | undefined;
  readonly visibilityTimeoutSeconds: number;
  readonly maxMessagesHeld: number;
  readonly unprocessableMessages: 'leave' | 'delete';
}

export const webhookMoments = ['received', 'done', 'failed'] as const;
type WebhookMoment = (typeof webhookMoments)[number];

export interface WebhookConfig {
  readonly url: string;
  readonly proxyUrl: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly template: string;
  readonly templateFile: string | undefined;
  /** When it is posted. */
  readonly moments: readonly WebhookMoment[];
  readonly inDryRun: boolean;
}

interface EventsConfig {
  readonly extraAnnotations: Readonly<Record<string, string>>;
}

interface LoggingConfig {
  readonly level: LogLevelName;
  readonly json: boolean;
  readonly formatVersion: 1 | 2;
}

export interface HttpConfig {
  /** Undefined: metrics are not served. */
  readonly metricsPort: number | undefined;
  /** Undefined: probes are not served. */
  readonly probesPort: number | undefined;
  readonly livenessPath: string;
  /** Served beside the probes. */
  readonly statusPage: boolean;
}

export interface TracingConfig {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of one request. */
  readonly timeoutMs: number;
  /** `service.name` among them. */
  readonly resourceAttributes: Readonly<Record<string, string>>;
  /** Above 0, at most 1. */
  readonly sampledShare: number;
}

export interface NetworkConfig {
  readonly httpProxyUrl: string | undefined;
  readonly httpsProxyUrl: string | undefined;
  readonly noProxy: readonly string[];
  readonly caFile: string | undefined;
  readonly awsCaFile: string | undefined;
  readonly useFipsEndpoint: boolean;
  readonly useDualStackEndpoint: boolean;
}

/** What the daemon was told, frozen; each part is given its slice and nothing else. */
export interface Config {
  readonly mode: Mode;
  readonly nodeName: string;
  /** Never evicted; in any namespace where that is undefined. */
  readonly ownPod: { readonly name: string; readonly namespace: string | undefined } | undefined;
  readonly dryRun: boolean;
  readonly policy: Policy;
  readonly unmarksSurvivors: boolean;
  readonly imds: ImdsConfig;
  readonly drain: DrainConfig;
  readonly marks: MarksConfig;
  readonly kubernetes: KubernetesConfig;
  /** Undefined in IMDS mode. */
  readonly queue: QueueConfig | undefined;
  /** Undefined: nothing is posted. */
  readonly webhook: WebhookConfig | undefined;
  /** Undefined: no events are emitted. */
  readonly events: EventsConfig | undefined;
  /** The Node's conditions tell of interruptions. */
  readonly nodeConditions: boolean;
  readonly logging: LoggingConfig;
  readonly http: HttpConfig;
  /** Undefined: no traces. */
  readonly tracing: TracingConfig | undefined;
  readonly network: NetworkConfig;
}
