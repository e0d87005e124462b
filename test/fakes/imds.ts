import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Clock } from '../../src/clock.ts';
import { Faults } from './faults.ts';
import { HttpListener, readBody, send, setDate, type Answer } from './http-listener.ts';
import { identityDocuments, metadataRoot, page } from './imds/documents.ts';
import { ImdsTokens } from './imds/tokens.ts';

export interface FakeImdsOptions {
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** Whether requests without a token are answered. @default true */
  readonly allowsVersion1?: boolean;
  /** Each answer is the last on its connection, as EC2's own often are. @default false */
  readonly closesConnections?: boolean;
  /** Documents by path, absolute or below /latest/meta-data/. @default those of an ordinary instance */
  readonly documents?: Readonly<Record<string, unknown>>;
}

export interface ImdsRequest {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  /** Whether the request came with a token, valid or not. */
  readonly hasToken: boolean;
  /** Undefined until answered. */
  code: number | undefined;
}

/** EC2's instance metadata service on loopback. */
export class FakeImds {
  readonly #options: FakeImdsOptions;
  readonly #clock: Clock;
  readonly #listener: HttpListener;
  readonly #documents = new Map<string, string>();
  readonly #stopping = new AbortController();
  readonly requests: ImdsRequest[] = [];
  readonly faults = new Faults<ImdsRequest>();
  readonly tokens: ImdsTokens;
  /** How far the `Date` header is from the clock. */
  skewMs = 0;

  private constructor(options: FakeImdsOptions, modules: { clock: Clock }) {
    this.#options = options;
    this.#clock = modules.clock;
    this.tokens = new ImdsTokens(modules.clock);
    for (const [path, document] of Object.entries(options.documents ?? identityDocuments))
      this.set(path, document);
    const server = createServer((request, response) => void this.#serve(request, response));
    this.#listener = new HttpListener(server, options.host ?? '127.0.0.1');
  }

  static async start(options: FakeImdsOptions, modules: { clock: Clock }): Promise<FakeImds> {
    const imds = new FakeImds(options, modules);
    await imds.#listener.listen();
    return imds;
  }

  get url(): string {
    return `http://${this.#listener.host}:${this.#listener.port}`;
  }

  get port(): number {
    return this.#listener.port;
  }

  /** Connections accepted since the start. */
  get connections(): number {
    return this.#listener.connections;
  }

  get openConnections(): number {
    return this.#listener.openConnections;
  }

  /** Shows a document; what isn't text is shown as JSON. */
  set(path: string, document: unknown): void {
    this.#documents.set(absolute(path), typeof document === 'string' ? document : JSON.stringify(document));
  }

  /** Takes a document away: its path answers 404. */
  clear(path: string): void {
    this.#documents.delete(absolute(path));
  }

  /** A Spot notice whose time is `inMs` from now. @returns that time, in whole seconds */
  interrupt(action: 'terminate' | 'stop' | 'hibernate' = 'terminate', inMs = 120_000): number {
    const time = this.#timeIn(inMs);
    this.set('spot/instance-action', { action, time });
    return Date.parse(time);
  }

  recommendRebalance(): void {
    this.set('events/recommendations/rebalance', { noticeTime: this.#timeIn(0) });
  }

  /** Connections are refused until `restart`. */
  async goAway(): Promise<void> {
    await this.#listener.close();
  }

  /** Back on the same port. */
  async restart(): Promise<void> {
    await this.#listener.close();
    await this.#listener.listen();
  }

  dropConnections(): void {
    this.#listener.dropConnections();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#listener.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = request;
    const path = new URL(url, 'http://imds').pathname;
    const token = headers['x-aws-ec2-metadata-token'];
    const entry: ImdsRequest = {
      at: this.#clock.now(),
      method,
      path,
      hasToken: token !== undefined,
      code: undefined,
    };
    this.requests.push(entry);
    const { delayMs, effect } = this.faults.take(entry);
    try {
      await readBody(request);
      await this.#clock.sleep(delayMs, this.#stopping.signal);
    } catch {
      return;
    }
    if (effect?.kind === 'hang') return;
    if (effect?.kind === 'drop-before') return void request.socket.destroy();
    const answer = effect?.kind === 'answer' ? effect : this.#answer(entry, request);
    if (effect?.kind === 'drop-after') return void request.socket.destroy();
    entry.code = answer.code;
    setDate(response, this.#clock, this.skewMs);
    response.setHeader('Server', 'EC2ws');
    if (this.#options.closesConnections === true) response.setHeader('Connection', 'close');
    send(response, answer, effect);
  }

  #answer({ method, path }: ImdsRequest, request: IncomingMessage): Answer {
    if (path === '/latest/api/token') return this.tokens.answer(request);
    if (method !== 'GET' && method !== 'HEAD') return page(405, 'Method Not Allowed');
    const token = request.headers['x-aws-ec2-metadata-token'];
    const { allowsVersion1 = true } = this.#options;
    if (token === undefined ? !allowsVersion1 : !this.tokens.isValid(token)) return page(401, 'Unauthorized');
    const document = this.#documents.get(path);
    if (document === undefined) return page(404, 'Not Found');
    return { code: 200, body: document, headers: { 'Content-Type': 'text/plain' } };
  }

  /** IMDS writes whole seconds. */
  #timeIn(ms: number): string {
    return new Date(this.#clock.now() + ms).toISOString().replace(/\.\d+Z$/, 'Z');
  }
}

function absolute(path: string): string {
  return path.startsWith('/') ? path : `${metadataRoot}${path}`;
}
