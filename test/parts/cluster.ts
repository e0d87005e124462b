import { ADMIN, ApiServer } from './api-server.ts';
import { apply } from './apply.ts';
import type { AuditLog } from './audit-log.ts';
import { PART_USERS, startControllerManager, startKubelets, startScheduler } from './cluster-parts.ts';
import type { KubernetesObject, Node, Pod, WatchEvent } from './objects.ts';
import { ProcessGroup } from './process-group.ts';
import { seen, watch, type SeenOptions } from './watch.ts';
import * as workloads from './workloads.ts';

/** All that a drain meets. For cascading deletes add 'garbage-collector-controller'. */
const CONTROLLERS: readonly string[] = [
  'deployment-controller',
  'replicaset-controller',
  'daemonset-controller',
  'statefulset-controller',
  'disruption-controller',
  'serviceaccount-controller',
  'namespace-controller',
];

export interface ClusterOptions {
  /** Of kube-controller-manager, which is not started for an empty list. @default CONTROLLERS */
  controllers?: readonly string[];
  /** Controllers besides these. */
  moreControllers?: readonly string[];
  /** @default true */
  scheduler?: boolean;
  /** Without them pods stay Pending, and stay when they were asked to go. @default true */
  kubelets?: boolean;
  /** Further flags of kube-apiserver. */
  apiServerArgs?: readonly string[];
}

/** A real control plane with made-up kubelets, on loopback ports, in one temporary folder. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const controllers = [...(options.controllers ?? CONTROLLERS), ...(options.moreControllers ?? [])];
  const processes = await ProcessGroup.create('cluster');
  try {
    const server = await ApiServer.start(processes, { parts: PART_USERS, args: options.apiServerArgs ?? [] });
    if (controllers.length > 0) await startControllerManager(processes, server, controllers);
    if (options.scheduler !== false) await startScheduler(processes, server);
    if (options.kubelets !== false) await startKubelets(processes, server);
    const cluster = new Cluster(processes, server);
    await cluster.createNamespace('default');
    return cluster;
  } catch (error) {
    await processes.stop({ keepLogs: true });
    throw new Error(`Cannot start the cluster; its logs are in ${processes.folder}`, { cause: error });
  }
}

export class Cluster {
  readonly #processes: ProcessGroup;
  readonly #server: ApiServer;
  /** Of a member of system:masters, as is everything that this class asks for. */
  readonly adminToken: string;
  readonly adminKubeconfig: string;

  constructor(processes: ProcessGroup, server: ApiServer) {
    this.#processes = processes;
    this.#server = server;
    this.adminToken = server.token(ADMIN);
    this.adminKubeconfig = server.kubeconfig(ADMIN, this.adminToken);
  }

  /** `https://127.0.0.1:<port>` */
  get server(): string {
    return this.#server.url;
  }

  get caPath(): string {
    return this.#server.caPath;
  }

  /** PEM; a new one after `startApiServer({ newCertificate: true })`. */
  get ca(): string {
    return this.#server.ca;
  }

  /** Where logs and files of all parts are; gone after `stop`. */
  get folder(): string {
    return this.#processes.folder;
  }

  /** The API calls of everyone but the cluster's own parts. */
  get audit(): AuditLog {
    return this.#server.audit;
  }

  /** Ends every process at once. */
  async stop(options: { keepLogs?: boolean } = {}): Promise<void> {
    this.#server.admin.disconnect();
    await this.#processes.stop(options);
  }

  /** Takes the API server away, its port closed, until `startApiServer`; everything else runs on. */
  async stopApiServer(signal?: NodeJS.Signals): Promise<void> {
    await this.#server.stop(signal);
  }

  /** Brings it back on its port with its data and keys, so that tokens still hold; resolves when it is ready. */
  async startApiServer(options: { newCertificate?: boolean } = {}): Promise<void> {
    await this.#server.start(options);
  }

  /**
   * One call with the admin's rights; the answer is taken to be a T. A PATCH is a merge patch by default.
   * @throws ApiError for a status of 400 or more
   */
  async api<T = KubernetesObject>(
    method: string,
    path: string,
    body?: unknown,
    contentType?: string,
  ): Promise<T> {
    return this.#server.admin.call<T>(method, path, body, contentType);
  }

  /** Changes of a collection, such as `/api/v1/pods?fieldSelector=spec.nodeName%3Dn`, after a resource version. */
  watch<T extends KubernetesObject>(
    collection: string,
    resourceVersion: string,
    signal?: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>> {
    return watch(this.#server.admin, collection, resourceVersion, signal);
  }

  /** Watches a collection until `isSo` holds for all that is in it, and returns that. */
  async seen<T extends KubernetesObject>(
    collection: string,
    isSo: (objects: T[]) => boolean,
    options: SeenOptions,
  ): Promise<T[]> {
    return seen(this.#server.admin, collection, isSo, options);
  }

  async createNamespace(name: string): Promise<void> {
    await workloads.createNamespace(this.#server.admin, name);
  }

  async createNode(name: string, options?: workloads.NodeOptions): Promise<Node> {
    return workloads.createNode(this.#server.admin, name, options);
  }

  async createPods(options: workloads.PodsOptions): Promise<Pod[]> {
    return workloads.createPods(this.#server.admin, options);
  }

  async apply(manifests: readonly KubernetesObject[]): Promise<KubernetesObject[]> {
    return apply(this.#server.admin, manifests);
  }

  async serviceAccountToken(
    namespace: string,
    name: string,
    options?: workloads.TokenOptions,
  ): Promise<string> {
    return workloads.serviceAccountToken(this.#server.admin, namespace, name, options);
  }

  /** Writes a kubeconfig for a token into the cluster's folder and returns its path. */
  kubeconfig(name: string, token: string): string {
    return this.#server.kubeconfig(name, token);
  }
}
