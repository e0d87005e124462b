import type { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { ClockSkew } from '../clock-skew.ts';
import type { Metrics } from '../metrics.ts';
import { pauseOf, type ApiAnswer, type ApiRequest } from './api-request.ts';
import { ApiError } from './cluster.ts';
import type { ApiAccess, Credentials } from './credentials.ts';
import { readItems } from './list-items.ts';
import { isNetworkTrouble } from './network-trouble.ts';
import type { RequestLanes } from './request-lanes.ts';
import { errorOf, isPushback, parseBody, retryAfterMs, textOf as statusText } from './status.ts';
import { errorText } from '../error-text.ts';
import { connectionLost, textOf } from '../http-client.ts';
import type { HttpAnswer, HttpRequest } from './transport.ts';
import { parseTrimmed } from './trimmed-object.ts';
import { TimeLimit } from '../time-limit.ts';

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

const methods: Readonly<Record<ApiRequest['verb'], HttpRequest['method']>> = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  patch: 'PATCH',
  create: 'POST',
  delete: 'DELETE',
};

/** REST and WATCH over the connections of the credentials; every answer counted, credentials renewed on 401. */
export class ApiClient {
  readonly #modules: ApiClientModules;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(options: { readonly userAgent: string }, modules: ApiClientModules) {
    this.#modules = modules;
    this.#headers = { 'user-agent': options.userAgent, accept: 'application/json' };
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
    const isSuccess = answer.status >= 200 && answer.status < 300;
    if (isSuccess && typeof answer.body === 'object') return answer.body;
    const attempt = `${request.verb} ${request.resource}`;
    if (!isSuccess) throw errorOf(attempt, answer);
    // What was cut off on its way, or comes from a proxy's log-in page, must not pass for an empty list, nor for an
    // answer of the API server's.
    throw new ApiError(`Cannot ${attempt}, the answer is no JSON: ${statusText(answer)}`, {});
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
    if (answer.items && typeof answer.body === 'object') {
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
  async *watch(request: ApiRequest, timeoutSeconds: number, read: ReadLine = parseTrimmed): AsyncGenerator {
    const { clock, credentials, lanes } = this.#modules;
    const { signal } = request;
    const limit = new TimeLimit(clock, signal);
    let rest = '';
    let body: Readable | undefined;
    try {
      const answer = await lanes.run(request.urgency, signal, async () => {
        // From when its turn has come: to wait for that is no fault of the server's.
        limit.restart(answerLimitMs);
        const access = await credentials.current(limit.signal);
        const sentAt = clock.now();
        const opened = await this.#send(request, access, limit.signal);
        this.#count(request, opened.status, sentAt);
        return opened;
      });
      const { status } = answer;
      if (status === 401) credentials.refused();
      body = answer.body.setEncoding('utf8');
      limit.restart(timeoutSeconds * 1000 + silenceMarginMs);
      for await (const text of body as AsyncIterable<string>) {
        limit.restart(timeoutSeconds * 1000 + silenceMarginMs);
        rest += text;
        if (status !== 200) continue;
        const lines = rest.split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line !== '') yield read(line);
      }
      throwIfCutOff(answer);
      if (status !== 200) {
        const refusal = { body: parseBody(rest), ...answered(answer) };
        if (isPushback(refusal)) lanes.pause(pauseOf(refusal));
        throw errorOf(`watch ${request.resource}`, refusal);
      }
    } catch (error) {
      signal.throwIfAborted();
      throw this.#unreachable(request, error, limit.signal);
    } finally {
      limit.end();
      body?.destroy();
    }
  }

  #whole(request: ApiRequest): Promise<ApiAnswer> {
    return this.#exchange(request, async (body) => ({ body: parseBody(await textOf(body)) }));
  }

  #itemByItem<T>(
    request: ApiRequest,
    read: (item: unknown) => T,
  ): Promise<ApiAnswer & { readonly items: readonly T[] | undefined }> {
    return this.#exchange(request, async (body) => {
      const { text, items } = await readItems(body, read);
      return { body: parseBody(text), items };
    });
  }

  async #exchange<C extends { readonly body: unknown }>(
    request: ApiRequest,
    readContent: (body: Readable) => Promise<C>,
  ): Promise<C & ApiAnswer> {
    const { clock, credentials, lanes, skew } = this.#modules;
    return lanes.run(request.urgency, request.signal, async () => {
      const limit = new TimeLimit(clock, request.signal);
      limit.restart(request.urgency === 'mark' ? markLimitMs : answerLimitMs);
      try {
        const access = await credentials.current(limit.signal);
        const sentAt = clock.now();
        request.onTurn?.();
        const response = await this.#send(request, access, limit.signal);
        const answer = { ...(await readContent(response.body)), ...answered(response) };
        throwIfCutOff(response);
        skew.observe(response.headers.date, sentAt, clock.now());
        this.#count(request, answer.status, sentAt);
        if (isPushback(answer)) lanes.pause(pauseOf(answer));
        return answer;
      } catch (error) {
        request.signal.throwIfAborted();
        throw this.#unreachable(request, error, limit.signal);
      } finally {
        limit.end();
      }
    });
  }

  #send(
    { verb, path, body, contentType }: ApiRequest,
    { transport, headers }: ApiAccess,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    return transport.send({
      method: methods[verb],
      path,
      headers: {
        ...this.#headers,
        ...headers,
        ...(body !== undefined && { 'content-type': contentType ?? 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      isWatch: verb === 'watch',
      signal,
    });
  }

  #unreachable(request: ApiRequest, error: unknown, limit: AbortSignal): ApiError {
    if (error instanceof ApiError) return error;
    const { credentials, metrics } = this.#modules;
    if (limit.aborted || isNetworkTrouble(error)) credentials.unreachable();
    else credentials.refused();
    metrics.apiRequests.observe({ verb: request.verb, resource: request.resource, code: 'none' }, 0);
    const reason: unknown = limit.aborted ? limit.reason : error;
    return new ApiError(
      `Cannot ${request.verb} ${request.resource}: ${errorText(reason)}`,
      {},
      { cause: reason },
    );
  }

  #count(request: ApiRequest, status: number, sentAt: number): void {
    this.#modules.metrics.apiRequests.observe(
      { verb: request.verb, resource: request.resource, code: String(status) },
      (this.#modules.clock.now() - sentAt) / 1000,
    );
  }
}

/** What was read of it may look like all of it. */
function throwIfCutOff({ isCutOff }: HttpAnswer): void {
  if (isCutOff()) throw connectionLost('the connection was closed in mid-answer');
}

function answered({ status, headers }: HttpAnswer): Omit<ApiAnswer, 'body'> {
  return { status, retryAfterMs: retryAfterMs(headers['retry-after']) };
}
