import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

/** How far the other side's clock may be ahead of ours, in milliseconds: between `low` and `high`. */
interface Range {
  readonly low: number;
  readonly high: number;
}

/** A Date header has no fraction: the second it names may be almost over (RFC 9110, 5.6.7). */
const dateResolutionMs = 1000;
/** Servers that cache the header refresh it a little late. */
const dateSlackMs = 100;
/** The fastest that two undisciplined clocks drift apart: 200 parts per million. */
const driftPerMs = 0.0002;
/** What a Date header can't tell from zero, and no deadline depends on. */
const noiseMs = 1000;
const warnAboveMs = 2000;

/**
 * By how much this machine's clock differs from another's, learnt from the Date headers of its answers.
 * Each answer says that the difference lies in a range (of a second and the round trip); ranges that
 * overlap narrow each other. One answer that contradicts the others is passed over; a second one that
 * agrees with it means that a clock was set.
 */
export class ClockSkew {
  readonly #against: string;
  readonly #log: Logger;
  readonly #gauge;
  #known: Range | undefined;
  #contradicting: Range | undefined;
  #observedAt = 0;
  #skewMs = 0;
  #warned = false;

  constructor(
    options: { readonly against: string },
    modules: { readonly log: Logger; readonly metrics: Metrics },
  ) {
    this.#against = options.against;
    this.#log = modules.log;
    this.#gauge = modules.metrics.clockSkew.labels({ against: options.against });
  }

  /** Milliseconds by which the other clock is ahead of ours; 0 while it can't be told from noise. */
  get skewMs(): number {
    return this.#skewMs;
  }

  /** Learns from an answer; `sentAt` and `receivedAt` are this machine's times around its request. */
  observe(dateHeader: string | undefined, sentAt: number, receivedAt: number): void {
    const date = Date.parse(dateHeader ?? '');
    if (Number.isNaN(date) || receivedAt < sentAt) return;
    const seen = {
      low: date - receivedAt - dateSlackMs,
      high: date + dateResolutionMs + dateSlackMs - sentAt,
    };
    this.#learn(seen, Math.max(0, receivedAt - this.#observedAt));
    this.#observedAt = receivedAt;
    this.#tell();
  }

  /** An instant of the other clock, on ours. */
  toLocal(instant: number): number {
    return instant - this.#skewMs;
  }

  #learn(seen: Range, sinceMs: number): void {
    const known = this.#known && overlap(widened(this.#known, sinceMs * driftPerMs), seen);
    if (known) {
      this.#known = known;
      this.#contradicting = undefined;
      return;
    }
    const confirmed = this.#contradicting && overlap(this.#contradicting, seen);
    if (this.#known === undefined || confirmed) {
      this.#known = confirmed ?? seen;
      this.#contradicting = undefined;
    } else {
      this.#contradicting = seen;
    }
  }

  #tell(): void {
    if (this.#known === undefined) return;
    const { low, high } = this.#known;
    const middleMs = (low + high) / 2;
    const containsZero = low <= 0 && high >= 0;
    const skewMs = containsZero || Math.abs(middleMs) < noiseMs ? 0 : Math.round(middleMs);
    if (skewMs !== this.#skewMs) {
      this.#skewMs = skewMs;
      this.#gauge.set(skewMs / 1000);
    }
    if (skewMs === 0) this.#warned = false;
    if (Math.abs(skewMs) <= warnAboveMs || this.#warned) return;
    this.#warned = true;
    this.#log.warn(
      "This machine's clock differs from the other side's; AWS's deadlines are corrected by its own",
      {
        against: this.#against,
        skew_seconds: skewMs / 1000,
      },
    );
  }
}

function widened(range: Range, byMs: number): Range {
  return { low: range.low - byMs, high: range.high + byMs };
}

function overlap(one: Range, other: Range): Range | undefined {
  const low = Math.max(one.low, other.low);
  const high = Math.min(one.high, other.high);
  return low <= high ? { low, high } : undefined;
}
