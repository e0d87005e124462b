import { forgetOldest } from '../forget-oldest.ts';
import type { Clock } from '../clock.ts';
import { errorText } from '../error-text.ts';
import type { LifecycleHook } from '../interruption/interruption.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import type { AwsClient } from './client.ts';
import { AwsError } from './error.ts';
import { hookFields, hookKey, hookParameters } from './hook-calls.ts';

/** Beats go on for so long where nobody works for the hook: its message comes again meanwhile. */
const longestRestMs = 300_000;

/** So many hooks are remembered whose time is over; the oldest is forgotten first. */
const mostRemembered = 2000;

/** By then it is known whether the hook is ours; no interval is shorter than 30 s. */
const resumeAfterMs = 10_000;

export interface HeartbeatOptions {
  readonly intervalSeconds: number;
  /** Counted from the first time that the hook is kept alive. */
  readonly untilSeconds: number;
}

export interface HeartbeatModules {
  readonly client: Pick<AwsClient, 'query'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'lifecycleHeartbeats'>;
  /** Told that the group waits for the hook no more. */
  readonly onGone: (hook: LifecycleHook) => void;
}

interface Beating {
  readonly stop: AbortController;
  /** Nobody works for the hook since. */
  restsSince: number | undefined;
}

/**
 * Keeps hooks open while their nodes are drained, each on a clock of its own.
 * https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RecordLifecycleActionHeartbeat.html
 */
export class Heartbeats {
  readonly #options: HeartbeatOptions;
  readonly #modules: HeartbeatModules;
  readonly #beating = new Map<string, Beating>();
  /** No more heartbeats are sent, though their messages still come again where their drains fail. */
  readonly #over = new Set<string>();
  #isRefusalTold = false;

  constructor(options: HeartbeatOptions, modules: HeartbeatModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** Begins to beat, or goes on. @param isResumed somebody was at it before: the first beat is due soon */
  start(hook: LifecycleHook, isResumed: boolean): void {
    const key = hookKey(hook);
    if (this.#over.has(key)) return;
    const known = this.#beating.get(key);
    if (known) {
      known.restsSince = undefined;
      return;
    }
    const beating = { stop: new AbortController(), restsSince: undefined };
    this.#beating.set(key, beating);
    void this.#beat(hook, beating, isResumed).finally(() => {
      if (this.#beating.get(key) === beating) this.#beating.delete(key);
    });
  }

  /** Nobody works for the hook at the moment. */
  rest(hook: LifecycleHook): void {
    const beating = this.#beating.get(hookKey(hook));
    if (beating) beating.restsSince ??= this.#modules.clock.now();
  }

  stop(hook: LifecycleHook): void {
    const key = hookKey(hook);
    this.#beating.get(key)?.stop.abort();
    this.#beating.delete(key);
  }

  stopAll(): void {
    for (const { stop } of this.#beating.values()) stop.abort();
    this.#beating.clear();
  }

  async #beat(hook: LifecycleHook, beating: Beating, isResumed: boolean): Promise<void> {
    const { clock, log } = this.#modules;
    const { signal } = beating.stop;
    const beganAt = clock.now();
    try {
      const intervalMs = this.#options.intervalSeconds * 1000;
      for (let pauseMs = isResumed ? resumeAfterMs : intervalMs; ; pauseMs = intervalMs) {
        await clock.sleep(pauseMs, signal);
        const now = clock.now();
        if (now - beganAt >= this.#options.untilSeconds * 1000) {
          log.info('Heartbeat deadline exceeded, stopping heartbeat', hookFields(hook));
          this.#endFor(hookKey(hook));
          return;
        }
        if (beating.restsSince !== undefined && now - beating.restsSince >= longestRestMs) return;
        if (!(await this.#record(hook, signal))) return;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #endFor(key: string): void {
    this.#over.add(key);
    forgetOldest(this.#over, mostRemembered);
  }

  /** @returns whether to go on */
  async #record(hook: LifecycleHook, signal: AbortSignal): Promise<boolean> {
    const { client, log, metrics } = this.#modules;
    try {
      await client.query({
        service: 'autoscaling',
        action: 'RecordLifecycleActionHeartbeat',
        parameters: hookParameters(hook),
        signal,
      });
      metrics.lifecycleHeartbeats.inc({ result: 'success' });
      log.debug('Successfully sent lifecycle heartbeat', hookFields(hook));
      return true;
    } catch (error) {
      signal.throwIfAborted();
      metrics.lifecycleHeartbeats.inc({ result: 'error' });
      return this.#goesOnAfter(error, hook);
    }
  }

  #goesOnAfter(error: unknown, hook: LifecycleHook): boolean {
    const { log, onGone } = this.#modules;
    if (error instanceof AwsError && error.kind === 'access-denied') {
      if (!this.#isRefusalTold) {
        log.warn('Not allowed to send lifecycle heartbeats, hooks end after their own timeout', {
          missing_right: 'autoscaling:RecordLifecycleActionHeartbeat',
          error: errorText(error),
        });
      }
      this.#isRefusalTold = true;
      return false;
    }
    const isGone = error instanceof AwsError && error.code === 'ValidationError';
    log.warn('Failed to send lifecycle heartbeat', {
      ...hookFields(hook),
      error: errorText(error),
      next: isGone ? 'no more heartbeats are sent' : 'the next one is sent in time',
    });
    if (isGone) {
      this.#endFor(hookKey(hook));
      onGone(hook);
    }
    return !isGone;
  }
}
