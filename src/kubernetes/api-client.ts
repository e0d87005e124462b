import got, { type Got, type Method, type Response } from 'got';
import type { Clock } from '../clock.ts';
import type { ClockSkew } from '../clock-skew.ts';
import type { Metrics } from '../metrics.ts';
import { ApiError, type Urgency } from './cluster.ts';
import type { Credentials } from './credentials.ts';
import type { RequestLanes } from './request-lanes.ts';
import { errorOf, hasCause, parseBody, retryAfterMs } from './status.ts';
import { TimeLimit } from './time-limit.ts';

export interface ApiRequest {
  readonly verb: 'get' | 'list' | 'watch' | 'patch' | 'create' | 'delete';
  /** As RBAC names it, e.g. `pods/eviction`. */
  readonly resource: string;
  /** Path and query, from the server's root. */
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly urgency: Urgency;
  readonly signal: AbortSignal;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfterMs: number | undefined;
}

export interface ApiClientModules {
  readonly clock: Clock;
  readonly credentials: Credentials;
  readonly lanes: RequestLanes;
  readonly metrics: Pick<Metrics, 'apiRequests'>;
  readonly skew: ClockSkew;
}

/**
 * The API server holds an eviction with a stale UID for 10 s before it answers, so the limit is well above that.
 */
const answerLimitMs = 30_000;

/** Marks are read and written by key, which takes milliseconds, and nothing is as urgent: a connection that died is not waited for. */
const markLimitMs = 10_000;

/** A server closes a watch after `timeoutSeconds`; one that is silent for this much longer is dead. */
const silenceMarginMs = 5_000;

/** Where an overloaded server names no time. */
const defaultPauseMs = 1_000;

/** However long a server, or a proxy that speaks for it, asks us to wait: a Spot notice leaves two minutes. */
const longestPauseMs = 10_000;

/** What fails between us and the server; anything else is about certificates or credentials. */
const networkTroubles: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

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
  async request(request: ApiRequest): Promise<ApiAnswer> {
    const answer = await this.#once(request);
    if (answer.status === 401) {
      this.#modules.credentials.refused();
      return this.#once(request);
    }
    return answer;
  }

  /** Like `request`, for those whose every refusal is an error. @throws ApiError */
  async expect(request: ApiRequest): Promise<unknown> {
    const answer = await this.request(request);
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    throw errorOf(`${request.verb} ${request.resource}`, answer);
  }

  /**
   * The lines of a watch, parsed, until the server closes it.
   * @throws ApiError also for a watch that has gone silent
   */
  async *watch(request: ApiRequest, timeoutSeconds: number): AsyncGenerator {
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
        for (const line of lines) if (line !== '') yield parseBody(line);
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

  async #once(request: ApiRequest): Promise<ApiAnswer> {
    const { clock, credentials, lanes, skew } = this.#modules;
    return lanes.run(request.urgency, request.signal, async () => {
      const limit = new TimeLimit(clock, request.signal);
      limit.restart(request.urgency === 'mark' ? markLimitMs : answerLimitMs);
      try {
        const { server, agent, headers } = await credentials.current(limit.signal);
        const sentAt = clock.now();
        const response = await this.#got(new URL(request.path, server), {
          method: methods[request.verb],
          agent: { http: agent, https: agent },
          headers: {
            ...headers,
            ...(request.body !== undefined && { 'content-type': request.contentType ?? 'application/json' }),
          },
          ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
          signal: limit.signal,
        });
        skew.observe(response.headers.date, sentAt, clock.now());
        this.#count(request, response.statusCode, sentAt);
        const answer = {
          status: response.statusCode,
          body: parseBody(response.body),
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
    if (limit.aborted || networkTroubles.has(codeOf(error))) credentials.unreachable();
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

function pauseOf(answer: ApiAnswer): number {
  return Math.min(answer.retryAfterMs ?? defaultPauseMs, longestPauseMs);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
