import { forgetOldest } from '../forget-oldest.ts';
import type { Clock } from '../clock.ts';
import { errorText } from '../error-text.ts';
import type { Instant, LifecycleHook } from '../interruption/interruption.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import type { AwsClient } from './client.ts';
import { AwsError } from './error.ts';
import { Heartbeats, type HeartbeatOptions } from './heartbeats.ts';
import { hookFields, hookKey, hookParameters } from './hook-calls.ts';

/** Auto Scaling keeps no hook open for longer. https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html */
const longestHookMs = 48 * 3_600_000;

const firstPauseMs = 1000;
const longestPauseMs = 60_000;
/** Where a right is missing: somebody has to give it first. */
const longestPauseIfRefusedMs = 300_000;
const reminderMs = 600_000;

/** So many hooks are remembered whose time is over; the oldest is forgotten first. */
const mostRemembered = 2000;

/**
 * How an attempt to complete a hook ended.
 * - `completed`: the group goes on
 * - `gone`: the group waits for it no more: it was completed by somebody else, or its time is over
 * - `stopped`: we are to stop before it could be completed
 */
export type HookEnd = 'completed' | 'gone' | 'stopped';

export interface LifecycleHooksOptions {
  /** Before a hook is completed, so that load balancers can deregister the node. */
  readonly completeDelaySeconds: number;
  /** Undefined: no heartbeats are sent. */
  readonly heartbeat: HeartbeatOptions | undefined;
}

export interface LifecycleHooksModules {
  readonly client: Pick<AwsClient, 'query'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'lifecycleHooks' | 'lifecycleHeartbeats'>;
  /** From 0 up to, but not including, 1; spreads the tries. @default Math.random */
  readonly random?: () => number;
}

/**
 * Completes the hooks of Auto Scaling groups, always with CONTINUE, and keeps them open until then. Knows nothing of
 * messages: a hook that a node's annotation remembers is completed in the same way.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/completing-lifecycle-hooks.html
 */
export class LifecycleHooks {
  readonly #options: LifecycleHooksOptions;
  readonly #modules: LifecycleHooksModules;
  readonly #heartbeats: Heartbeats | undefined;
  readonly #closed = new AbortController();
  readonly #completing = new Map<string, Promise<HookEnd>>();
  readonly #ended = new Map<string, HookEnd>();
  readonly #goneSince = new Map<string, Instant>();
  #refusalToldAt = -Infinity;

  constructor(options: LifecycleHooksOptions, modules: LifecycleHooksModules) {
    this.#options = options;
    this.#modules = modules;
    const onGone = (hook: LifecycleHook): void => this.#learnGone(hookKey(hook));
    this.#heartbeats = options.heartbeat && new Heartbeats(options.heartbeat, { ...modules, onGone });
  }

