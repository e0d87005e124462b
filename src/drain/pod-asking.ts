import type { Clock } from '../clock.ts';
import type { AskAnswer, Cluster, Urgency } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import { requestFor, type AskRequest, type DrainGoal, type DrainPolicy } from './plan.ts';
import type { Asked, LeavingPod } from './pod-board.ts';

/** A refused request is tried again after 100 ms, then twice as long each time, up to 5 s. */
const shortestBackOffMs = 100;
const longestBackOffMs = 5_000;

/** Different troubles of a server that are told in one drain. */
const mostTold = 10;

export interface PodAskingModules {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'evictionsRefused'>;
}

export interface PodAskingOptions {
  readonly policy: DrainPolicy;
  readonly goal: () => DrainGoal;
  readonly urgency: () => Urgency;
  readonly onRefused: (pod: LeavingPod) => void;
  /** A budget has counted the pod's eviction already: deleting it bypasses nothing. */
  readonly isPaidFor: (pod: LeavingPod) => boolean;
}

/** Asks one pod after the other, each until it is on its way out. */
export class PodAsking {
  readonly #options: PodAskingOptions;
  readonly #modules: PodAskingModules;
  readonly #told = new Set<string>();
  #mayDelete = true;

  constructor(options: PodAskingOptions, modules: PodAskingModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** Ends when the pod has been asked, by us or by somebody else, or is gone. @throws the reason of `pod.asking` */
  async ask(pod: LeavingPod): Promise<'asked' | 'gone'> {
    for (let backOffMs = shortestBackOffMs; ; backOffMs = Math.min(longestBackOffMs, backOffMs * 2)) {
      const request = this.#request(pod);
      const inDoubt = pod.sent;
      const sent = this.#asked(pod, request);
      pod.sent ??= sent;
      const answer = await this.#put(pod, request);
      if (answer.answer === 'gone') {
        pod.sent = inDoubt;
        return 'gone';
      }
      if (answer.answer === 'asked') {
        pod.asked = { ...sent, at: this.#modules.clock.now() };
        pod.isTerminating = true;
        this.#tell(pod, pod.asked);
        return 'asked';
      }
      // Without an answer it may have worked all the same.
      if (answer.cause !== 'unavailable') pod.sent = inDoubt;
      this.#noteRefusal(pod, request, answer);
      // The latest instant has come: what is left of the grace period must not be lost.
      if (request.by === 'eviction' && this.#request(pod).by === 'deletion') continue;
      await this.#backOff(pod, backOffMs * (0.75 + Math.random() / 2));
      if (pod.isTerminating || pod.goneAt !== undefined) return 'asked';
      pod.asking.signal.throwIfAborted();
    }
  }

  /** It shuts down already, but has been given longer than the machine has. */
  isTooSlow({ isTerminating, goneAt, view }: LeavingPod): boolean {
    const { deadline, deadlineIsMachineEnd } = this.#options.goal();
    if (!isTerminating || goneAt !== undefined || view.deletionAt === undefined) return false;
    return deadlineIsMachineEnd && deadline !== undefined && view.deletionAt > deadline;
  }

  /**
   * Gives a pod that shuts down less time; asking once more does that, and a budget has no say any more. Where it is
   * refused nothing is lost.
   */
  async shorten(pod: LeavingPod): Promise<void> {
    const request = this.#request(pod);
    const answer = await this.#put(pod, { ...request, by: 'eviction' });
    if (answer.answer !== 'asked') return;
    pod.asked = this.#asked(pod, request);
    this.#modules.logger.debug('Pod given less time', { pod: nameOf(pod), ...request });
  }

  #tell(pod: LeavingPod, { by, clampedToSeconds }: Asked): void {
    const { logger } = this.#modules;
    if (by === 'deletion' && !this.#options.isPaidFor(pod)) {
      logger.warn('Pod deleted past its disruption budget, for the machine is about to end', {
        pod: nameOf(pod),
      });
    }
    logger.debug('Pod asked to leave', { pod: nameOf(pod), clamped_to_seconds: clampedToSeconds });
  }

  #asked(pod: LeavingPod, { by, gracePeriodSeconds }: AskRequest): Asked {
    const own = pod.planned.gracePeriodSeconds ?? pod.planned.pod.gracePeriodSeconds;
    const isCut = gracePeriodSeconds !== undefined && gracePeriodSeconds < own;
    return { at: this.#modules.clock.now(), by, clampedToSeconds: isCut ? gracePeriodSeconds : undefined };
  }

  #request(pod: LeavingPod): AskRequest {
    const { policy, goal } = this.#options;
    const request = requestFor(
      pod.planned,
      policy,
      goal(),
      this.#modules.clock.now(),
      pod.refusal !== undefined,
    );
    if (!this.#mayDelete) return { ...request, by: 'eviction' };
    return this.#options.isPaidFor(pod) ? { ...request, by: 'deletion' } : request;
  }

  #put(pod: LeavingPod, { by, gracePeriodSeconds }: AskRequest): Promise<AskAnswer> {
    const { cluster } = this.#modules;
    const { signal } = pod.asking;
    const urgency = this.#options.urgency();
    return by === 'deletion'
      ? cluster.deletePod(pod.planned.pod, gracePeriodSeconds, urgency, signal)
      : cluster.evict(pod.planned.pod, gracePeriodSeconds, urgency, signal);
  }

  #noteRefusal(
    pod: LeavingPod,
    { by }: AskRequest,
    { cause, text }: AskAnswer & { answer: 'refused' },
  ): void {
    const { metrics, logger } = this.#modules;
    metrics.evictionsRefused.inc({ cause });
    // The first of each cause tells what goes on; the report names every pod that it concerned.
    // What is wrong with a server may change, a certificate after a lost connection; what a budget says does not.
    const trouble = cause === 'unavailable' && this.#told.size < mostTold ? text : cause;
    const level = this.#told.has(trouble) ? 'debug' : 'info';
    this.#told.add(trouble);
    if (pod.refusal?.cause !== cause || level === 'info') {
      logger[level]('Eviction refused, trying again', { pod: nameOf(pod), cause, text });
    }
    if (by === 'deletion' && cause === 'denied' && this.#mayDelete) {
      this.#mayDelete = false;
      logger.warn(
        'Not allowed to delete pods, evicting on: add the verb "delete" on "pods" to the ClusterRole so that no pod is cut off by the machine\'s end',
        { text },
      );
    }
    pod.refusal = { cause, text, times: (pod.refusal?.times ?? 0) + 1 };
    this.#options.onRefused(pod);
  }

  /** Not beyond the instant at which the request changes; ended early when there is hope, or nothing left to ask. */
  async #backOff(pod: LeavingPod, ms: number): Promise<void> {
    const { clock } = this.#modules;
    if (pod.isTerminating || pod.asking.signal.aborted) return;
    const untilAskBy = (pod.planned.askBy ?? Infinity) - clock.now();
    pod.backOff = new AbortController();
    await clock.sleep(untilAskBy > 0 ? Math.min(ms, untilAskBy) : ms, pod.backOff.signal).catch(() => {});
    pod.backOff = undefined;
  }
}

function nameOf({ planned: { pod } }: LeavingPod): string {
  return `${pod.namespace}/${pod.name}`;
}
