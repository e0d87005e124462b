import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../../src/clock.ts';
import type { Answer } from '../http-listener.ts';
import { page } from './documents.ts';

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html */
const longestTtlSeconds = 21_600;

/** IMDSv2's session tokens. */
export class ImdsTokens {
  readonly #clock: Clock;
  readonly #expiresAt = new Map<string, number>();
  /** How many were given out. */
  issued = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isValid(token: string | string[]): boolean {
    const expiresAt = typeof token === 'string' ? this.#expiresAt.get(token) : undefined;
    return expiresAt !== undefined && this.#clock.now() < expiresAt;
  }

  /** All tokens are worth nothing from now on, as when IMDS lost them. */
  forget(): void {
    this.#expiresAt.clear();
  }

  answer({ method, headers }: IncomingMessage): Answer {
    if (method !== 'PUT') return page(405, 'Method Not Allowed');
    // A forwarded request may come from outside: IMDS gives it no token.
    if (headers['x-forwarded-for'] !== undefined) return page(403, 'Forbidden');
    const ttl = headers['x-aws-ec2-metadata-token-ttl-seconds'];
    const ttlSeconds = Number(ttl);
    if (
      ttl === undefined ||
      !Number.isInteger(ttlSeconds) ||
      ttlSeconds < 1 ||
      ttlSeconds > longestTtlSeconds
    ) {
      return page(400, 'Bad Request');
    }
    this.issued += 1;
    const token = Buffer.from(`token-number-${this.issued}`.padEnd(40, '=')).toString('base64url');
    this.#expiresAt.set(token, this.#clock.now() + ttlSeconds * 1000);
    return {
      code: 200,
      body: token,
      headers: { 'Content-Type': 'text/plain', 'X-aws-ec2-metadata-token-ttl-seconds': String(ttlSeconds) },
    };
  }
}