  /**
   * Somebody works towards the hook's completion: heartbeats are sent until it is completed, where the options ask
   * for them. May be called for a hook that is kept open already.
   * @param isResumed somebody else kept it open before: the first beat is due soon, not after one interval
   */
  keepOpen(hook: LifecycleHook, { isResumed = false } = {}): void {
    if (!this.#ended.has(hookKey(hook))) this.#heartbeats?.start(hook, isResumed);
  }

  /** Nobody works for it until it is kept open again: after a few minutes no more heartbeats are sent. */
  rest(hook: LifecycleHook): void {
    this.#heartbeats?.rest(hook);
  }

  /** It is not ours to complete. */
  leave(hook: LifecycleHook): void {
    this.#heartbeats?.stop(hook);
  }

  /**
   * Lets the group go on, after the delay; tried until it succeeds or the group says that it waits no more. Several
   * calls for one hook are one.
   * @param stopping ends what only waits
   */
  complete(hook: LifecycleHook, stopping?: AbortSignal): Promise<HookEnd> {
    const key = hookKey(hook);
    const end = this.#ended.get(key);
    if (end !== undefined) return Promise.resolve(end);
    const completing = this.#completing.get(key) ?? this.#complete(hook, key, stopping);
    this.#completing.set(key, completing);
    return completing;
  }

  /**
   * Since when it is known that the group waits for the hook no more, although we have not completed it; it may have been
   * so for long before. undefined: as far as is known it waits.
   */
  goneSince(hook: LifecycleHook): Instant | undefined {
    return this.#goneSince.get(hookKey(hook));
  }

  /** Ends everything where it stands. */
  close(): void {
    this.#closed.abort();
    this.#heartbeats?.stopAll();
  }

  async #complete(hook: LifecycleHook, key: string, stopping: AbortSignal | undefined): Promise<HookEnd> {
    const { clock } = this.#modules;
    const closed = this.#closed.signal;
    const waiting = stopping ? AbortSignal.any([closed, stopping]) : closed;
    const giveUpAt = clock.now() + longestHookMs;
    try {
      const delayMs = this.#options.completeDelaySeconds * 1000;
      // Without one it is completed also by a process that is to stop: its node has been drained.
      if (delayMs > 0) await clock.sleep(delayMs, waiting);
      const told = { at: -Infinity, isRefused: false };
      for (let tried = 1; ; tried += 1) {
        const end = await this.#try(hook, told, closed);
        if (end !== undefined) return this.#end(hook, key, end);
        if (clock.now() >= giveUpAt) return this.#end(hook, key, 'gone');
        await clock.sleep(this.#pauseMs(tried, told.isRefused), waiting);
      }
    } catch (error) {
      if (waiting.aborted) return 'stopped';
      throw error;
    } finally {
      this.#completing.delete(key);
    }
  }

  async #try(
    hook: LifecycleHook,
    told: { at: number; isRefused: boolean },
    signal: AbortSignal,
  ): Promise<HookEnd | undefined> {
    const { client, log } = this.#modules;
    try {
      await client.query({
        service: 'autoscaling',
        action: 'CompleteLifecycleAction',
        parameters: { ...hookParameters(hook), LifecycleActionResult: 'CONTINUE' },
        signal,
      });
      log.info('Completed ASG Lifecycle Hook', hookFields(hook));
      return 'completed';
    } catch (error) {
      signal.throwIfAborted();
      // Whatever is invalid: that there is no such action, hook or group any more.
      if (error instanceof AwsError && error.code === 'ValidationError') {
        log.info('The lifecycle hook waits no more, nothing is to be completed', {
          ...hookFields(hook),
          reason: error.reason,
        });
        return 'gone';
      }
      this.#tellFailure(error, hook, told);
      return undefined;
    }
  }

  #tellFailure(error: unknown, hook: LifecycleHook, told: { at: number; isRefused: boolean }): void {
    const { clock, log, metrics } = this.#modules;
    const now = clock.now();
    metrics.lifecycleHooks.inc({ result: 'error' });
    told.isRefused = error instanceof AwsError && error.kind === 'access-denied';
    if (told.isRefused) {
      if (now - this.#refusalToldAt < reminderMs) return;
      this.#refusalToldAt = now;
      log.error('Not allowed to complete lifecycle hooks, trying again', {
        missing_right: 'autoscaling:CompleteLifecycleAction',
        error: errorText(error),
      });
    } else if (now - told.at >= reminderMs) {
      told.at = now;
      log.warn('Cannot complete the lifecycle hook, trying again', {
        ...hookFields(hook),
        error: errorText(error),
      });
    }
  }

  #end(hook: LifecycleHook, key: string, end: HookEnd): HookEnd {
    this.#heartbeats?.stop(hook);
    this.#modules.metrics.lifecycleHooks.inc({ result: end });
    if (end === 'gone') this.#learnGone(key);
    remember(this.#ended, key, end);
    return end;
  }

  #learnGone(key: string): void {
    if (!this.#goneSince.has(key)) remember(this.#goneSince, key, this.#modules.clock.now());
  }

  #pauseMs(tried: number, isRefused: boolean): number {
    const { random = Math.random } = this.#modules;
    const longestMs = isRefused ? longestPauseIfRefusedMs : longestPauseMs;
    return Math.min(firstPauseMs * 2 ** (tried - 1), longestMs) * (0.5 + random() / 2);
  }
}

function remember<T>(of: Map<string, T>, key: string, value: T): void {
  of.set(key, value);
  forgetOldest(of, mostRemembered);
}
