import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type ServerHttp2Session,
} from 'node:http2';
import type { Clock } from '../../src/clock.ts';
import { Access, type Caller } from './api-server/access.ts';
import { Admission } from './api-server/admission.ts';
import { authority, serverCredentials, type CertificatePair } from './api-server/certificates.ts';
import { createCluster, type Automation, type FakeCluster } from './api-server/cluster.ts';
import type { ControllerSeed } from './api-server/controllers.ts';
import { Dispatcher, type Incoming } from './api-server/dispatcher.ts';
import { ApiError } from './api-server/errors.ts';
import { kubeconfigText } from './api-server/kubeconfig.ts';
import { Lists } from './api-server/list.ts';
import type { BudgetObject, NodeObject, PodObject } from './api-server/objects.ts';
import { resourceRequest } from './api-server/request-info.ts';
import { logged, type LoggedRequest } from './api-server/request-log.ts';
import { budgets, nodes, pods } from './api-server/resources.ts';
import type { BudgetSeed } from './api-server/seeding.ts';
import type { NodeSeed, PodSeed } from './api-server/seeds.ts';
import { Watches } from './api-server/watches.ts';
import { Faults, type FaultScope } from './faults.ts';
import { HttpListener, readBody, send, setDate, type Answer } from './http-listener.ts';

export interface FakeApiServerOptions {
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** What the group policy serves, the preferred version first. @default ['v1'] */
  readonly policyVersions?: readonly ('v1' | 'v1beta1')[];
  /** Who acts by himself in the cluster. @default all */
  readonly automation?: readonly Automation[];
}

type Request = IncomingMessage | Http2ServerRequest;

/** A Kubernetes API server on loopback, with a small cluster behind it: nodes, kubelets, controllers. */
export class FakeApiServer {
  /** May do everything. */
  readonly adminToken = 'admin-token';
  /** Every request so far, in the order in which they came. */
  readonly requests: LoggedRequest[] = [];
  readonly faults = new Faults<LoggedRequest>();
  readonly cluster: FakeCluster;
  readonly access: Access;
  readonly admission: Admission;
  readonly lists: Lists;
  readonly watches: Watches;
  /** How far the `Date` header is from the clock. */
  skewMs = 0;
  readonly #clock: Clock;
  readonly #dispatcher: Dispatcher;
  readonly #server: Http2SecureServer;
  readonly #listener: HttpListener;
  readonly #sessions = new Set<ServerHttp2Session>();
  #certificate: CertificatePair = 'first';

