import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { Target } from './target.ts';

export interface Reply {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON, for the test to look into; undefined where it isn't JSON. */
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

export interface WatchEvent {
  readonly type: string;
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly object: any;
}
export type PatchKind = 'strategic-merge' | 'merge' | 'json';

/** What a client has to know of a target. */
type Server = Pick<Target, 'url' | 'ca' | 'adminToken' | 'pass'>;

/** A client that knows nothing but HTTP. */
export class Api {
  readonly #target: Server;
  readonly #token: string | null;
  readonly #agent: Agent;

  /** A token of null: none is sent. */
  constructor(target: Server, token: string | null = target.adminToken) {
    this.#target = target;
    this.#token = token;
    this.#agent = new Agent({ keepAlive: true, ca: target.ca });
  }

  close(): void {
    this.#agent.destroy();
  }

  async get(path: string): Promise<Reply> {
    return this.send('GET', path);
  }

  async post(path: string, body: unknown): Promise<Reply> {
    return this.send('POST', path, body);
  }

  async patch(path: string, kind: PatchKind, body: unknown): Promise<Reply> {
    return this.send('PATCH', path, body, `application/${kind}-patch+json`);
  }

  async delete(path: string, body?: unknown): Promise<Reply> {
    return this.send('DELETE', path, body);
  }

  async send(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<Reply> {
    return this.#target.pass(this.#exchange(method, path, body, contentType));
  }

  /** A request whose answer the test awaits later, with `pass`. */
  async begin(method: string, path: string, body?: unknown, kind?: PatchKind): Promise<Reply> {
    const type = kind === undefined ? 'application/json' : `application/${kind}-patch+json`;
    return this.#exchange(method, path, body, type);
  }

  async watch(path: string): Promise<WatchStream> {
    const response = await this.#target.pass(this.#open('GET', path));
    return new WatchStream(this.#target, response);
  }

  async #exchange(method: string, path: string, body: unknown, contentType: string): Promise<Reply> {
    const content = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const response = await this.#open(method, path, content, contentType);
    const answer = await text(response);
    return { code: response.statusCode ?? 0, headers: response.headers, text: answer, body: parsed(answer) };
  }

  async #open(
    method: string,
    path: string,
    content?: string,
    contentType?: string,
  ): Promise<IncomingMessage> {
    const headers = {
      Accept: 'application/json',
      ...(this.#token !== null && { Authorization: `Bearer ${this.#token}` }),
      // Node counts no length for a DELETE, and the server would take its body for the next request.
      ...(content !== undefined && {
        'Content-Type': contentType,
        'Content-Length': Buffer.byteLength(content),
      }),
    };
    const sent = request(new URL(path, this.#target.url), { method, agent: this.#agent, headers });
    sent.end(content);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return response;
  }
}

/** The events of one watch, one after the other. */
export class WatchStream {
  readonly #target: Pick<Target, 'pass'>;
  readonly #response: IncomingMessage;
  readonly #lines: AsyncIterator<string>;

  constructor(target: Pick<Target, 'pass'>, response: IncomingMessage) {
    this.#target = target;
    this.#response = response;
    this.#lines = createInterface({ input: response })[Symbol.asyncIterator]();
  }

  get code(): number {
    return this.#response.statusCode ?? 0;
  }

  /** Undefined when the server has ended the watch. */
  async next(): Promise<WatchEvent | undefined> {
    const { done, value } = await this.#target.pass(this.#lines.next());
    return done === true ? undefined : (JSON.parse(value) as WatchEvent);
  }

  async take(count: number): Promise<WatchEvent[]> {
    const events: WatchEvent[] = [];
    while (events.length < count) {
      const event = await this.next();
      if (event === undefined) break;
      events.push(event);
    }
    return events;
  }

  close(): void {
    this.#response.destroy();
  }
}

function parsed(answer: string): unknown {
  try {
    return JSON.parse(answer);
  } catch {
    return undefined;
  }
}
