import type { Clock } from '../clock.ts';
import { notNeeded } from '../not-needed.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { AskAnswer, Cluster, RefusalCause, Urgency } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import {
  escalatesAt,
  plannedGraceSeconds,
  requestFor,
  type AskRequest,
  type DrainGoal,
  type DrainPolicy,
} from './plan.ts';
import { nameOf, type Asked, type LeavingPod } from './leaving-pod.ts';

/** A refused request is tried again after 100 ms, then twice as long each time, up to 5 s. */
const shortestBackOffMs = 100;
const longestBackOffMs = 5_000;

/** Different troubles of a server that are told in one drain. */
const mostTold = 10;

/** Why an eviction is cut off; one for all, since each would cost a stack. */
const hangs = new Error('no answer until the latest instant');

export interface PodAskingModules {
  readonly policy: DrainPolicy;
  readonly goal: DrainGoal;
  readonly urgency: Urgency;
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'evictionsRefused'>;
  /** The end of the drain. */
  readonly ended: AbortSignal;
}

const none: readonly never[] = Object.freeze([]);

/** Who has pods asked. */
export interface PodAskingOwner {
  onRefused(pod: LeavingPod): void;
  /** A budget has counted the pod's eviction already: deleting it bypasses nothing. */
  isPaidFor(pod: LeavingPod): boolean;
}

/** Asks one pod after the other, each until it is on its way out. */
export class PodAsking {
  readonly #owner: PodAskingOwner;
  readonly #modules: PodAskingModules;
  #told: readonly string[] = none;
  /** Pods whose deletion was denied, until they have been evicted in vain once more. */
  #undeletable: readonly LeavingPod[] = none;
  #hasToldUndeletable = false;

  constructor(owner: PodAskingOwner, modules: PodAskingModules) {
    this.#owner = owner;
    this.#modules = modules;
  }

  /** Ends when the pod has been asked, by us or by somebody else, or is gone. @throws the reason of `pod.asking` */
  async ask(pod: LeavingPod): Promise<'asked' | 'gone'> {
    pod.asking = new AbortController();
    let backOffMs = shortestBackOffMs;
    for (;;) {
      const request = this.#request(pod);
      const inDoubt = pod.sent;
      const sent = askedAt(this.#modules.clock.now(), pod, request);
      pod.sent ??= sent;
      pod.hasHope = false;
      const answer = await this.#put(pod, request);
      if (answer.answer === 'gone') {
        pod.sent = inDoubt;
        return 'gone';
      }
      if (answer.answer === 'asked') {
        pod.asked = { ...sent, at: this.#modules.clock.now() };
        pod.sent = undefined;
        pod.isTerminating = true;
        this.#tell(pod, pod.asked);
        return 'asked';
      }
      // Without an answer it may have worked all the same.
      if (answer.cause !== 'unavailable') pod.sent = inDoubt;
      if (isOnItsWay(pod)) return 'asked';
      this.#noteRefusal(pod, request, answer);
      // The latest instant has come: what is left of the grace period must not be lost.
      if (request.by === 'eviction' && this.#request(pod).by === 'deletion') continue;
      // Where the server has too much to do, the next request waits for its turn anyway.
      if (answer.cause !== 'overloaded') {
        await this.#backOff(pod, backOffMs * (0.75 + Math.random() / 2));
        backOffMs = Math.min(longestBackOffMs, backOffMs * 2);
      }
      if (isOnItsWay(pod)) return 'asked';
      signalOf(pod).throwIfAborted();
    }
  }

  /** Its eviction was sent before the instant at which it is given up, which has come. */
  isHanging({ planned, evictingSince }: LeavingPod): boolean {
    const at = escalatesAt(planned, this.#modules.goal);
    return evictingSince !== undefined && evictingSince < at && at <= this.#modules.clock.now();
  }

  /** An eviction that hangs, in an admission webhook or on the way, must not eat the time of the pod's own shutdown. */
  giveUp({ asking }: LeavingPod): void {
    asking?.abort(hangs);
  }

  /** Something has made it likely that a refused pod may go now. */
  askAgain(pod: LeavingPod): void {
    // The answer to a request that is under way may tell of the time before.
    pod.hasHope = true;
    pod.backOff?.abort(notNeeded);
  }

  #tell(pod: LeavingPod, { by, clampedToSeconds }: Asked): void {
    const { logger } = this.#modules;
    if (by === 'deletion' && !this.#owner.isPaidFor(pod)) {
      logger.warn('Pod deleted past its disruption budget, for the machine is about to end', {
        pod: nameOf(pod),
      });
    }
    logger.debug('Pod asked to leave', { pod: nameOf(pod), clamped_to_seconds: clampedToSeconds });
  }

  #request(pod: LeavingPod): AskRequest {
    const { clock, goal, policy } = this.#modules;
    const request = requestFor(pod.planned, policy, goal, clock.now(), pod.refusal !== undefined);
    if (this.#undeletable.includes(pod)) return { ...request, by: 'eviction' };
    return this.#owner.isPaidFor(pod) ? { ...request, by: 'deletion' } : request;
  }

  #put(pod: LeavingPod, { by, gracePeriodSeconds }: AskRequest): Promise<AskAnswer> {
    return by === 'deletion'
      ? this.#modules.cluster.deletePod(
          pod.planned.pod,
          gracePeriodSeconds,
          this.#modules.urgency,
          signalOf(pod),
        )
      : this.#evict(pod, gracePeriodSeconds);
  }

  async #evict(pod: LeavingPod, gracePeriodSeconds: number | undefined): Promise<AskAnswer> {
    const { clock, cluster, ended, urgency } = this.#modules;
    const signal = signalOf(pod);
    pod.evictingSince = clock.now();
    try {
      return await cluster.evict(pod.planned.pod, gracePeriodSeconds, urgency, signal);
    } catch (error) {
      // Which may have come since it was given up.
      ended.throwIfAborted();
      if (signal.reason !== hangs) throw error;
      pod.asking = new AbortController();
      return { answer: 'refused', cause: 'unavailable', text: hangs.message, status: undefined };
    } finally {
      pod.evictingSince = undefined;
    }
  }

