import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { json, text } from 'node:stream/consumers';

export interface ApiClientOptions {
  server: string;
  token: string;
  /** PEM; asked for with each new connection. */
  ca: () => string;
}

/** What the API server answered when it was not what was asked for. */
export class ApiError extends Error {
  readonly statusCode: number;
  readonly body: string;

  constructor(asked: string, statusCode: number, body: string) {
    super(`Cannot ${asked}: ${statusCode} ${body.slice(0, 1000)}`);
    this.statusCode = statusCode;
    this.body = body;
  }
}

/** The API server with one token and kept connections; what comes is taken to be what the caller says it is. */
export class ApiClient {
  readonly #options: ApiClientOptions;
  #agent = new Agent({ keepAlive: true });

  constructor(options: ApiClientOptions) {
    this.#options = options;
  }

  /** @throws ApiError for a status of 400 or more */
  async call<T>(method: string, path: string, body?: unknown, contentType?: string): Promise<T> {
    const type = contentType ?? (method === 'PATCH' ? 'application/merge-patch+json' : 'application/json');
    const content = typeof body === 'string' ? body : JSON.stringify(body ?? '');
    // Node counts no length for a DELETE, and the server would take its body for the next request.
    const length = { 'Content-Type': type, 'Content-Length': `${Buffer.byteLength(content)}` };
    const response = await (body === undefined
      ? this.#send(method, path, {})
      : this.#send(method, path, length, content));
    if ((response.statusCode ?? 0) >= 400) {
      throw new ApiError(`${method} ${path}`, response.statusCode ?? 0, await text(response));
    }
    const isJson = response.headers['content-type']?.startsWith('application/json') ?? false;
    return (isJson ? await json(response) : await text(response)) as T;
  }

  /** The lines of an answer as they come, until `signal` ends it without an error. */
  async *lines(path: string, signal?: AbortSignal): AsyncGenerator<string> {
    try {
      const response = await this.#send('GET', path, {}, undefined, signal);
      if (response.statusCode !== 200)
        throw new ApiError(`GET ${path}`, response.statusCode ?? 0, await text(response));
      let unfinished = '';
      for await (const chunk of response.setEncoding('utf8')) {
        const lines = (unfinished + String(chunk)).split('\n');
        unfinished = lines.pop() ?? '';
        yield* lines;
      }
    } catch (error) {
      if (signal?.aborted !== true) throw error;
    }
  }

  /** Forgets the connections, so that the next call meets the server's present certificate. */
  disconnect(): void {
    this.#agent.destroy();
    this.#agent = new Agent({ keepAlive: true });
  }

  async #send(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: string,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    const { server, token, ca } = this.#options;
    const sent = request(new URL(path, server), {
      method,
      agent: this.#agent,
      ca: ca(),
      headers: { Accept: 'application/json', Authorization: `Bearer ${token}`, ...headers },
      ...(signal && { signal }),
    });
    sent.end(body);
    try {
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      return response;
    } catch (error) {
      // A kept connection that the server has just closed; see the documentation of reusedSocket.
      const isClosed = (error as NodeJS.ErrnoException).code === 'ECONNRESET' && sent.reusedSocket;
      if (isClosed) return this.#send(method, path, headers, body, signal);
      throw error;
    }
  }
}
