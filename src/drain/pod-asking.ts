import type { Clock } from '../clock.ts';
import { notNeeded } from '../not-needed.ts';
import type { Instant } from '../interruption/interruption.ts';
import type { AskAnswer, Cluster } from '../kubernetes/cluster.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import {
  escalatesAt,
  lastCallAt,
  plannedGraceSeconds,
  requestFor,
  type AskRequest,
  type DrainGoal,
  type DrainPolicy,
} from './plan.ts';
import { nameOf, type Asked, type LeavingPod } from './leaving-pod.ts';
import { mayCallLast, mayPass, noteLastCall, Refusals } from './refusals.ts';

/** A refused request is tried again after 100 ms, then twice as long each time, up to 5 s. */
const shortestBackOffMs = 100;
const longestBackOffMs = 5_000;
/** After the latest instant. */
const longestLateBackOffMs = 1_000;

/**
 * An eviction that is sent when the latest instant has come, or all but, is given so long; most are answered in ms. Not
 * longer than the margin that is usually kept before the machine's end, which is what it costs.
 */
const patienceMs = 5_000;

/**
 * A pod that the server has pushed back twice running waits, so that others have their turn: it may be a webhook that
 * speaks for this pod only. Longer than the server is left alone by default.
 */
const pushedBackMs = 2_000;

/** What has a place waits no longer than this for being sent. */
const turnMs = 1_000;

/** An answer that was lost may have been a yes: the watch, or the next list, tells of it within this. */
const inDoubtMs = 3_000;

/** Why an eviction is cut off; one for all, since each would cost a stack. */
const hangs = new Error('no answer until the latest instant');
const hasWaited = new Error('its turn has not come until the latest instant');

export interface PodAskingModules {
  readonly policy: DrainPolicy;
  readonly goal: DrainGoal;
  readonly urgency: Instant;
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'evictionsRefused'>;
  /** The end of the drain. */
  readonly ended: AbortSignal;
}

/** Who has pods asked. */
export interface PodAskingOwner {
  onRefused(pod: LeavingPod): void;
  /** Its request has waited for its turn and is sent. */
  onSent(pod: LeavingPod): void;
  /** It is to be left alone by now. */
  isToStay(pod: LeavingPod): boolean;
  /** A budget has counted the pod's eviction already: deleting it bypasses nothing. */
  isPaidFor(pod: LeavingPod): boolean;
}

/** Asks one pod after the other, each until it is on its way out. */
export class PodAsking {
  readonly #owner: PodAskingOwner;
  readonly #modules: PodAskingModules;
  readonly #refusals: Refusals;
  /** An eviction has been given up, and none has been answered since: those that wait for their turn may come too late. */
  #hasHung = false;

  constructor(owner: PodAskingOwner, modules: PodAskingModules) {
    this.#owner = owner;
    this.#modules = modules;
    this.#refusals = new Refusals(modules);
  }

