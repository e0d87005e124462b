import http from 'node:http';
import https from 'node:https';
import got, { type Response } from 'got';
import type { Clock } from '../clock.ts';
import { TimeLimit } from '../time-limit.ts';

export interface WebhookRequestOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A plain HTTP proxy. */
  readonly proxyUrl: string | undefined;
  /** NTH's limit is 5 s. */
  readonly limitMs: number;
  readonly userAgent: string;
  /** Authorities to trust in place of Node's own, as PEM. */
  readonly certificateAuthorities?: string | undefined;
}

export interface WebhookAnswer {
  readonly status: number;
  /** Where the receiver says when to come again. */
  readonly retryAfterMs: number | undefined;
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly retryAfter: string | undefined;
}

/** Redirections that keep method and body. */
const repeatedElsewhere: ReadonlySet<number> = new Set([307, 308]);
const mostRedirections = 5;

/** An answer's body is of no use; this much is read so that the receiver is not cut off while it writes. */
const mostReadBytes = 64 * 1024;

/** No receiver makes us wait longer than this. */
const longestRetryAfterMs = 30_000;

/** Posts one body. Neither its errors nor anything else tells the URL or the headers, which are secrets. */
export class WebhookRequest {
  readonly #options: WebhookRequestOptions;
  readonly #clock: Clock;

  constructor(options: WebhookRequestOptions, modules: { readonly clock: Clock }) {
    this.#options = options;
    this.#clock = modules.clock;
  }

  /** @throws an error without secrets where there is no answer in time; the signal's reason once it is aborted */
  async post(body: string, signal: AbortSignal): Promise<WebhookAnswer> {
    const limit = new TimeLimit(this.#clock, signal);
    limit.restart(this.#options.limitMs);
    let url = new URL(this.#options.url);
    let trouble: string;
    try {
      for (let redirections = 0; ; redirections += 1) {
        const { status, location, retryAfter } = await this.#exchange(url, body, limit.signal);
        if (!repeatedElsewhere.has(status) || location === undefined || redirections === mostRedirections) {
          return { status, retryAfterMs: retryAfterMs(retryAfter) };
        }
        url = new URL(location, url);
      }
    } catch (error) {
      signal.throwIfAborted();
      trouble = reasonOf(limit.signal.aborted ? limit.signal.reason : error, [url, this.#options.url]);
    } finally {
      limit.end();
    }
    // Without its cause, which holds the request.
    throw new Error(trouble);
  }

  async #exchange(url: URL, body: string, signal: AbortSignal): Promise<Answer> {
    const agent = this.#agentFor(url);
    const posting = got.stream.post(url, {
      body,
      headers: this.#headersFor(url, body),
      agent: { http: agent, https: agent as https.Agent },
      signal,
      // What is answered, and where to, is looked at here; another try is up to who posts.
      throwHttpErrors: false,
      followRedirect: false,
      retry: { limit: 0 },
      decompress: false,
    });
    let answer: Answer | undefined;
    posting.once('response', ({ statusCode: status, headers }: Response) => {
      answer = { status, location: headers.location, retryAfter: headers['retry-after'] };
    });
    try {
      let readBytes = 0;
      for await (const chunk of posting as AsyncIterable<Buffer>) {
        readBytes += chunk.length;
        if (readBytes > mostReadBytes) break;
      }
    } catch (error) {
      // A body that does not end in time takes nothing from what the status says.
      if (!answer) throw error;
    }
    return answer ?? Promise.reject(new Error('no answer'));
  }

  /** Another host than the operator's is told nothing that may be a secret. */
  #headersFor(url: URL, body: string): Record<string, string> {
    // As NTH sends them: Node would send characters as Latin-1, and none that this does not have.
    const given = Object.entries(this.#options.headers).map(
      ([name, value]) => [name, Buffer.from(value).toString('latin1')] as const,
    );
    const isOwn = url.host === new URL(this.#options.url).host;
    return {
      'user-agent': this.#options.userAgent,
      ...Object.fromEntries(isOwn ? given : given.filter(([name]) => /^content-type$/i.test(name))),
      'content-length': String(Buffer.byteLength(body)),
    };
  }

  /** One for each request: posts are rare, and a kept connection is memory. */
  #agentFor(url: URL): http.Agent {
    const { proxyUrl, certificateAuthorities: ca, limitMs: timeout } = this.#options;
    const proxy = proxyUrl !== undefined && { proxyEnv: { HTTP_PROXY: proxyUrl, HTTPS_PROXY: proxyUrl } };
    // The time is that of a proxy's silence: a post that is given up leaves its connection to the proxy behind.
    if (url.protocol === 'http:') return new http.Agent({ ...proxy, timeout });
    return new https.Agent({ ...proxy, timeout, ...(ca !== undefined && { ca }) });
  }
}

/** Seconds, or a date that nobody reads. https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
function retryAfterMs(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,9}$/.test(text)) return undefined;
  return Math.min(Number(text) * 1000, longestRetryAfterMs);
}

/** Whose message may name the host, which in some services is part of the secret. */
function reasonOf(error: unknown, urls: readonly (URL | string)[]): string {
  const { message, errors } = error as { message?: string; errors?: readonly Error[] };
  const text = message || (errors ?? []).map((it) => it.message).join('; ') || 'no answer';
  return urls
    .flatMap((url) => [new URL(url).href, new URL(url).host, new URL(url).hostname])
    .reduce((shown, secret) => shown.replaceAll(secret, "(the webhook's host)"), text);
}
