import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import { ImdsError, type Answer, type Exchange } from './exchange.ts';
import { unlessAborted } from '../../unless-aborted.ts';

const tokenPath = '/latest/api/token';
const ttlHeader = 'x-aws-ec2-metadata-token-ttl-seconds';

/**
 * Six hours, the longest that IMDS grants.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
 */
const requestedTtlSeconds = 21_600;
/** A token is renewed this long before it expires, or in the last fifth of a short life. */
const renewalMarginMs = 60_000;
/** How long after a failed renewal the old token, still valid, is used before it is tried again. */
const renewalRetryMs = 5000;
/** IMDSv2 is looked for again this long after the service said that it has none. */
const versionOneMs = 3_600_000;
/** What the token endpoint answers where there is no IMDSv2; anything else is trouble, not an answer. */
const withoutVersionTwo: ReadonlySet<number> = new Set([403, 404, 405]);

interface Held {
  /** Undefined: the service has no IMDSv2, and is asked without a token. */
  readonly token: string | undefined;
  readonly expiresAt: number;
  renewAt: number;
}

/** Holds the IMDSv2 session token. Requests that need one at the same time share one call for it. */
export class TokenKeeper {
  readonly #exchange: Exchange;
  readonly #clock: Clock;
  readonly #log: Logger;
  #held: Held | undefined;
  #fetching: Promise<Held> | undefined;
  #warned = false;

  constructor(modules: { readonly exchange: Exchange; readonly clock: Clock; readonly log: Logger }) {
    this.#exchange = modules.exchange;
    this.#clock = modules.clock;
    this.#log = modules.log;
  }

  /**
   * The token to ask with; undefined means IMDSv1.
   * @throws ImdsError when there is none to be had; the signal's reason once it is aborted.
   */
  async current(signal: AbortSignal | undefined): Promise<string | undefined> {
    const held = this.#held;
    const now = this.#clock.now();
    if (held && now < held.renewAt) return held.token;
    this.#fetching ??= this.#fetch();
    try {
      return (await unlessAborted(this.#fetching, signal)).token;
    } catch (error) {
      signal?.throwIfAborted();
      if (held === undefined || now >= held.expiresAt) throw error;
      held.renewAt = now + renewalRetryMs;
      return held.token;
    }
  }

  /** The service answered 401 to this token (or to none): it is not offered again. */
  reject(token: string | undefined): void {
    if (this.#held?.token === token) this.#held = undefined;
  }

  async #fetch(): Promise<Held> {
    try {
      this.#held = this.#read(await this.#ask());
      return this.#held;
    } finally {
      this.#fetching = undefined;
    }
  }

  async #ask(): Promise<Answer> {
    try {
      return await this.#exchange.ask({
        method: 'PUT',
        path: tokenPath,
        headers: { [ttlHeader]: String(requestedTtlSeconds) },
        // Shared by several callers: the response limit ends it, not one caller's signal.
        signal: undefined,
      });
    } catch (error) {
      if (!(error instanceof ImdsError) || error.code !== 'timeout') throw error;
      // The answer to this one request is dropped by each hop beyond the instance's limit.
      throw new ImdsError(
        `${error.message} (in a pod without host network the instance needs a metadata hop limit of 2)`,
        'timeout',
        { cause: error },
      );
    }
  }

  #read({ statusCode, headers, body }: Answer): Held {
    if (statusCode === 200) return this.#granted(body.trim(), headers[ttlHeader]);
    if (withoutVersionTwo.has(statusCode)) return this.#refused(statusCode);
    throw new ImdsError(`Cannot get an IMDSv2 token: status ${statusCode}`, 'token', { statusCode });
  }

  #granted(token: string, ttl: string | string[] | undefined): Held {
    if (!/^[\u0021-\u007e]{1,1024}$/.test(token)) {
      throw new ImdsError('Cannot use the IMDSv2 token: it is not one word of printable characters', 'token');
    }
    const ttlSeconds = Number(ttl ?? requestedTtlSeconds);
    const lifeMs = 1000 * (ttlSeconds > 0 ? Math.min(ttlSeconds, requestedTtlSeconds) : requestedTtlSeconds);
    const now = this.#clock.now();
    this.#warned = false;
    return {
      token,
      expiresAt: now + lifeMs,
      renewAt: now + lifeMs - Math.min(renewalMarginMs, lifeMs / 5),
    };
  }

  #refused(statusCode: number): Held {
    if (!this.#warned) {
      this.#log.warn('The metadata service has no IMDSv2, continuing with IMDSv1', {
        status_code: statusCode,
      });
      this.#warned = true;
    }
    const until = this.#clock.now() + versionOneMs;
    return { token: undefined, expiresAt: until, renewAt: until };
  }
}