  /**
   * Ends when the pod has been asked, by us or by somebody else, is gone, or is to stay. @throws the reason of
   * `pod.asking`
   */
  async ask(pod: LeavingPod): Promise<'asked' | 'gone' | 'stays'> {
    const { clock } = this.#modules;
    pod.asking = new AbortController();
    let backOffMs = shortestBackOffMs;
    for (;;) {
      const request = this.#request(pod);
      const inDoubt = pod.sent;
      const asked = askedAt(clock.now(), pod, request);
      pod.hasHope = false;
      const answer = await this.#put(pod, request, () => {
        pod.sent ??= { ...asked, at: clock.now() };
      });
      if (answer === undefined) {
        const end = await this.#endOf(pod);
        if (end) return end;
        continue;
      }
      if (answer.answer === 'gone') {
        pod.sent = inDoubt;
        return 'gone';
      }
      if (answer.answer === 'asked') {
        pod.asked = { ...asked, at: clock.now() };
        pod.sent = undefined;
        pod.isTerminating = true;
        this.#tell(pod, pod.asked);
        return 'asked';
      }
      // Without an answer it may have worked all the same. Of a pod that is on its way out no budget is asked.
      if (answer.cause !== 'unavailable') pod.sent = answer.cause === 'budget' ? undefined : inDoubt;
      const end = await this.#endOf(pod);
      if (end) return end;
      const wasPushedBack = pod.refusal?.cause === 'overloaded';
      this.#refusals.note(pod, request.by, answer);
      this.#owner.onRefused(pod);
      // The latest instant has come: what is left of the grace period must not be lost.
      if (request.by === 'eviction' && this.#request(pod).by === 'deletion') continue;
      if (answer.cause !== 'overloaded') {
        await this.#backOff(pod, backOffMs);
        backOffMs = Math.min(longestBackOffMs, backOffMs * 2);
      } else if (wasPushedBack) {
        // The first time the next request waits for its turn anyway.
        await this.#backOff(pod, pushedBackMs);
      }
      const endSince = await this.#endOf(pod);
      if (endSince) return endSince;
      signalOf(pod).throwIfAborted();
    }
  }

  /** @returns undefined where it is to be asked on */
  async #endOf(pod: LeavingPod): Promise<'asked' | 'stays' | undefined> {
    if (isOnItsWay(pod)) return 'asked';
    if (!this.#owner.isToStay(pod)) return undefined;
    if (pod.sent !== undefined) await this.#modules.clock.sleep(inDoubtMs, signalOf(pod));
    if (isOnItsWay(pod)) return 'asked';
    return this.#owner.isToStay(pod) ? 'stays' : undefined;
  }

  /** When its request is given up, or one that is sent or waits in good time; Infinity: never. */
  givenUpAt(pod: LeavingPod): Instant {
    const { goal } = this.#modules;
    const { planned, request } = pod;
    if (!request) return lastCallAt(planned, goal);
    const { by, isLastCall, sentAt, since } = request;
    if (sentAt === undefined && this.#owner.isToStay(pod)) return 0;
    // It has a limit of its own.
    if (by === 'deletion') return Infinity;
    if (sentAt === undefined) return Math.max(lastCallAt(planned, goal), isLastCall ? since + turnMs : 0);
    // Where it may not be deleted there is nothing else to be tried.
    if (this.#refusals.isDenied(pod)) return Infinity;
    return Math.max(escalatesAt(planned, goal), sentAt + patienceMs);
  }

  /** Its request is under way, and should have been answered; or it waits for its turn, and another one would not. */
  isHanging(pod: LeavingPod): boolean {
    const { request } = pod;
    if (!request || this.givenUpAt(pod) > this.#modules.clock.now()) return false;
    if (request.sentAt !== undefined || this.#owner.isToStay(pod)) return true;
    const { by, isLastCall } = this.#request(pod, this.#hasHung);
    return by === 'deletion' || (isLastCall && !request.isLastCall);
  }

  /** It waits to be deleted, which is not to be done any more. */
  isOutdated(pod: LeavingPod): boolean {
    const { request } = pod;
    return request?.by === 'deletion' && !isSent(pod) && this.#request(pod).by !== 'deletion';
  }

  /** Gives up those that hang. Those first that were sent: they tell whether others wait behind such. */
  giveUpHanging(pods: Iterable<LeavingPod>): void {
    const waiting: LeavingPod[] = [];
    for (const pod of pods) {
      if (!isSent(pod)) waiting.push(pod);
      else if (this.isHanging(pod)) this.giveUp(pod);
    }
    for (const pod of waiting) if (this.isHanging(pod)) this.giveUp(pod);
  }

  /** An eviction that hangs, in an admission webhook or on the way, must not eat the time of the pod's own shutdown. */
  giveUp(pod: LeavingPod): void {
    this.#hasHung ||= isSent(pod);
    const isBehindSuch = this.#hasHung && pod.request?.by === 'eviction';
    pod.request = undefined;
    pod.asking?.abort(isBehindSuch ? hangs : hasWaited);
  }

  /** Something has made it likely that a refused pod may go now. */
  askAgain(pod: LeavingPod): void {
    // The answer to a request that is under way may tell of the time before.
    pod.hasHope = true;
    pod.backOff?.abort(notNeeded);
  }

  #tell(pod: LeavingPod, { by, graceSeconds, isClamped }: Asked): void {
    const { logger } = this.#modules;
    if (by === 'deletion' && !this.#owner.isPaidFor(pod)) {
      logger.warn(
        pod.refusal?.cause === 'budget'
          ? 'Pod deleted past its disruption budget, for the machine is about to end'
          : 'Pod deleted instead of evicted, for the machine is about to end',
        { pod: nameOf(pod), refused: pod.refusal?.cause },
      );
    }
    logger.debug('Pod asked to leave', {
      pod: nameOf(pod),
      clamped_to_seconds: isClamped ? graceSeconds : undefined,
    });
  }

  #request(pod: LeavingPod, isHeld = false): AskRequest {
    const { clock, goal, policy } = this.#modules;
    const request = requestFor(pod.planned, policy, goal, clock.now(), isHeld || callsForDeletion(pod));
    // What is tried by turns, or was refused at that time, must not hold up others who have no time left.
    if (this.#refusals.isUndeletable(pod)) return { ...request, by: 'eviction', isLastCall: false };
    const by = this.#owner.isPaidFor(pod) ? 'deletion' : request.by;
    return { ...request, by, isLastCall: request.isLastCall && mayCallLast(pod, by) };
  }

  /** @returns undefined where it was not sent, for something else is to be done about the pod by now */
  async #put(pod: LeavingPod, request: AskRequest, onTurn: () => void): Promise<AskAnswer | undefined> {
    const { clock, cluster, ended, urgency } = this.#modules;
    const { by, gracePeriodSeconds, isLastCall } = request;
    const signal = signalOf(pod);
    const askUrgency = isLastCall ? { lastCall: urgency } : urgency;
    const since = clock.now();
    pod.request = { by, isLastCall, since, sentAt: undefined };
    const onSent = (): void => {
      pod.request = { by, isLastCall, since, sentAt: clock.now() };
      onTurn();
      this.#owner.onSent(pod);
    };
    const { pod: ref } = pod.planned;
    try {
      const answer = await (by === 'deletion'
        ? cluster.deletePod(ref, gracePeriodSeconds, askUrgency, signal, onSent)
        : cluster.evict(ref, gracePeriodSeconds, askUrgency, signal, onSent));
      this.#noteAnswer(pod, request, answer);
      return answer;
    } catch (error) {
      // Which may have come since it was given up.
      ended.throwIfAborted();
      if (signal.reason === hasWaited) return undefined;
      if (signal.reason !== hangs) throw error;
      return { answer: 'refused', cause: 'unavailable', text: hangs.message, status: undefined };
    } finally {
      pod.request = undefined;
      // Also where its answer had come already.
      const isGivenUp = signal.reason === hangs || signal.reason === hasWaited;
      if (isGivenUp && !ended.aborted) pod.asking = new AbortController();
    }
  }

  #noteAnswer(pod: LeavingPod, { by, isLastCall }: AskRequest, answer: AskAnswer): void {
    const isRefused = answer.answer === 'refused';
    if (by === 'eviction' && (!isRefused || answer.status !== undefined)) this.#hasHung = false;
    if (isLastCall && isRefused) noteLastCall(pod, by, answer);
  }

  /** Not beyond the instant at which the request changes; ended early when there is hope, or nothing left to ask. */
  async #backOff(pod: LeavingPod, ms: number): Promise<void> {
    const { clock } = this.#modules;
    if (pod.isTerminating || pod.hasHope || signalOf(pod).aborted) return;
    const untilAskBy = (pod.planned.askBy ?? Infinity) - clock.now();
    // However often it was refused before: each second more is one less for its shutdown.
    const isLate = clock.now() >= lastCallAt(pod.planned, this.#modules.goal);
    const jitteredMs = Math.min(ms, isLate ? longestLateBackOffMs : Infinity) * (0.75 + Math.random() / 2);
    pod.backOff = new AbortController();
    const sleepMs = untilAskBy > 0 ? Math.min(jitteredMs, untilAskBy) : jitteredMs;
    await clock.sleep(sleepMs, pod.backOff.signal).catch(() => {});
    pod.backOff = undefined;
  }
}

/** The request as the report tells of it. */
export function askedAt(
  at: Instant,
  { planned }: LeavingPod,
  { by, gracePeriodSeconds }: Omit<AskRequest, 'isLastCall'>,
): Asked {
  const plannedSeconds = plannedGraceSeconds(planned);
  const graceSeconds = gracePeriodSeconds ?? plannedSeconds;
  return { at, by, graceSeconds, isClamped: graceSeconds < plannedSeconds };
}

function isSent({ request }: LeavingPod): boolean {
  return request?.sentAt !== undefined;
}

/** What holds it holds it still: one answer of a server in trouble may be that of a moment. */
function callsForDeletion({ refusal }: LeavingPod): boolean {
  if (!refusal) return false;
  return !mayPass.has(refusal.cause) || refusal.times > 1 || refusal.text === hangs.message;
}

/** It has been asked, by whomever, or is gone: what our own request has come to matters no more. */
function isOnItsWay({ isTerminating, goneAt }: LeavingPod): boolean {
  return isTerminating || goneAt !== undefined;
}

function signalOf(pod: LeavingPod): AbortSignal {
  pod.asking ??= new AbortController();
  return pod.asking.signal;
}
