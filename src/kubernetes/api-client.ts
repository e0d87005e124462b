import got, { type Got, type Method, type PlainResponse, type Response } from 'got';
import type https from 'node:https';
import type { Clock } from '../clock.ts';
import type { ClockSkew } from '../clock-skew.ts';
import type { Metrics } from '../metrics.ts';
import { pauseOf, type ApiAnswer, type ApiRequest } from './api-request.ts';
import { ApiError } from './cluster.ts';
import type { Credentials } from './credentials.ts';
import { readItems } from './list-items.ts';
import { isNetworkTrouble } from './network-trouble.ts';
import type { RequestLanes } from './request-lanes.ts';
import { errorOf, hasCause, parseBody, retryAfterMs } from './status.ts';
import { TimeLimit } from '../time-limit.ts';

interface SendOptions {
  readonly agent: { readonly http: https.Agent; readonly https: https.Agent };
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface ApiClientModules {
  readonly clock: Clock;
  readonly credentials: Credentials;
  readonly lanes: RequestLanes;
  readonly metrics: Pick<Metrics, 'apiRequests'>;
  readonly skew: ClockSkew;
}

type ReadLine = (line: string) => unknown;

/**
 * The API server holds an eviction with a stale UID for 10 s before it answers, so the limit is well above that.
 */
const answerLimitMs = 30_000;

/** Marks are read and written by key, which takes milliseconds, and nothing is as urgent: a connection that died is not waited for. */
const markLimitMs = 10_000;

/** A server closes a watch after `timeoutSeconds`; one that is silent for this much longer is dead. */
const silenceMarginMs = 5_000;

const methods: Readonly<Record<ApiRequest['verb'], Method>> = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  patch: 'PATCH',
  create: 'POST',
  delete: 'DELETE',
};

/** REST and WATCH over one keep-alive agent; every answer counted, credentials renewed on 401. */
export class ApiClient {
  readonly #modules: ApiClientModules;
  readonly #got: Got;

