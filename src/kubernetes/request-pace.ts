import type { Clock } from '../clock.ts';
import type { Instant } from '../interruption/interruption.ts';

export interface RequestPaceOptions {
  /** Requests per second, on average; undefined = only the server's pushback limits us. */
  readonly qps: number | undefined;
  /** Requests that may go at once after a quiet time; used with `qps`. */
  readonly burst: number | undefined;
}

/** The first request after a pause is not waited for any longer. */
const probeLimitMs = 1_000;

/**
 * How fast requests follow each other. After an overloaded server's pushback nothing starts until the time that it asked
 * for has passed, and then one request alone, the probe, which tells whether it is over.
 */
export class RequestPace {
  readonly #clock: Clock;
  readonly #qps: number | undefined;
  readonly #burst: number;
  #tokens: number;
  #tokensAt: number;
  #pausedFrom = 0;
  #pausedUntil = 0;
  /** So far. */
  #pauses = 0;
  /** After a pause, until a request has come through. */
  #isProbing = false;
  #probeAt: Instant | undefined;

  constructor({ qps, burst }: RequestPaceOptions, { clock }: { readonly clock: Clock }) {
    this.#clock = clock;
    this.#qps = qps;
    this.#burst = Math.max(1, burst ?? 1);
    this.#tokens = this.#burst;
    this.#tokensAt = clock.now();
  }

  /** What is in no hurry leaves so many tokens to others. */
  get halfOfBurst(): number {
    return Math.floor(this.#burst / 2);
  }

  /** The pause whose end a request that starts now tells; undefined where there was none, or its end is known. */
  get probed(): number | undefined {
    return this.#isProbing ? this.#pauses : undefined;
  }

  /** Nothing starts for `ms` from now. */
  pause(ms: number): void {
    const now = this.#clock.now();
    this.#pausedUntil = this.#isPaused(now) ? Math.max(this.#pausedUntil, now + ms) : now + ms;
    this.#pausedFrom = now;
    this.#pauses += 1;
    this.#isProbing = true;
    this.#probeAt = undefined;
  }

  /** A request has come through. @param probed as it was when it started */
  ended(probed: number | undefined): void {
    // Another pause, should it have brought one, needs another probe.
    if (probed === this.#pauses) this.#isProbing = false;
  }

  /** Takes a token. @returns 0; or the time in ms after which it is worth another try, with nothing taken */
  start(tokensToLeave: number): number {
    const now = this.#clock.now();
    if (this.#isPaused(now)) return this.#pausedUntil - now;
    const waitMs = this.#untilToken(now, tokensToLeave) || this.#untilProbed(now);
    if (waitMs === 0) this.#tokens -= 1;
    return waitMs;
  }

  #untilToken(now: Instant, tokensToLeave: number): number {
    if (this.#qps === undefined) return 0;
    const sinceMs = Math.max(0, now - this.#tokensAt);
    this.#tokens = Math.min(this.#burst, this.#tokens + (sinceMs / 1000) * this.#qps);
    this.#tokensAt = now;
    const missing = Math.min(this.#burst, 1 + tokensToLeave) - this.#tokens;
    return missing <= 0 ? 0 : Math.ceil((missing / this.#qps) * 1000);
  }

  /** A probe that is not answered soon, such as an eviction that the server holds, is not waited for. */
  #untilProbed(now: Instant): number {
    if (!this.#isProbing) return 0;
    if (this.#probeAt === undefined) {
      this.#probeAt = now;
      return 0;
    }
    const sinceMs = now - this.#probeAt;
    this.#isProbing = sinceMs >= 0 && sinceMs < probeLimitMs;
    return this.#isProbing ? probeLimitMs - sinceMs : 0;
  }

  /** A clock that was set back must not make a pause of seconds one of hours. */
  #isPaused(now: number): boolean {
    return now >= this.#pausedFrom && now < this.#pausedUntil;
  }
}