  private constructor(options: FakeApiServerOptions, { clock }: { clock: Clock }) {
    this.#clock = clock;
    this.cluster = createCluster(clock, options.automation);
    const { store } = this.cluster;
    this.access = new Access(clock);
    this.access.grant(this.adminToken);
    this.admission = new Admission(store);
    this.lists = new Lists(store);
    this.watches = new Watches({ store, clock });
    const { access, admission, lists, watches } = this;
    const modules = { store, clock, access, admission, lists, watches };
    this.#dispatcher = new Dispatcher(options.policyVersions ?? ['v1'], modules);
    const tls = { ...serverCredentials(this.#certificate), allowHTTP1: true };
    this.#server = createSecureServer(tls, (request, response) => {
      // What is used of it is the same in both.
      void this.#serve(request, response as unknown as ServerResponse);
    });
    this.#server.on('session', (session) => {
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
    });
    this.#listener = new HttpListener(this.#server, options.host ?? '127.0.0.1');
  }

  static async start(options: FakeApiServerOptions, modules: { clock: Clock }): Promise<FakeApiServer> {
    const server = new FakeApiServer(options, modules);
    await server.#listener.listen();
    return server;
  }

  get url(): string {
    return `https://${this.#listener.host}:${this.#listener.port}`;
  }

  get port(): number {
    return this.#listener.port;
  }

  /** The authority of the current certificate, as PEM. */
  get ca(): string {
    return authority(this.#certificate);
  }

  /** Connections accepted since the start. */
  get connections(): number {
    return this.#listener.connections;
  }

  get openConnections(): number {
    return this.#listener.openConnections;
  }

  kubeconfig(token = this.adminToken): string {
    return kubeconfigText({ url: this.url, ca: this.ca, token });
  }

  addNode(seed: NodeSeed): NodeObject {
    return this.cluster.seeding.node(seed);
  }

  addPod(seed: PodSeed): PodObject {
    return this.cluster.seeding.pod(seed);
  }

  addBudget(seed: BudgetSeed): BudgetObject {
    return this.cluster.seeding.budget(seed);
  }

  /** From now on the controller replaces the pods that it loses. */
  addController(seed: ControllerSeed): void {
    this.cluster.controllers.run(seed);
  }

  /** Nothing new may be created in the namespace. */
  terminateNamespace(name: string): void {
    this.cluster.seeding.terminateNamespace(name);
  }

  /** The node as it is now. @throws when there is none. */
  node(name: string): NodeObject {
    return this.cluster.store.get(nodes, name);
  }

  /** The pod as it is now; undefined when it is gone. */
  pod(name: string, namespace = 'default'): PodObject | undefined {
    return this.cluster.store.find(pods, name, namespace);
  }

  /** The pods that are there now, of one node or of all. */
  pods(node?: string): PodObject[] {
    const all = this.cluster.store.list(pods);
    return node === undefined ? all : all.filter(({ spec }) => spec.nodeName === node);
  }

  budget(name: string, namespace = 'default'): BudgetObject {
    return this.cluster.store.get(budgets, name, namespace);
  }

  /** Too many requests, as the server's own flow control says it. @returns a function that ends it. */
  overload(retryAfterSeconds = 1, scope?: FaultScope<LoggedRequest>): () => void {
    const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'Retry-After': String(retryAfterSeconds) };
    const body = 'Too many requests, please try again later.\n';
    return this.faults.add({ kind: 'answer', code: 429, body, headers }, scope);
  }

  /** New connections get the certificate of the pair; open ones go on unless dropped. */
  useCertificate(pair: CertificatePair): void {
    this.#certificate = pair;
    this.#server.setSecureContext(serverCredentials(pair));
  }

  dropConnections(): void {
    this.#listener.dropConnections();
  }

  /** What is under way on the connections of HTTP/2 is answered; new requests want another connection. */
  sayGoAway(): void {
    for (const session of this.#sessions) session.close();
  }

  /** Connections are refused until `restart`; the cluster lives on. */
  async goAway(): Promise<void> {
    await this.#listener.close();
  }

  /** Back on the same port. */
  async restart(): Promise<void> {
    await this.#listener.close();
    await this.#listener.listen();
  }

  /** For good: ends all that the cluster still had in hand. */
  async stop(): Promise<void> {
    this.cluster.timers.stop();
    await this.#listener.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #serve(request: Request, response: ServerResponse): Promise<void> {
    const { method = 'GET', headers } = request;
    const url = new URL(request.url ?? '/', 'https://localhost');
    const resource = resourceRequest(method, url);
    const { authorization, 'user-agent': userAgent = '' } = headers;
    const entry = logged(this.#clock.now(), { method, url, authorization, userAgent }, resource);
    this.requests.push(entry);
    const signal = this.cluster.timers.stopping;
    const { delayMs, effect } = this.faults.take(entry);
    try {
      entry.body = await readBody(request);
      await this.#clock.sleep(delayMs, signal);
    } catch {
      return;
    }
    setDate(response, this.#clock, this.skewMs);
    if (effect?.kind === 'hang') return;
    if (effect?.kind === 'drop-before') return dropConnection(request);
    const incoming = {
      method,
      url,
      resource,
      contentType: headers['content-type'] ?? '',
      body: entry.body,
      signal,
    };
    const answer =
      effect?.kind === 'answer' ? effect : await this.#answer(incoming, entry, authorization, response);
    entry.code = answer?.code ?? response.statusCode;
    if (effect?.kind === 'drop-after') return dropConnection(request);
    if (answer !== undefined) send(response, answer, effect);
  }

  async #answer(
    incoming: Incoming,
    entry: LoggedRequest,
    authorization: string | undefined,
    response: ServerResponse,
  ): Promise<Answer | undefined> {
    try {
      const caller: Caller = this.access.authenticate(authorization);
      entry.user = caller.name;
      return await this.#dispatcher.answer(incoming, caller, response);
    } catch (error) {
      if (error instanceof ApiError) return error.answer();
      const message = `Internal error occurred: ${error instanceof Error ? error.message : String(error)}`;
      return new ApiError(500, 'InternalError', message).answer();
    }
  }
}

function dropConnection(request: Request): void {
  // Of an HTTP/2 request it is its stream that this socket stands for.
  if ('stream' in request) request.stream.session?.destroy();
  else request.socket.destroy();
}