  constructor(options: { readonly userAgent: string }, modules: ApiClientModules) {
    this.#modules = modules;
    this.#got = got.extend({
      throwHttpErrors: false,
      followRedirect: false,
      // Nothing is compressed that is not asked to be; got would load zlib at the first answer.
      decompress: false,
      retry: { limit: 0 },
      headers: { 'user-agent': options.userAgent, accept: 'application/json' },
    });
  }

  /**
   * One request in its turn. Answers of every HTTP status are returned.
   * @throws ApiError without a status where no answer came; the signal's reason where it is aborted
   */
  request(request: ApiRequest): Promise<ApiAnswer> {
    return this.#withFreshCredentials(() => this.#whole(request));
  }

  /** Like `request`, for those whose every refusal is an error. @throws ApiError */
  async expect(request: ApiRequest): Promise<unknown> {
    const answer = await this.request(request);
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    throw errorOf(`${request.verb} ${request.resource}`, answer);
  }

  /**
   * A list whose items are read one by one as they arrive.
   * @returns the list, which may lack its items, and what was read of each
   * @throws ApiError
   */
  async list<T>(
    request: ApiRequest,
    read: (item: unknown) => T,
  ): Promise<{ readonly list: unknown; readonly items: readonly T[] }> {
    const answer = await this.#withFreshCredentials(() => this.#itemByItem(request, read));
    if (answer.status !== 200) throw errorOf(`${request.verb} ${request.resource}`, answer);
    if (answer.items) {
      const { items: unread = [] } = answer.body as { items?: readonly unknown[] };
      return { list: answer.body, items: [...answer.items, ...unread.map(read)] };
    }
    const list = (await this.expect(request)) as { items?: readonly unknown[] };
    return { list, items: (list.items ?? []).map(read) };
  }

  async #withFreshCredentials<A extends ApiAnswer>(send: () => Promise<A>): Promise<A> {
    const answer = await send();
    if (answer.status !== 401) return answer;
    this.#modules.credentials.refused();
    return send();
  }

  /**
   * The lines of a watch, as `read` reads them, until the server closes it.
   * @throws ApiError also for a watch that has gone silent
   */
  async *watch(request: ApiRequest, timeoutSeconds: number, read: ReadLine = parseBody): AsyncGenerator {
    const { clock, credentials, lanes } = this.#modules;
    const { signal } = request;
    const limit = new TimeLimit(clock, signal);
    const decoder = new TextDecoder();
    let rest = '';
    let opened: { destroy(): void } | undefined;
    try {
      const stream = await lanes.run(request.urgency, signal, async () => {
        // From when its turn has come: to wait for that is no fault of the server's.
        limit.restart(answerLimitMs);
        const { server, agent, headers } = await credentials.current(limit.signal);
        const opening = this.#got.stream(new URL(request.path, server), {
          agent: { http: agent, https: agent },
          headers,
          signal: limit.signal,
        });
        opened = opening;
        const response = await new Promise<Response>((resolve, reject) => {
          opening.once('response', resolve);
          opening.once('error', reject);
        });
        this.#count(request, response.statusCode, clock.now());
        return {
          opening,
          status: response.statusCode,
          retryAfterMs: retryAfterMs(response.headers['retry-after']),
        };
      });
      if (stream.status === 401) credentials.refused();
      limit.restart(timeoutSeconds * 1000 + silenceMarginMs);
      for await (const chunk of stream.opening as AsyncIterable<Uint8Array>) {
        limit.restart(timeoutSeconds * 1000 + silenceMarginMs);
        rest += decoder.decode(chunk, { stream: true });
        if (stream.status !== 200) continue;
        const lines = rest.split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line !== '') yield read(line);
      }
      if (stream.status !== 200) {
        const answer = { status: stream.status, body: parseBody(rest), retryAfterMs: stream.retryAfterMs };
        if (stream.status === 429) lanes.pause(pauseOf(answer));
        throw errorOf(`watch ${request.resource}`, answer);
      }
    } catch (error) {
      signal.throwIfAborted();
      throw this.#unreachable(request, error, limit.signal);
    } finally {
      limit.end();
      opened?.destroy();
    }
  }

  #whole(request: ApiRequest): Promise<ApiAnswer> {
    return this.#exchange(request, async (url, { headers, ...rest }) => {
      const { body } = request;
      const response = await this.#got(url, {
        ...rest,
        method: methods[request.verb],
        headers: {
          ...headers,
          ...(body !== undefined && { 'content-type': request.contentType ?? 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { response, body: parseBody(response.body) };
    });
  }

  #itemByItem<T>(
    request: ApiRequest,
    read: (item: unknown) => T,
  ): Promise<ApiAnswer & { readonly items: readonly T[] | undefined }> {
    return this.#exchange(request, async (url, options) => {
      const stream = this.#got.stream(url, options);
      const { text, items } = await readItems(stream, read);
      // Always there when the body has come to its end.
      return { response: stream.response as Response, body: parseBody(text), items };
    });
  }

  async #exchange<A extends { readonly response: PlainResponse; readonly body: unknown }>(
    request: ApiRequest,
    send: (url: URL, options: SendOptions) => Promise<A>,
  ): Promise<Omit<A, 'response'> & ApiAnswer> {
    const { clock, credentials, lanes, skew } = this.#modules;
    return lanes.run(request.urgency, request.signal, async () => {
      const limit = new TimeLimit(clock, request.signal);
      limit.restart(request.urgency === 'mark' ? markLimitMs : answerLimitMs);
      try {
        const { server, agent, headers } = await credentials.current(limit.signal);
        const sentAt = clock.now();
        const { response, ...content } = await send(new URL(request.path, server), {
          agent: { http: agent, https: agent },
          headers,
          signal: limit.signal,
        });
        skew.observe(response.headers.date, sentAt, clock.now());
        this.#count(request, response.statusCode, sentAt);
        const answer = {
          ...content,
          status: response.statusCode,
          retryAfterMs: retryAfterMs(response.headers['retry-after']),
        };
        if (answer.status === 429 && !hasCause(answer.body, 'DisruptionBudget')) {
          lanes.pause(pauseOf(answer));
        }
        return answer;
      } catch (error) {
        request.signal.throwIfAborted();
        throw this.#unreachable(request, error, limit.signal);
      } finally {
        limit.end();
      }
    });
  }

  #unreachable(request: ApiRequest, error: unknown, limit: AbortSignal): ApiError {
    if (error instanceof ApiError) return error;
    const { credentials, metrics } = this.#modules;
    if (limit.aborted || isNetworkTrouble(error)) credentials.unreachable();
    else credentials.refused();
    metrics.apiRequests.observe({ verb: request.verb, resource: request.resource, code: 'none' }, 0);
    // got's own error says only that it was aborted, and holds the request with its token; its cause does not.
    const reason: unknown = limit.aborted ? limit.reason : error;
    const why = reason instanceof Error ? reason.message.trim() : String(reason);
    const cause = reason instanceof Error ? reason.cause : undefined;
    return new ApiError(`Cannot ${request.verb} ${request.resource}: ${why}`, {}, { cause });
  }

  #count(request: ApiRequest, status: number, sentAt: number): void {
    this.#modules.metrics.apiRequests.observe(
      { verb: request.verb, resource: request.resource, code: String(status) },
      (this.#modules.clock.now() - sentAt) / 1000,
    );
  }
}