  #noteRefusal(
    pod: LeavingPod,
    { by }: AskRequest,
    { cause, text, status }: AskAnswer & { answer: 'refused' },
  ): void {
    const { metrics, logger } = this.#modules;
    metrics.evictionsRefused.inc({ cause });
    // The first of each cause tells what goes on; the report names every pod that it concerned.
    // What is wrong with a server may change, a certificate after a lost connection; what a budget says does not.
    const trouble = cause === 'unavailable' && this.#told.length < mostTold ? text : cause;
    const level = this.#told.includes(trouble) ? 'debug' : 'info';
    if (level === 'info') this.#told = [...this.#told, trouble];
    if (pod.refusal?.cause !== cause || level === 'info') {
      logger[level]('Eviction refused, trying again', { pod: nameOf(pod), cause, text });
    }
    this.#noteDenial(pod, by, cause, text);
    pod.refusal = { cause, text, status, times: (pod.refusal?.times ?? 0) + 1 };
    this.#owner.onRefused(pod);
  }

  /**
   * A missing right denies every pod, a webhook or policy only some, a server that has just started only for now: so
   * what was denied its deletion is evicted and deleted by turns.
   */
  #noteDenial(pod: LeavingPod, by: AskRequest['by'], cause: RefusalCause, text: string): void {
    if (by === 'eviction') this.#undeletable = this.#undeletable.filter((other) => other !== pod);
    if (by === 'eviction' || cause !== 'denied') return;
    this.#undeletable = [...this.#undeletable, pod];
    if (this.#hasToldUndeletable) return;
    this.#hasToldUndeletable = true;
    this.#modules.logger.warn(
      'Not allowed to delete pods, evicting on: unless a webhook or policy denied it, add the verb "delete" on "pods" to the ClusterRole so that no pod is cut off by the machine\'s end',
      { pod: nameOf(pod), text },
    );
  }

  /** Not beyond the instant at which the request changes; ended early when there is hope, or nothing left to ask. */
  async #backOff(pod: LeavingPod, ms: number): Promise<void> {
    const { clock } = this.#modules;
    if (pod.isTerminating || pod.hasHope || signalOf(pod).aborted) return;
    const untilAskBy = (pod.planned.askBy ?? Infinity) - clock.now();
    pod.backOff = new AbortController();
    await clock.sleep(untilAskBy > 0 ? Math.min(ms, untilAskBy) : ms, pod.backOff.signal).catch(() => {});
    pod.backOff = undefined;
  }
}

/** The request as the report tells of it. */
export function askedAt(at: Instant, { planned }: LeavingPod, { by, gracePeriodSeconds }: AskRequest): Asked {
  const isCut = gracePeriodSeconds !== undefined && gracePeriodSeconds < plannedGraceSeconds(planned);
  return { at, by, clampedToSeconds: isCut ? gracePeriodSeconds : undefined };
}

/** It has been asked, by whomever, or is gone: what our own request has come to matters no more. */
function isOnItsWay({ isTerminating, goneAt }: LeavingPod): boolean {
  return isTerminating || goneAt !== undefined;
}

function signalOf(pod: LeavingPod): AbortSignal {
  pod.asking ??= new AbortController();
  return pod.asking.signal;
}
